//! Tests the arithmetic with figures that can be computed by hand.

use super::*;
use crate::compare;
use crate::report::peers::Peers;
use crate::report::{html, markdown, sections};

/// A server whose rounds took these CPU times of server and Redis and had these p99, all in µs.
fn server(name: &str, cpu_us: &[(f64, Option<f64>)], p99_us: &[f64]) -> Exchanger {
    let round = |(server_cpu_us, store_cpu_us): &(f64, Option<f64>)| ExchangeRound {
        exchanges: 100,
        throughput_rps: 100_000.0 / server_cpu_us,
        server_cpu_us: *server_cpu_us,
        store_cpu_us: *store_cpu_us,
    };
    let paced = |p99_us: &f64| PacedRound { exchanges: 10, p50_us: p99_us / 2.0, p99_us: *p99_us };
    Exchanger {
        name: name.to_owned(),
        what: format!("{name} in a test"),
        runs_on: None,
        lacks: None,
        store_round_trips: Some(1.0),
        store_commands: Some(3.0),
        rounds: cpu_us.iter().map(round).collect(),
        at_rate: p99_us.iter().map(paced).collect(),
    }
}

/// Ours beside one peer. The second round was disturbed for both, so their medians mislead and their pairs do not.
fn exchanges() -> Exchanges {
    let ours = [(50.0, Some(10.0)), (400.0, Some(20.0)), (60.0, Some(12.0))];
    let theirs = [(200.0, Some(40.0)), (1_000.0, Some(50.0)), (250.0, Some(50.0))];
    let peer = Exchanger {
        runs_on: Some("Node.js v20.0.0".to_owned()),
        lacks: Some("The peer does nothing about a replay.".to_owned()),
        ..server("express-refresh", &theirs, &[4_000.0, 8_000.0, 2_000.0])
    };
    Exchanges {
        clients: 16,
        rate_rps: Some(250.0),
        ours: server("hybrid", &ours, &[1_000.0, 1_600.0, 1_000.0]),
        peers: vec![peer],
    }
}

#[test]
fn a_share_is_the_median_of_the_pairs_of_each_round() {
    let exchanges = exchanges();
    let share = exchanges.share(&exchanges.peers[0]).unwrap();
    // 50/200, 400/1000, 60/250.
    assert_eq!((share.server_cpu.median, share.server_cpu.min, share.server_cpu.max), (0.25, 0.24, 0.4));
    // 60/240, 420/1050, 72/300.
    assert_eq!(share.whole_cpu.unwrap().median, 0.25);
    // 1000/4000, 1600/8000, 1000/2000.
    assert_eq!(share.p99.unwrap().median, 0.25);
}

#[test]
fn a_share_of_what_was_not_measured_is_none() {
    let mut exchanges = exchanges();
    exchanges.ours.rounds[1].store_cpu_us = None;
    exchanges.ours.at_rate.clear();
    let share = exchanges.share(&exchanges.peers[0]).unwrap();
    assert_eq!((share.server_cpu.median, share.whole_cpu, share.p99), (0.25, None, None));
    exchanges.peers[0].rounds[0].server_cpu_us = 0.0;
    assert_eq!(exchanges.share(&exchanges.peers[0]), None);
}

#[test]
fn the_slowest_is_the_one_with_the_lowest_median() {
    let mut exchanges = exchanges();
    // 500, 100 and 400 exchanges per second; ours has 2,000, 250 and 1,667.
    assert_eq!(exchanges.slowest_rps(), Some(400.0));
    exchanges.peers[0].rounds.clear();
    assert_eq!(exchanges.slowest_rps(), None);
}

#[test]
fn a_report_with_exchanges_says_what_a_peer_lacks_and_one_without_is_still_read() {
    let mut report = compare::read(include_str!("../../../../tests/report.json")).unwrap();
    let older: Peers = serde_json::from_str(r#"{"entries":[],"ceiling":null,"at_rate":null}"#).unwrap();
    assert_eq!(older, Peers::default());
    report.peers = Some(older);
    assert!(!sections::all(&report).iter().any(|section| section.id == "exchanges"));

    report.peers = Some(Peers { exchanges: Some(exchanges()), ..Peers::default() });
    let all = sections::all(&report);
    let section = all.iter().find(|section| section.id == "exchanges").unwrap();
    assert_eq!(
        section.table.rows,
        [
            "hybrid|1,667 ±52 %|60.0 ±292 %|12.0|1.0|3.0|500|1,000|–|–|–",
            "express-refresh|400 ±50 %|250 ±160 %|50.0|1.0|3.0|2,000|4,000|0.25|0.25|0.25"
        ]
        .map(|row| row.split('|').map(str::to_owned).collect::<Vec<_>>())
    );
    assert_eq!(
        section.says[1],
        "hybrid takes 0.25 (0.24 – 0.40) of the server CPU time of express-refresh: undecided; 0.25 together \
         with Redis; and 0.25 (0.20 – 0.50) of its p99: target met. The peer does nothing about a replay."
    );
    for text in [html::write(&report), markdown::write(&report)] {
        assert!(text.contains("The peer does nothing about a replay."), "{text}");
    }
    let read = compare::read(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(read.peers, report.peers);
}
