//! Tests the order of turns and the target rows.

use super::*;
use measure::targets::{Outcome, Verdict};

#[test]
fn each_server_has_each_place_in_the_order_once() {
    let orders: Vec<Vec<usize>> = (0..4).map(|round| order(3, round).collect()).collect();
    assert_eq!(orders, [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]);
}

#[test]
fn the_target_rows_are_a_third_of_the_cpu_time_and_a_p99_that_is_not_higher() {
    let server = |name: &str, server_cpu_us, p99_us| Exchanger {
        rounds: vec![ExchangeRound { exchanges: 1, throughput_rps: 1.0, server_cpu_us, store_cpu_us: None }],
        at_rate: vec![PacedRound { exchanges: 1, p50_us: 1.0, p99_us }],
        ..blank(name, "")
    };
    let exchanges = Exchanges {
        clients: 1,
        rate_rps: Some(1.0),
        ours: server("hybrid", 100.0, 2_000.0),
        peers: vec![server("slow", 300.0, 2_000.0), server("fast", 250.0, 1_000.0)],
    };
    let told: Vec<_> = targets(Some(&exchanges))
        .into_iter()
        .map(|row| match &row.outcome {
            Outcome::Measured { figure } => (row.what.clone(), figure.median, row.verdict()),
            Outcome::NotMeasured { why } => panic!("{why}"),
        })
        .collect();
    assert_eq!(
        told,
        [
            ("CPU an exchange: hybrid / slow".to_owned(), 1.0 / 3.0, Verdict::Met),
            ("p99 of an exchange at one rate: hybrid / slow".to_owned(), 1.0, Verdict::Met),
            ("CPU an exchange: hybrid / fast".to_owned(), 0.4, Verdict::NotMet),
            ("p99 of an exchange at one rate: hybrid / fast".to_owned(), 2.0, Verdict::NotMet),
        ]
    );
}

#[test]
fn a_latency_that_was_not_measured_is_a_row_that_says_so_and_so_are_peers_that_were_not_run() {
    let round = ExchangeRound { exchanges: 1, throughput_rps: 1.0, server_cpu_us: 9.0, store_cpu_us: None };
    let server = |name: &str| Exchanger { rounds: vec![round], ..blank(name, "") };
    let exchanges =
        Exchanges { clients: 1, rate_rps: None, ours: server("hybrid"), peers: vec![server("peer")] };
    let verdicts = |rows: Vec<Target>| rows.iter().map(Target::verdict).collect::<Vec<_>>();
    assert_eq!(verdicts(targets(Some(&exchanges))), [Verdict::NotMet, Verdict::NotMeasured]);
    assert_eq!(verdicts(targets(None)), [Verdict::NotMeasured]);
}
