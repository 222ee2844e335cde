//! Measures several designs in one run, against real servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::do_nothing::{BODY_BYTES, DoNothing};
use measure::figures::{BASELINE, CONTROL, Ended};
use measure::load::{ClosedLoop, Load, Outcome};
use measure::rounds::{CompareError, Design, Enough, Plan, Progress, StoreCounter, compare, compare_until};

const REQUESTS: u64 = 100;

fn plan(rounds: usize) -> Plan {
    let load = ClosedLoop { max_requests: REQUESTS, ..ClosedLoop::new(4, Duration::from_secs(30)) };
    let warm_up = Duration::from_millis(50);
    Plan { load: Load::Closed(load), rounds, enough: None, warm_up, keep_histograms: true, cores: None }
}

fn design(name: &str, server: &DoNothing) -> Design {
    Design {
        name: name.to_owned(),
        target: server.target(),
        pid: Some(server.pid()),
        store_pid: None,
        store_counter: None,
    }
}

/// A counter that reports two round trips for each of the hundred requests between two readings.
fn two_round_trips_per_request() -> StoreCounter {
    let counted = Arc::new(AtomicU64::new(0));
    StoreCounter::new(move || {
        let counted = Arc::clone(&counted);
        async move { Ok(counted.fetch_add(2 * REQUESTS, Ordering::Relaxed)) }
    })
}

#[tokio::test]
async fn designs_are_measured_in_turn_and_held_against_the_baseline() {
    let servers = [DoNothing::start(200), DoNothing::start(200)];
    let mut session = design("session", &servers[1]);
    session.store_counter = Some(two_round_trips_per_request());
    let designs = [design("none", &servers[0]), session];
    let mut steps = Vec::new();
    let note = |step: Progress<'_>| steps.push((step.design.to_owned(), step.round, step.done, step.of));
    let comparison = compare(&designs, &plan(2), note).await.unwrap();

    let done: Vec<_> = steps.iter().map(|(_, round, done, of)| (*round, *done, *of)).collect();
    assert_eq!(done, [(0, 0, 6), (0, 1, 6), (1, 2, 6), (1, 3, 6), (2, 4, 6), (2, 5, 6), (2, 6, 6)]);
    for round in [0, 1, 2] {
        let mut measured: Vec<_> =
            steps[..6].iter().filter(|step| step.1 == round).map(|step| step.0.as_str()).collect();
        measured.sort_unstable();
        assert_eq!(measured, ["none", "session"], "round {round}");
    }
    assert_eq!(comparison.ended, Some(Ended::AllRounds));

    let none = comparison.design("none").unwrap();
    assert_eq!(none.ratio.unwrap().median, 1.0);
    assert_eq!(none.store_round_trips, None);
    let session = comparison.design("session").unwrap();
    assert_eq!(session.store_round_trips.unwrap().median, 2.0);
    assert!(session.server_cpu_us.unwrap().median > 0.0);
    for (own, base) in session.rounds.iter().zip(&none.rounds) {
        assert_eq!((own.answered, own.requests, own.body_bytes), (REQUESTS, REQUESTS, BODY_BYTES as f64));
        assert_eq!(own.ratio, Some(own.throughput_rps / base.throughput_rps));
        assert_eq!(own.histogram.as_ref().unwrap().iter().map(|(_, count)| count).sum::<u64>(), REQUESTS);
    }
}

#[tokio::test]
async fn rounds_end_when_the_ratios_are_certain_enough_and_the_control_is_no_design() {
    let servers = [DoNothing::start(200), DoNothing::start(200)];
    let designs = [design(BASELINE, &servers[0]), design(CONTROL, &servers[1])];
    // On a busy machine a ratio may be uncertain, but not by a hundred times its size.
    let easily = Enough { least: 10, throughput: 100.0, server_cpu: 100.0 };
    let ended = compare(&designs, &Plan { enough: Some(easily), ..plan(25) }, |_| {}).await.unwrap();
    assert_eq!((ended.rounds, ended.ended), (10, Some(Ended::Precise)));

    let never = Enough { throughput: 0.0, ..easily };
    let all = compare(&designs, &Plan { enough: Some(never), ..plan(12) }, |_| {}).await.unwrap();
    assert_eq!((all.rounds, all.ended), (12, Some(Ended::AllRounds)));
    let names: Vec<_> = all.designs.iter().map(|figures| figures.design.as_str()).collect();
    assert_eq!(names, [BASELINE]);
    let control = all.control.as_ref().unwrap();
    assert_eq!((control.design.as_str(), control.rounds.len()), (CONTROL, 12));
    assert!(all.resolution().unwrap().throughput >= 0.01);
}

