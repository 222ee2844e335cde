//! The arithmetic of figures and doubts, on invented numbers whose right result is obvious.

use std::time::Duration;

use super::unserved::is_served;
use super::*;
use crate::load::{ClosedLoop, Latencies, Outcome, Run};

fn run(answered: u64) -> Run {
    let mut latency = Latencies::new();
    latency.record(Duration::from_micros(100));
    Run {
        elapsed: Duration::from_secs(1),
        answered,
        body_bytes: 10 * answered,
        outcomes: Outcomes::default(),
        errors: Errors::default(),
        latency,
        send_lag: None,
        pacing_lag: None,
        asked_rps: None,
        connections: 4,
        in_flight: Duration::from_secs(4),
        generator: None,
    }
}

fn costs(server_cpu_us: f64, store_round_trips: u64) -> Costs {
    Costs {
        server_cpu_us: Some(server_cpu_us),
        store_cpu_us: None,
        store_round_trips: Some(store_round_trips),
    }
}

fn figures(rounds: Vec<RoundFigures>) -> DesignFigures {
    DesignFigures::over("session", rounds).unwrap()
}

fn doubts(change: impl Fn(&mut RoundFigures)) -> Vec<Doubt> {
    let mut round = RoundFigures::new(1, &run(1_000), Costs::default(), false);
    change(&mut round);
    figures(vec![round]).doubts
}

#[test]
fn a_median_is_the_middle_value_or_the_mean_of_the_middle_two() {
    assert_eq!(Median::of([3.0, 1.0, 2.0]), Some(Median { median: 2.0, min: 1.0, max: 3.0, interval: None }));
    assert_eq!(Median::of([4.0, 1.0, 2.0, 10.0]).unwrap().median, 3.0);
    assert_eq!(Median::of([]), None);
}

#[test]
fn an_uncertainty_is_a_share_of_the_median_and_of_few_rounds_half_their_range() {
    assert_eq!(Median::of([90.0, 100.0, 120.0]).unwrap().uncertainty(), 0.15);
    assert_eq!(Median::of([0.0]).unwrap().uncertainty(), 0.0);
    // Of sixty rounds, a single disturbed one does not matter.
    let rounds = (0..60).map(|round| if round == 30 { 300.0 } else { 100.0 });
    assert_eq!(Median::of(rounds).unwrap().uncertainty(), 0.0);
}

#[test]
fn costs_are_divided_by_the_requests_that_caused_them() {
    let round = RoundFigures::new(1, &run(1_000), costs(12_500.0, 3_000), false);
    assert_eq!((round.server_cpu_us, round.store_round_trips), (Some(12.5), Some(3.0)));
    assert_eq!((round.throughput_rps, round.body_bytes), (1_000.0, 10.0));
}

#[test]
fn a_round_without_requests_divides_by_nothing() {
    let round = RoundFigures::new(1, &run(0), costs(12_500.0, 3_000), false);
    assert_eq!((round.server_cpu_us, round.store_round_trips, round.body_bytes), (Some(0.0), Some(0.0), 0.0));
}

#[test]
fn a_ratio_compares_neighbours_in_time_and_not_medians() {
    // Both designs are half as fast in the second round; in every round the design has half of the baseline's
    // throughput.
    let baseline =
        [1_000, 500, 1_000].map(|answered| RoundFigures::new(1, &run(answered), costs(0.0, 0), false));
    let mut own =
        [500, 250, 500].map(|answered| RoundFigures::new(1, &run(answered), costs(5_000.0, 0), false));
    own.iter_mut().zip(&baseline).for_each(|(own, base)| own.compare_with(base));
    let figures = figures(own.to_vec());
    assert_eq!(figures.ratio, Some(Median::exactly(0.5)));
    assert_eq!(
        figures.server_cpu_over_baseline_us,
        Some(Median { median: 10.0, min: 10.0, max: 20.0, interval: None })
    );
}

#[test]
fn a_figure_that_one_round_lacks_is_no_figure_of_all() {
    let with = RoundFigures::new(1, &run(1_000), costs(1.0, 1), false);
    let without = RoundFigures::new(2, &run(1_000), Costs::default(), false);
    assert!(figures(vec![with.clone()]).server_cpu_us.is_some());
    assert_eq!(figures(vec![with, without]).server_cpu_us, None);
}

