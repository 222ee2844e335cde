//! Latencies as a histogram: constant memory, three significant digits, mergeable over threads and rounds.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest latency that is recorded, five minutes; a longer one is recorded as this.
const LONGEST_NS: u64 = 300_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;

/// A histogram of latencies: recorded in nanoseconds, read in microseconds, exact to three significant digits.
///
/// ```
/// use std::time::Duration;
///
/// use measure::load::Latencies;
///
/// let mut latencies = Latencies::new();
/// (1..=100).for_each(|ms| latencies.record(Duration::from_millis(ms)));
/// assert_eq!(latencies.count(), 100);
/// assert_eq!((latencies.quantile_us(0.5) / 1000.0).round(), 50.0);
/// assert_eq!((latencies.quantile_us(0.99) / 1000.0).round(), 99.0);
/// ```
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// An empty histogram.
    pub fn new() -> Self {
        match Histogram::new_with_bounds(1, LONGEST_NS, SIGNIFICANT_DIGITS) {
            Ok(histogram) => Self(histogram),
            Err(error) => unreachable!("the bounds are constants, and valid: {error}"),
        }
    }

    /// Records one latency.
    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(LONGEST_NS));
    }

    /// Adds all latencies of another histogram.
    pub fn merge(&mut self, other: &Self) {
        self.0 += &other.0;
    }

    /// The number of recorded latencies.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency in µs that a share `quantile` (0.0 to 1.0) of all did not exceed; 0 when the histogram is empty.
    pub fn quantile_us(&self, quantile: f64) -> f64 {
        in_us(self.0.value_at_quantile(quantile))
    }

    /// The longest latency in µs; 0 when the histogram is empty.
    pub fn max_us(&self) -> f64 {
        in_us(self.0.max())
    }

    /// The mean latency in µs; 0 when the histogram is empty.
    pub fn mean_us(&self) -> f64 {
        self.0.mean() / 1_000.0
    }

    /// The histogram as `(highest latency of the bucket in ns, count)`, shortest first, without empty buckets.
    pub fn buckets(&self) -> Vec<(u64, u64)> {
        self.0.iter_recorded().map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value())).collect()
    }

    /// Restores the histogram that [`buckets`](Self::buckets) was called on, to the same three digits.
    pub fn from_buckets(buckets: &[(u64, u64)]) -> Self {
        let mut all = Self::new();
        for (latency_ns, count) in buckets {
            all.0.saturating_record_n(*latency_ns, *count);
        }
        all
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

fn in_us(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_to(last_ms: u64) -> Latencies {
        let mut all = Latencies::new();
        (1..=last_ms).for_each(|ms| all.record(Duration::from_millis(ms)));
        all
    }

    /// Whether the values are equal within the histogram's three digits.
    fn reads(measured: f64, expected: f64) -> bool {
        (measured - expected).abs() <= expected * 0.001
    }

    #[test]
    fn percentiles_of_one_to_a_thousand_milliseconds_are_what_they_must_be() {
        let all = one_to(1_000);
        assert_eq!(all.count(), 1_000);
        assert!(reads(all.quantile_us(0.5), 500_000.0), "{}", all.quantile_us(0.5));
        assert!(reads(all.quantile_us(0.99), 990_000.0));
        assert!(reads(all.quantile_us(0.999), 999_000.0));
        assert!(reads(all.max_us(), 1_000_000.0));
        assert!(reads(all.mean_us(), 500_500.0));
    }

    #[test]
    fn merged_halves_read_as_the_whole() {
        let mut half = one_to(500);
        let mut other = Latencies::new();
        (501..=1_000).for_each(|ms| other.record(Duration::from_millis(ms)));
        half.merge(&other);
        assert_eq!(half.buckets(), one_to(1_000).buckets());
    }

    #[test]
    fn a_histogram_survives_its_buckets() {
        let all = one_to(300);
        let again = Latencies::from_buckets(&all.buckets());
        assert_eq!(again.count(), 300);
        assert_eq!(again.quantile_us(0.99), all.quantile_us(0.99));
    }

    #[test]
    fn none_read_as_nothing_and_a_day_as_the_longest() {
        assert_eq!(Latencies::new().quantile_us(0.99), 0.0);
        let mut all = Latencies::new();
        all.record(Duration::from_secs(86_400));
        assert!(all.max_us() >= 300_000_000.0);
    }
}