#[tokio::test]
async fn a_design_that_fails_has_no_figures_and_the_one_beside_it_has() {
    let (fine, failing) = (DoNothing::start(200), DoNothing::start(503));
    let designs = [design("none", &fine), design("failing", &failing)];
    let comparison = compare(&designs, &plan(1), |_| {}).await.unwrap();
    assert_eq!(comparison.design("failing"), None);
    let failing = comparison.unserved("failing").unwrap();
    assert_eq!(failing.why, "no request was answered with 200; instead: 503");
    assert_eq!(failing.outcomes.count(&Outcome::Answered(503)), REQUESTS);
    assert_eq!(failing.warm_up.count(&Outcome::Answered(503)), failing.warm_up.total());
    assert!(failing.warm_up.total() > 0);

    assert_eq!(comparison.unserved("none"), None);
    let none = comparison.design("none").unwrap();
    assert_eq!(none.outcomes.count(&Outcome::Answered(200)), REQUESTS);
    assert_eq!((none.outcomes.total(), none.errors.total()), (REQUESTS, 0));
}

#[tokio::test]
async fn a_design_whose_server_is_gone_has_no_figures_and_does_not_end_the_comparison() {
    let (fine, mut gone) = (DoNothing::start(200), DoNothing::start(200));
    let designs = [design("none", &fine), Design { pid: None, ..design("gone", &gone) }];
    gone.kill();
    let comparison = compare(&designs, &plan(2), |_| {}).await.unwrap();
    let unserved = comparison.unserved("gone").unwrap();
    assert_eq!(unserved.why, "no request was answered with 200; instead: connection refused");
    assert_eq!(unserved.outcomes.count(&Outcome::Refused), 2 * 4, "the connections of each round");
    assert_eq!(comparison.design("none").unwrap().rounds.len(), 2);
}

#[tokio::test]
async fn a_comparison_that_is_stopped_keeps_the_rounds_that_every_design_has() {
    let servers = [DoNothing::start(200), DoNothing::start(200)];
    let designs = [design("none", &servers[0]), design("session", &servers[1])];
    let (tell, mut told) = tokio::sync::watch::channel(false);
    // The stop comes in the fourth measurement of six, after round 1 and the first measurement of round 2.
    let note = |step: Progress<'_>| {
        if step.done == 5 {
            tell.send_replace(true);
        }
    };
    let stop = async { drop(told.wait_for(|told| *told).await) };
    let comparison = compare_until(stop, &designs, &plan(3), note).await.unwrap();
    assert_eq!(comparison.rounds, 1);
    assert!(comparison.designs.iter().all(|figures| figures.rounds.len() == 1));
    assert_eq!(comparison.design("none").unwrap().ratio.unwrap().median, 1.0);

    let stopped_at_once = compare_until(std::future::ready(()), &designs, &plan(3), |_| {}).await.unwrap();
    assert_eq!((stopped_at_once.rounds, stopped_at_once.designs.len()), (0, 0));
}

#[tokio::test]
async fn designs_without_the_baseline_have_no_ratio() {
    let server = DoNothing::start(200);
    let comparison = compare(&[design("session", &server)], &plan(1), |_| {}).await.unwrap();
    assert_eq!(comparison.design("session").unwrap().ratio, None);
    assert_eq!(comparison.design("none"), None);
}

#[tokio::test]
async fn what_cannot_be_measured_is_refused_by_name() {
    let server = DoNothing::start(200);
    let twice = [design("none", &server), design("none", &server)];
    assert!(matches!(compare(&twice, &plan(1), |_| {}).await, Err(CompareError::Plan(_))));
    assert!(matches!(compare(&[], &plan(1), |_| {}).await, Err(CompareError::Plan(_))));
    assert!(matches!(compare(&twice[..1], &plan(0), |_| {}).await, Err(CompareError::Plan(_))));

    let no_process = [Design { pid: Some(u32::MAX), ..design("session", &server) }];
    let refused = compare(&no_process, &plan(1), |_| {}).await.unwrap_err();
    assert!(matches!(&refused, CompareError::Process { design, .. } if design == "session"), "{refused}");

    let failing = StoreCounter::new(|| async { Err("the store is gone".into()) });
    let no_counter = [Design { store_counter: Some(failing), ..design("session", &server) }];
    let refused = compare(&no_counter, &plan(1), |_| {}).await.unwrap_err();
    assert!(matches!(&refused, CompareError::Counter { design, .. } if design == "session"), "{refused}");
}
