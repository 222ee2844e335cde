//! Exact mean value analysis of a closed network of queues (Reiser and Lavenberg, 1980).
//!
//! A customer who arrives at a station finds the average queue of a network with one customer fewer; so the figures for
//! `n` customers follow from those for `n − 1`. The result is exact where service times are exponential or stations
//! share their processor evenly, and close elsewhere.

/// The figures of a closed network.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    /// Throughput, in requests per second.
    pub throughput_rps: f64,
    /// The time of one request at all stations, in µs, without the delay.
    pub response_us: f64,
    /// The utilisation of each station, as a share.
    pub utilisation: Vec<f64>,
}

/// The figures for `customers` customers, each of whom visits every station once and then waits for `delay_us`. All
/// times in µs.
pub fn closed(demands_us: &[f64], delay_us: f64, customers: usize) -> Closed {
    let mut queues = vec![0.0; demands_us.len()];
    let (mut per_us, mut response_us) = (0.0, 0.0);
    for count in 1..=customers {
        let times: Vec<f64> =
            demands_us.iter().zip(&queues).map(|(demand, queue)| demand * (1.0 + queue)).collect();
        response_us = times.iter().sum();
        let cycle_us = response_us + delay_us;
        // Little's law for the whole network, then for each station.
        per_us = if cycle_us > 0.0 { count as f64 / cycle_us } else { 0.0 };
        queues = times.iter().map(|time| per_us * time).collect();
    }
    Closed {
        throughput_rps: per_us * 1e6,
        response_us,
        utilisation: demands_us.iter().map(|demand| per_us * demand).collect(),
    }
}

/// The upper bound of throughput for any number of customers, by the utilisation law: the busiest station is always
/// busy.
pub fn bound_rps(demands_us: &[f64]) -> f64 {
    1e6 / demands_us.iter().copied().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_station_and_no_delay_is_always_busy() {
        let one = closed(&[10.0], 0.0, 64);
        assert!((one.throughput_rps - 100_000.0).abs() < 1e-6 && (one.response_us - 640.0).abs() < 1e-9);
        assert_eq!(bound_rps(&[10.0]), 100_000.0);
    }

    #[test]
    fn two_equal_stations_give_what_the_closed_form_says() {
        // For two stations of equal demand D and n customers, X = n / ((n + 1) D).
        for customers in [1_usize, 2, 5, 64] {
            let network = closed(&[10.0, 10.0], 0.0, customers);
            let expected = customers as f64 / ((customers as f64 + 1.0) * 10.0) * 1e6;
            assert!((network.throughput_rps - expected).abs() < 1e-6, "{customers}: {network:?}");
        }
    }

    #[test]
    fn throughput_never_exceeds_its_bound_and_a_delay_alone_limits_a_single_customer() {
        let network = closed(&[16.0, 6.0], 500.0, 200);
        assert!(network.throughput_rps <= bound_rps(&[16.0, 6.0]));
        assert!(network.utilisation[0] > 0.99, "{network:?}");
        assert!((closed(&[16.0, 6.0], 478.0, 1).throughput_rps - 2_000.0).abs() < 1e-9);
        assert_eq!(closed(&[], 0.0, 3).throughput_rps, 0.0);
    }
}
