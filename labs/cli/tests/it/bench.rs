//! Tests of the shortest possible measurement: it works, and its files have the promised contents. The figures of a
//! test run mean nothing.

use std::path::Path;

use measure::report::{Report, SCHEMA};
use measure::targets::{Target, Verdict};
use serde_json::Value;

use crate::program::{Serving, run};

#[test]
fn a_measurement_writes_one_report_in_three_formats() {
    let ended = run(&["bench", "--smoke", "--store", "memory", "--json"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report: Report = serde_json::from_str(&ended.stdout).unwrap();
    assert!(report.complete);
    has_the_shape_of_the_first_version(&serde_json::from_str(&ended.stdout).unwrap());

    let measured: Vec<&str> = report.subjects.iter().map(|subject| subject.name.as_str()).collect();
    assert_eq!(measured, ["none", "session-memory", "access", "hybrid"]);
    let skipped: Vec<&str> = report.skipped.iter().map(|skipped| skipped.what.as_str()).collect();
    assert_eq!(
        skipped,
        [
            "session-redis",
            "hybrid+denylist",
            "the distance to Redis",
            "what staying logged in costs",
            "how far it scales"
        ]
    );
    let ceiling = report.ceiling.as_ref().unwrap();
    assert!(ceiling.designs.iter().all(|figures| figures.errors.total() == 0), "{ceiling:?}");
    let body = |name: &str| ceiling.design(name).unwrap().rounds[0].body_bytes;
    assert_eq!(body("session-memory"), body("hybrid"), "all designs do the same work");
    assert!(report.generator_ceiling.is_some() && report.histograms.len() == 4);

    let let_in = |name: &str| report.revocation.iter().find(|row| row.design == name).unwrap();
    assert_eq!(let_in("session-memory").let_in, 0);
    assert!(let_in("access").let_in > 0 && let_in("access").last_let_in_ms.median <= 2_000.0);

    // Without Redis, the targets that need none are measured all the same, and the others are marked as not measured.
    let targets = &report.targets.as_ref().unwrap().rows;
    let verdicts = |id: &str| -> Vec<Verdict> {
        targets.iter().filter(|target| target.id == id).map(Target::verdict).collect()
    };
    assert!(["T1", "T2", "T5"].iter().all(|id| verdicts(id)[0] != Verdict::NotMeasured), "{targets:?}");
    assert!(
        ["T3", "T4", "T7", "T8", "T9"].iter().all(|id| verdicts(id)[0] == Verdict::NotMeasured),
        "{targets:?}"
    );

    let folder = Path::new(env!("CARGO_BIN_EXE_authlab")).parent().unwrap().parent().unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.join("authlab/report").join(name)).unwrap();
    let (html, markdown) = (read("report.html"), read("report.md"));
    assert_eq!(serde_json::from_str::<Report>(&read("report.json")).unwrap(), report);
    for section in
        ["What a request costs", "How long a stolen copy works after log out", "What this report doubts"]
    {
        assert!(html.contains(section) && markdown.contains(section), "{section}");
    }
    for fetched in ["http://", "https://", "src=", "<script", "@import", "url("] {
        assert!(!html.contains(fetched), "the page would fetch or run something: {fetched}");
    }
}

/// Its twin is `bad_input::a_url_that_refuses_the_connection_is_not_measured_and_its_cause_is_told`.
#[test]
fn a_url_that_answers_is_measured() {
    let serving = Serving::start(&[], &["access"]);
    let url = format!("{}/me", serving.url);
    let ended = run(&["bench", "--smoke", "--store", "memory", "--designs", "none", "--url", &url, "--json"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report: Report = serde_json::from_str(&ended.stdout).unwrap();
    let measured: Vec<&str> = report.subjects.iter().map(|subject| subject.name.as_str()).collect();
    assert_eq!(measured, ["none", &url]);
    let ceiling = report.ceiling.as_ref().unwrap();
    assert_eq!(ceiling.design(&url).unwrap().errors.total(), 0, "{ceiling:?}");
}

#[test]
fn a_design_that_does_not_exist_is_told_with_those_that_do() {
    let ended = run(&["bench", "--smoke", "--store", "memory", "--designs", "basic"]);
    assert_eq!((ended.code, ended.stdout.contains("report.html")), (Some(2), false));
    assert!(
        ended.stderr.contains("invalid value 'basic' for '--designs <DESIGN>'\n  [possible values: none,"),
        "{}",
        ended.stderr
    );
}

/// Programs that read `report.json` depend on these names. Removing one, or changing its meaning, requires a new schema
/// number.
fn has_the_shape_of_the_first_version(report: &Value) {
    let keys = |value: &Value| {
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort_unstable();
        keys.join(" ")
    };
    assert_eq!((SCHEMA, &report["schema"]), (1, &Value::from(1)));
    assert_eq!(
        keys(report),
        "begun_unix_s ceiling changes claims complete concurrency generator_ceiling histograms libraries machine peers plan \
         rates refresh revocation round_trips scale schema skipped subjects summary targets took_s"
    );
    assert_eq!(
        keys(&report["subjects"][0]),
        "credential_bytes name refreshes resident_bytes role store store_per_request stored_bytes_per_session what"
    );
    assert_eq!(keys(&report["ceiling"]), "control cores designs doubts ended load repeated rounds unserved");
    assert_eq!(
        keys(&report["ceiling"]["designs"][0]),
        "design doubts errors max_us outcomes p50_us p90_us p99_9_us p99_us ratio rounds server_cpu_over_baseline_us \
         server_cpu_ratio server_cpu_us store_cpu_us store_round_trips throughput_rps warm_up"
    );
    assert_eq!(keys(&report["histograms"][0]), "buckets design rate_rps");
}
