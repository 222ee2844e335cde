//! The confidence interval of a median, by order statistics.
//!
//! The rounds of a measurement are no sample of a known distribution: most are near one value, and some are disturbed.
//! Whatever the distribution, each round is above the true median with probability one half, so the number of rounds
//! above it is binomial. The interval between the k-th smallest and the k-th largest round therefore contains the median
//! with a known probability (Conover, Practical Nonparametric Statistics, §3.2), which is at least 95 % here.
//!
//! A bootstrap of the median is narrower, and too narrow for few rounds: with ten, it called a difference between two
//! equal servers in up to five of twenty runs.

use super::median::Interval;

/// The fewest values that have an interval: of five, even the smallest and the largest enclose the median with 94 % only.
pub const LEAST: usize = 6;

/// The probability that is outside of the interval on each side, at most.
const TAIL: f64 = 0.025;

/// The confidence interval of the median of these values, which are sorted; at least 95 %.
pub(super) fn interval(sorted: &[f64]) -> Option<Interval> {
    let cut = cut_off(sorted.len())?;
    Some(Interval { low: sorted[cut], high: sorted[sorted.len() - 1 - cut] })
}

/// How many of `count` sorted values are outside of the interval on each side: the largest k for which at most k values are
/// above the median with a probability of at most [`TAIL`]. `None` if even all values are not enough.
fn cut_off(count: usize) -> Option<usize> {
    let n = count as f64;
    // The logarithm, because 0.5 to the power of thousands of rounds is no number that fits.
    let mut log_probability = n * 0.5_f64.ln();
    let (mut cumulated, mut cut) = (0.0, None);
    for above in 0..count {
        cumulated += log_probability.exp();
        if cumulated > TAIL {
            break;
        }
        cut = Some(above);
        log_probability += ((n - above as f64) / (above as f64 + 1.0)).ln();
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranks_are_the_published_ones() {
        // From tables of the sign test, two-sided at five per cent.
        let of = [LEAST - 1, LEAST, 10, 20, 30, 60].map(cut_off);
        assert_eq!(of, [None, Some(0), Some(1), Some(5), Some(9), Some(21)]);
        // By the normal approximation for thousands of rounds: 1,000 - 1.96 * sqrt(2,000) / 2 - 0.5.
        assert_eq!(cut_off(2_000), Some(955));
    }

    #[test]
    fn the_interval_is_between_two_of_the_values_and_disturbed_rounds_do_not_widen_it() {
        let mut rounds: Vec<f64> = (0..60).map(f64::from).collect();
        assert_eq!(interval(&rounds), Some(Interval { low: 21.0, high: 38.0 }));
        rounds[59] = 1e9;
        assert_eq!(interval(&rounds), Some(Interval { low: 21.0, high: 38.0 }));
        assert_eq!(interval(&[1.0; 6]), Some(Interval { low: 1.0, high: 1.0 }));
        assert_eq!(interval(&[1.0; 5]), None);
    }

    #[test]
    fn of_a_thousand_measurements_of_one_value_at_least_940_have_it_inside_their_interval() {
        let mut random = fastrand::Rng::with_seed(1);
        // Noise as rounds have it: most near the true value of 1, one in eight disturbed and too high.
        let mut round = || {
            let noise = (0..4).map(|_| random.f64() - 0.5).sum::<f64>() * 0.05;
            let disturbed = if random.usize(..8) == 0 { random.f64() * 0.5 } else { 0.0 };
            1.0 + noise + disturbed
        };
        let mut sorted = |count: usize| {
            let mut values: Vec<f64> = (0..count).map(|_| round()).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        // The median of this noise, from very many rounds.
        let truth = sorted(200_001)[100_000];
        for count in [10, 30] {
            let inside = (0..1_000).filter(|_| interval(&sorted(count)).unwrap().contains(truth)).count();
            assert!((940..=995).contains(&inside), "{inside} of 1,000 with {count} rounds");
        }
    }
}
