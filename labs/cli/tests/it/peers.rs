//! Tests that other frameworks are measured in the same report, from their installation to the page.

use kit::testing::{Part, found_or_skip};
use measure::report::Report;

use crate::program::run;

#[test]
fn a_peer_stands_in_the_report_beside_ours_with_the_same_work_done() {
    let asked =
        ["bench", "--smoke", "--store", "memory", "--designs", "access", "--peers=fastapi-pyjwt", "--json"];
    let ended = run(&asked);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report: Report = serde_json::from_str(&ended.stdout).unwrap();
    let skipped = report.skipped.iter().find(|skipped| skipped.what == "fastapi-pyjwt");
    let there = skipped.map_or(Ok(()), |skipped| Err(skipped.why.clone()));
    if found_or_skip(Part::Python, there).is_none() {
        assert!(report.peers.is_none(), "what was skipped has no figures");
        return;
    }

    let peers = report.peers.as_ref().unwrap();
    assert_eq!(peers.entries[0].name, "fastapi-pyjwt");
    assert!(peers.entries[0].runs_on.starts_with("Python 3."), "{}", peers.entries[0].runs_on);
    let ceiling = peers.ceiling.as_ref().unwrap();
    let names: Vec<&str> = ceiling.designs.iter().map(|figures| figures.design.as_str()).collect();
    assert_eq!(names, ["none", "access", "fastapi-pyjwt"]);
    assert!(ceiling.designs.iter().all(|figures| figures.errors.total() == 0), "{ceiling:?}");
    let body = |name: &str| ceiling.design(name).unwrap().rounds[0].body_bytes;
    assert_eq!(body("access"), body("fastapi-pyjwt"), "both answer with as many bytes");
    assert!(peers.share("access", "fastapi-pyjwt").unwrap().p99.is_some());
    assert!(peers.share("hybrid", "fastapi-pyjwt").is_none(), "it was not measured");
    let weight = report.subject("fastapi-pyjwt").unwrap();
    assert!(weight.resident_bytes.is_some() && weight.credential_bytes.is_some());
}

#[test]
fn a_peer_that_does_not_exist_is_told_with_those_that_do() {
    let ended = run(&["bench", "--smoke", "--store", "memory", "--peers=rails"]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("there is no peer `rails`; the peers are express-session,"),
        "{}",
        ended.stderr
    );
}
