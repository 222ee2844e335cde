use super::*;
use crate::changes::Verdict;
use crate::figures::{Comparison, DesignFigures, RoundFigures};
use crate::load::{ClosedLoop, Load};
use crate::report::{Role, Subject};
use std::time::Duration;

/// A report of one design, `session`, whose rounds have these server CPU times per request, in µs.
fn report(cpu_us: &[f64]) -> Report {
    let rounds: Vec<RoundFigures> =
        cpu_us.iter().enumerate().map(|(round, cpu)| round_of(round, *cpu)).collect();
    let comparison = Comparison {
        unserved: Vec::new(),
        load: Load::Closed(ClosedLoop::new(8, Duration::from_secs(1))),
        rounds: rounds.len(),
        doubts: Vec::new(),
        designs: vec![DesignFigures::over("session", rounds).unwrap()],
        control: None,
        cores: None,
        repeated: 0,
        ended: None,
    };
    let machine = serde_json::json!({
        "cpu_model": "one", "logical_cpus": 2, "memory_bytes": 1, "os": "os", "kernel": "1", "architecture": "x86_64",
        "rustc": "rustc 1", "build_profile": "release", "allocator": "system", "git_revision": "abc",
        "store": "redis 7.0.15 (path)",
    });
    let mut report: Report = serde_json::from_value(serde_json::json!({
        "schema": SCHEMA, "begun_unix_s": 0, "took_s": 1.0, "plan": "full", "complete": true, "machine": machine,
        "subjects": [], "skipped": [], "generator_ceiling": null, "ceiling": comparison, "rates": [], "histograms": [],
    }))
    .unwrap();
    report.subjects.push(Subject {
        name: "session".to_owned(),
        role: Role::Other,
        refreshes: false,
        what: String::new(),
        store: "redis".to_owned(),
        credential_bytes: Some(100),
        store_per_request: None,
        stored_bytes_per_session: Some(200.0),
        resident_bytes: None,
    });
    report
}

fn round_of(round: usize, server_cpu_us: f64) -> RoundFigures {
    let all: serde_json::Value = serde_json::json!({
        "round": round, "elapsed_s": 1.0, "requests": 1000, "answered": 1000, "body_bytes": 100.0,
        "throughput_rps": 1000.0, "mean_us": 10.0, "p50_us": 10.0, "p90_us": 10.0, "p99_us": 10.0, "p99_9_us": 10.0,
        "max_us": 10.0, "errors": crate::load::Errors::default(), "server_cpu_us": server_cpu_us,
    });
    serde_json::from_value(all).unwrap()
}

fn verdict_of(changes: &Changes, figure: &str) -> Verdict {
    changes.rows.iter().find(|row| row.figure == figure).unwrap().verdict
}

const BEFORE: [f64; 5] = [10.0, 10.1, 9.9, 10.05, 9.95];

#[test]
fn a_fifth_more_cpu_time_is_a_regression_and_its_twin_within_the_noise_is_none() {
    let worse = between(&report(&BEFORE), &report(&BEFORE.map(|us| us * 1.2)), false).unwrap();
    assert_eq!(verdict_of(&worse, "server CPU µs"), Verdict::Worse);
    assert_eq!(worse.regressions().count(), 1);
    let row = worse.regressions().next().unwrap();
    assert!((row.change.unwrap() - 0.2).abs() < 0.01 && row.interval.unwrap().0 > 0.15, "{row:?}");

    let noisy = between(&report(&BEFORE), &report(&[10.3, 9.8, 10.6, 9.9, 10.2]), false).unwrap();
    assert_eq!(verdict_of(&noisy, "server CPU µs"), Verdict::Same);
    assert_eq!(noisy.regressions().count(), 0);
}

#[test]
fn less_is_better_and_two_rounds_are_too_few_to_say() {
    let better = between(&report(&BEFORE), &report(&BEFORE.map(|us| us * 0.8)), false).unwrap();
    assert_eq!((verdict_of(&better, "server CPU µs"), better.regressions().count()), (Verdict::Better, 0));
    let few = between(&report(&[10.0, 10.0]), &report(&[20.0, 20.0]), false).unwrap();
    assert_eq!((verdict_of(&few, "server CPU µs"), few.regressions().count()), (Verdict::Unknown, 0));
}

#[test]
fn more_bytes_are_a_regression_without_any_rounds() {
    let mut fat = report(&BEFORE);
    fat.subjects[0].stored_bytes_per_session = Some(260.0);
    let changes = between(&report(&BEFORE), &fat, false).unwrap();
    let regressions: Vec<&str> = changes.regressions().map(|row| row.figure.as_str()).collect();
    assert_eq!(regressions, ["stored bytes a session"]);
    assert_eq!(verdict_of(&changes, "credential header bytes"), Verdict::Same);
}

#[test]
fn another_machine_is_refused_unless_told_and_another_kernel_is_not_another_machine() {
    let mut elsewhere = report(&BEFORE);
    elsewhere.machine.cpu_model = "two".to_owned();
    let refused = between(&report(&BEFORE), &elsewhere, false).unwrap_err().to_string();
    assert!(
        refused.contains("processor: one then, two now") && refused.contains("--other-machine"),
        "{refused}"
    );
    assert_eq!(between(&report(&BEFORE), &elsewhere, true).unwrap().machines.len(), 1);
    let mut updated = report(&BEFORE);
    (updated.machine.kernel, updated.machine.store) = ("2".to_owned(), "redis 8.0.0 (path)".to_owned());
    assert_eq!(between(&report(&BEFORE), &updated, false).unwrap().machines, [""; 0]);
}

#[test]
fn a_report_is_read_back_and_another_schema_is_told_by_its_number() {
    let report = report(&BEFORE);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(read(&text).unwrap(), report);
    let newer = text.replacen("\"schema\":1", "\"schema\":7", 1);
    assert!(
        read(&newer).unwrap_err().to_string().starts_with("it has schema 7, and this program reads schema 1")
    );
    assert!(matches!(read("{}"), Err(CompareError::NoSchema)));
    assert!(matches!(read("no json"), Err(CompareError::NoReport(_))));
}
