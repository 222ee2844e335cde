//! Finds the figures that two reports have in common and computes their changes.

use super::interval;
use crate::changes::{Change, Verdict};
use crate::figures::{Comparison, DesignFigures, Median, RoundFigures};
use crate::report::{Report, Role, Subject, connections, number, rate_rps};
use crate::targets;

/// How far two rates may be apart, as a share, to count as the same load. Rates are shares of what the slowest design
/// reached, so they move a little from run to run.
const SAME_RATE: f64 = 0.15;

/// How one figure is judged.
struct Judge {
    figure: &'static str,
    /// The relative difference that does not count as a change.
    tolerance: f64,
    is_more_better: bool,
    of: fn(&RoundFigures) -> Option<f64>,
}

const SERVER_CPU: Judge = Judge {
    figure: "server CPU µs",
    tolerance: 0.05,
    is_more_better: false,
    of: |round| round.server_cpu_us,
};
const AT_CEILING: [Judge; 3] = [
    SERVER_CPU,
    Judge { figure: "Redis CPU µs", tolerance: 0.10, is_more_better: false, of: |round| round.store_cpu_us },
    Judge {
        figure: "requests/s",
        tolerance: 0.05,
        is_more_better: true,
        of: |round| Some(round.throughput_rps),
    },
];
const P50: Judge =
    Judge { figure: "p50 µs", tolerance: 0.10, is_more_better: false, of: |round| Some(round.p50_us) };
const LATENCY: [Judge; 2] = [
    P50,
    // A short round has only a handful of requests in its tail.
    Judge { figure: "p99 µs", tolerance: 0.25, is_more_better: false, of: |round| Some(round.p99_us) },
];
/// The tolerance for counts: an allocator rounds memory, and a count may include a stray command.
const COUNT_TOLERANCE: f64 = 0.02;
/// The tolerance for figures of which only the smallest and the largest round are known.
const RANGE_TOLERANCE: f64 = 0.05;

/// One row for every figure that both reports contain.
pub(super) fn rows(old: &Report, new: &Report) -> Vec<Change> {
    let mut rows = Vec::new();
    if let (Some(old), Some(new)) = (&old.ceiling, &new.ceiling) {
        compare(&mut rows, "the ceiling", old, new, &AT_CEILING);
    }
    for now in &new.rates {
        let is_same = |was: &&Comparison| (rate_rps(was) / rate_rps(now) - 1.0).abs() <= SAME_RATE;
        let off = |was: &Comparison| (rate_rps(was) - rate_rps(now)).abs();
        let nearest = old.rates.iter().filter(is_same).min_by(|a, b| off(a).total_cmp(&off(b)));
        if let Some(was) = nearest {
            let part = format!("{} requests/s", number::thousands(rate_rps(now)));
            compare(&mut rows, &part, was, now, &LATENCY);
        }
    }
    for now in &new.concurrency {
        let is_same = |was: &&Comparison| connections(was) == connections(now);
        if let Some(was) = old.concurrency.iter().find(is_same) {
            compare(&mut rows, &format!("{} connections", connections(now)), was, now, &[SERVER_CPU]);
        }
    }
    for now in &new.round_trips {
        if let Some(was) = old.round_trips.iter().find(|was| was.asked_ms == now.asked_ms) {
            let part = format!("{} ms to Redis", now.asked_ms);
            compare(&mut rows, &part, &was.comparison, &now.comparison, &[P50]);
        }
    }
    rows.extend(refresh(old, new));
    rows.extend(revocation(old, new));
    rows.extend(weight(old, new));
    rows.extend(targets(old, new));
    rows
}

fn compare(rows: &mut Vec<Change>, part: &str, old: &Comparison, new: &Comparison, judges: &[Judge]) {
    for now in &new.designs {
        let Some(was) = old.design(&now.design) else { continue };
        rows.extend(judges.iter().filter_map(|judge| timed(part, was, now, judge)));
    }
}

/// The change of a figure for which the rounds are known.
fn timed(part: &str, was: &DesignFigures, now: &DesignFigures, judge: &Judge) -> Option<Change> {
    let rounds = |figures: &DesignFigures| -> Option<Vec<f64>> {
        figures.rounds.iter().map(|round| (judge.of)(round)).collect()
    };
    let (old, new) = (rounds(was)?, rounds(now)?);
    let factor = interval::factor(&old, &new)?;
    let interval = factor.interval.map(|(from, to)| (from - 1.0, to - 1.0));
    Some(Change {
        part: part.to_owned(),
        design: now.design.clone(),
        figure: judge.figure.to_owned(),
        old: Median::of(old)?.median,
        new: Median::of(new)?.median,
        change: Some(factor.estimate - 1.0),
        interval,
        verdict: interval.map_or(Verdict::Unknown, |interval| verdict(interval, judge)),
        is_doubted: !(was.doubts.is_empty() && now.doubts.is_empty()),
    })
}