#[test]
fn a_comparison_survives_json() {
    let load = Load::Closed(ClosedLoop::new(64, Duration::from_secs(1)));
    let rounds = vec![RoundFigures::new(1, &run(1_000), costs(12_500.0, 3_000), true)];
    let doubts = vec![Doubt::SharedCores { cores: 2 }];
    let comparison = Comparison {
        load,
        rounds: 1,
        doubts,
        designs: vec![figures(rounds)],
        unserved: Vec::new(),
        control: None,
        cores: None,
        repeated: 0,
        ended: None,
    };
    let json = serde_json::to_string(&comparison).unwrap();
    assert!(json.contains(r#""throughput_rps":{"median":1000.0,"min":1000.0,"max":1000.0}"#), "{json}");
    assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), comparison);
}

#[test]
fn clean_figures_are_not_doubted() {
    assert_eq!(doubts(|_| {}), []);
}

#[test]
fn each_doubt_begins_beyond_its_limit() {
    assert_eq!(doubts(|round| round.littles_law_off = Some(0.05)), []);
    assert_eq!(doubts(|round| round.littles_law_off = Some(0.06)), [Doubt::LittlesLaw { off: 0.06 }]);
    assert_eq!(doubts(|round| round.generator_share = Some(0.80)), []);
    assert_eq!(doubts(|round| round.generator_share = Some(0.81)), [Doubt::GeneratorBusy { share: 0.81 }]);
    assert_eq!(doubts(|round| round.asked_rps = Some(1_010.0)), []);
    assert_eq!(doubts(|round| round.asked_rps = Some(1_250.0)), [Doubt::BelowAskedRate { achieved: 0.8 }]);
    assert_eq!(doubts(|round| round.errors.broken = 1), [Doubt::Errors { count: 1 }]);
}

#[test]
fn rounds_far_apart_are_doubted_and_close_ones_are_not() {
    let rounds = |answered: [u64; 3]| {
        answered.map(|answered| RoundFigures::new(1, &run(answered), Costs::default(), false))
    };
    assert_eq!(figures(rounds([960, 1_000, 1_040]).to_vec()).doubts, []);
    assert_eq!(figures(rounds([900, 1_000, 1_100]).to_vec()).doubts, [Doubt::Uncertain { uncertainty: 0.1 }]);

    // The same rounds of a machine that was slower at first, for the baseline as well.
    let compared = |baseline: [u64; 3]| {
        let mut own = rounds([900, 1_000, 1_100]).to_vec();
        own.iter_mut().zip(rounds(baseline)).for_each(|(own, base)| own.compare_with(&base));
        figures(own).doubts
    };
    assert_eq!(compared([1_800, 2_000, 2_200]), []);
    assert!(matches!(compared([2_200, 2_000, 1_800])[..], [Doubt::Uncertain { .. }]));
}

#[test]
fn few_cores_are_doubted_and_many_are_not() {
    assert_eq!(Doubt::about_cores(2), Some(Doubt::SharedCores { cores: 2 }));
    assert_eq!(Doubt::about_cores(8), None);
}

#[test]
fn one_failed_request_in_a_hundred_is_a_stall_and_more_is_a_server_that_fails() {
    assert!(is_served(0, 0) && is_served(0, 1) && is_served(1, 99) && is_served(10, 990));
    assert!(!is_served(1, 98) && !is_served(11, 989) && !is_served(1, 0));
}

#[test]
fn a_design_that_fails_has_no_figures_and_says_what_it_did_instead() {
    let failing = |answered: u64, failed: u64| {
        let mut round = RoundFigures::new(1, &run(answered), Costs::default(), false);
        round.errors.unexpected_status.insert(500, failed);
        round.outcomes.add(Outcome::Answered(200), answered);
        round.outcomes.add(Outcome::Answered(500), failed);
        figures(vec![round]).served(200)
    };
    assert_eq!(failing(990, 10).unwrap().answered(), 990);
    let unserved = failing(950, 50).unwrap_err();
    assert_eq!(
        unserved.why,
        "5.0 % of the requests were not answered with 200, and at most 1 % may fail; instead: 500"
    );
    assert_eq!(unserved.outcomes.count(&Outcome::Answered(500)), 50);
    assert_eq!(failing(0, 7).unwrap_err().why, "no request was answered with 200; instead: 500");
}

#[test]
fn requests_that_were_never_sent_are_doubted_and_do_not_count_as_failed() {
    let mut round = RoundFigures::new(1, &run(1_000), Costs::default(), false);
    round.errors.overflowed = 500;
    let figures = figures(vec![round]).served(200).unwrap();
    assert_eq!(figures.doubts, [Doubt::Errors { count: 500 }]);
}

#[test]
fn connections_that_are_opened_again_are_doubted_and_a_few_are_not() {
    assert_eq!(doubts(|round| round.errors.reconnects = 10), []);
    assert_eq!(doubts(|round| round.errors.reconnects = 500), [Doubt::Reconnects { share: 0.5 }]);
}
