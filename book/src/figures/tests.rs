use std::time::Duration;

use measure::load::{ClosedLoop, Errors, Load};
use serde_json::{Value, json};

use super::*;

fn median(value: f64) -> Value {
    json!({ "median": value, "min": value, "max": value })
}

fn design(name: &str, rps: f64, cpu: f64, p50: f64) -> Value {
    json!({
        "design": name, "throughput_rps": median(rps), "p50_us": median(p50), "p90_us": median(p50),
        "p99_us": median(p50), "p99_9_us": median(p50), "max_us": median(p50), "server_cpu_us": median(cpu),
        "store_cpu_us": null, "store_round_trips": null, "ratio": median(rps / 1e5),
        "server_cpu_over_baseline_us": null, "errors": Errors::default(), "doubts": [], "rounds": [],
    })
}

fn comparison(designs: &[Value]) -> Value {
    let load = Load::Closed(ClosedLoop::new(64, Duration::from_secs(1)));
    json!({ "load": load, "rounds": 1, "doubts": [], "designs": designs })
}

/// A report of round figures.
pub(crate) fn round_figures() -> Figures {
    let both =
        |p50: f64| comparison(&[design("session-redis", 1.0, 1.0, p50), design("hybrid", 1.0, 1.0, 100.0)]);
    let subject = |name: &str, role: &str, stored: Value| {
        json!({
            "name": name, "role": role, "what": "", "store": "redis", "credential_bytes": 500, "store_per_request": null,
            "stored_bytes_per_session": stored, "resident_bytes": null,
        })
    };
    let ended = |name: &str, let_in: u64, ms: f64, ttl: Value| {
        json!({
            "design": name, "tries": 1, "last_let_in_ms": median(ms), "let_in": let_in,
            "access_ttl_s": ttl, "usual_access_ttl_s": 900, "load_rps": 1.0,
        })
    };
    let report = json!({
        "schema": SCHEMA, "begun_unix_s": 1_795_434_300, "took_s": 1.0, "plan": "quick", "complete": true,
        "machine": {
            "cpu_model": "Abacus", "logical_cpus": 2, "memory_bytes": 1, "os": "Debian 13", "kernel": "",
            "architecture": "", "rustc": "", "build_profile": "release", "allocator": "",
            "git_revision": null, "store": "redis 7",
        },
        "subjects": [
            subject("none", "other", Value::Null), subject("session-redis", "look-up", json!(280.0)),
            subject("hybrid", "signed-and-refreshed", json!(400.0)),
        ],
        "skipped": [], "generator_ceiling": null,
        "ceiling": comparison(&[
            design("none", 1e5, 10.0, 1.0), design("session-redis", 5e4, 22.0, 1.0), design("hybrid", 9e4, 12.0, 1.0),
        ]),
        "rates": [], "histograms": [], "concurrency": [],
        "round_trips": [
            { "asked_ms": 0.0, "measured_ms": 0.05, "comparison": both(200.0) },
            { "asked_ms": 2.0, "measured_ms": 2.5, "comparison": both(2_600.0) },
        ],
        "revocation": [ended("session-redis", 0, 0.0, Value::Null), ended("hybrid", 9, 1_500.0, json!(2))],
        "refresh": {
            "clients": 1, "exchanges": 1, "throughput_rps": 1.0, "server_cpu_us": median(50.0),
            "store_cpu_us": median(20.0), "store_round_trips": median(1.0), "access_ttl_s": 900,
        },
    });
    Figures(serde_json::from_value(report).unwrap())
}

fn said(name: &str) -> String {
    round_figures().named(name, Lang::En).unwrap().unwrap()
}

#[test]
fn a_figure_is_taken_by_its_name_with_its_unit() {
    for (name, expected) in [
        ("machine", "2 × Abacus, Debian 13"),
        ("date", "2026-11-23"),
        ("store", "redis 7"),
        ("throughput.session-redis", "50,000"),
        ("share.session-redis", "50 %"),
        ("cpu.hybrid", "12.0 µs"),
        ("check.session-redis", "12.0 µs"),
        ("times check.session-redis check.hybrid", "6"),
        ("header.hybrid", "500 B"),
        ("stored.session-redis", "280 B"),
        ("far", "2.5 ms"),
        ("near.session-redis", "200 µs"),
        ("far.session-redis", "2.6 ms"),
        ("refresh.cpu", "70.0 µs"),
        ("refresh.trips", "1"),
        // An exchange takes 70 µs; a look-up takes 12, a check 2.
        ("break-even", "7"),
    ] {
        assert_eq!(said(name), expected, "{name}");
    }
}

#[test]
fn a_copy_works_for_the_usual_lifetime_of_a_token() {
    assert_eq!([said("works-for.hybrid"), said("works-for.session-redis")], ["15 min", "0 s"]);
    let japanese = round_figures().named("works-for.hybrid", Lang::Ja).unwrap();
    assert_eq!(japanese.as_deref(), Some("15 分"));
}

#[test]
fn an_unmeasured_figure_is_none_and_an_unknown_one_is_an_error() {
    let figures = round_figures();
    for name in ["check.access", "check.none", "works-for.access", "times check.hybrid check.access"] {
        assert_eq!(figures.named(name, Lang::En).unwrap(), None, "{name}");
    }
    for name in ["chek.hybrid", "refresh.cost", "times check.hybrid", "speed"] {
        assert!(figures.named(name, Lang::En).is_err(), "{name}");
    }
}

#[test]
fn names_are_found_and_replaced_in_a_line() {
    let line = "from {{figure near}} to {{figure far}}.";
    assert_eq!(names(line).collect::<Vec<_>>(), ["near", "far"]);
    assert_eq!(fill(line, |name| Ok(name.to_uppercase())).unwrap(), "from NEAR to FAR.");
    assert!(fill("{{figure near", |_| Ok(String::new())).is_err());
}

#[test]
fn the_committed_report_was_not_stopped_half_way_and_is_of_a_release_build() {
    let report = Figures::committed().unwrap().0;
    assert!(report.complete);
    assert_eq!(report.machine.build_profile, "release");
}