fn verdict((from, to): (f64, f64), judge: &Judge) -> Verdict {
    let (more, less) = match judge.is_more_better {
        true => (Verdict::Better, Verdict::Worse),
        false => (Verdict::Worse, Verdict::Better),
    };
    match () {
        () if from > judge.tolerance => more,
        () if to < -judge.tolerance => less,
        () => Verdict::Same,
    }
}

/// The changes of the refresh figures, of which a report keeps only medians with their range: a change is reported when
/// the two ranges do not overlap.
fn refresh(old: &Report, new: &Report) -> Vec<Change> {
    let (Some(was), Some(now)) = (&old.refresh, &new.refresh) else { return Vec::new() };
    let design = new.named_by(Role::SignedAndRefreshed).unwrap_or("refresh");
    let ranged = |figure: &str, old: Median, new: Median| {
        let verdict = match () {
            () if new.min > old.max * (1.0 + RANGE_TOLERANCE) => Verdict::Worse,
            () if new.max * (1.0 + RANGE_TOLERANCE) < old.min => Verdict::Better,
            () => Verdict::Same,
        };
        Change {
            verdict,
            ..counted("an exchange of a refresh token", design, figure, old.median, new.median)
        }
    };
    let store = was.store_cpu_us.zip(now.store_cpu_us);
    let mut rows = vec![
        ranged("server CPU µs", was.server_cpu_us, now.server_cpu_us),
        counted(
            "an exchange of a refresh token",
            design,
            "round trips",
            was.store_round_trips.median,
            now.store_round_trips.median,
        ),
    ];
    rows.extend(store.map(|(was, now)| ranged("Redis CPU µs", was, now)));
    rows
}

/// The changes of revocation. A design that refused the copy after logout and now accepts it is worse, however short the
/// time.
fn revocation(old: &Report, new: &Report) -> Vec<Change> {
    let rows = new.revocation.iter().filter_map(|now| {
        let was = old.revocation.iter().find(|was| was.design == now.design)?;
        let (was_in, now_in) = (was.let_in > 0, now.let_in > 0);
        let verdict = match (was_in, now_in) {
            (false, true) => Verdict::Worse,
            (true, false) => Verdict::Better,
            _ => Verdict::Same,
        };
        let (old, new) = (was.last_let_in_ms.median, now.last_let_in_ms.median);
        Some(Change { verdict, ..counted("after log out", &now.design, "last let in, ms", old, new) })
    });
    rows.collect()
}

/// The changes of figures that are counted without load.
fn weight(old: &Report, new: &Report) -> Vec<Change> {
    let mut rows = Vec::new();
    for now in &new.subjects {
        let Some(was) = old.subject(&now.name) else { continue };
        let mut add = |figure: &str, old: Option<f64>, new: Option<f64>| {
            rows.extend(old.zip(new).map(|(old, new)| counted("weight", &now.name, figure, old, new)));
        };
        let bytes = |bytes: Option<u64>| bytes.map(|bytes| bytes as f64);
        add("credential header bytes", bytes(was.credential_bytes), bytes(now.credential_bytes));
        add("stored bytes a session", was.stored_bytes_per_session, now.stored_bytes_per_session);
        let commands = |subject: &Subject| subject.store_per_request.map(|store| store.commands);
        add("Redis commands", commands(was), commands(now));
    }
    rows
}

/// The changes of targets: a target that was met and now clearly is not.
fn targets(old: &Report, new: &Report) -> Vec<Change> {
    let (Some(was), Some(now)) = (&old.targets, &new.targets) else { return Vec::new() };
    let rows = now.rows.iter().filter_map(|now| {
        let was = was.rows.iter().find(|was| was.id == now.id && was.what == now.what)?;
        let (targets::Outcome::Measured { figure: old }, targets::Outcome::Measured { figure: new }) =
            (&was.outcome, &now.outcome)
        else {
            return None;
        };
        let verdict = match (was.verdict(), now.verdict()) {
            (targets::Verdict::Met, targets::Verdict::NotMet) => Verdict::Worse,
            (targets::Verdict::NotMet, targets::Verdict::Met) => Verdict::Better,
            _ => Verdict::Same,
        };
        let doubted = [was.verdict(), now.verdict()].contains(&targets::Verdict::Undecided);
        let row = counted("targets", &now.id, &now.what, old.median, new.median);
        Some(Change { verdict, is_doubted: doubted, ..row })
    });
    rows.collect()
}

/// The change of a counted figure; fewer is better.
fn counted(part: &str, design: &str, figure: &str, old: f64, new: f64) -> Change {
    let verdict = match () {
        () if new > old * (1.0 + COUNT_TOLERANCE) => Verdict::Worse,
        () if new < old * (1.0 - COUNT_TOLERANCE) => Verdict::Better,
        () => Verdict::Same,
    };
    Change {
        part: part.to_owned(),
        design: design.to_owned(),
        figure: figure.to_owned(),
        old,
        new,
        change: (old > 0.0).then(|| new / old - 1.0),
        interval: None,
        verdict,
        is_doubted: false,
    }
}
