//! Tests that other frameworks are measured in the same report, from their installation to the page.

use kit::testing::{Part, found_or_skip};
use measure::report::Report;
use measure::report::peers::Exchanger;

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

#[tokio::test]
async fn an_exchange_of_a_peer_stands_in_the_report_beside_ours() {
    let Some(redis) = kit::testing::private_redis().await else { return };
    let names = "--peers=express-refresh,oidc-provider";
    let asked = ["bench", "--smoke", "--store", &redis.url, "--designs", "hybrid", names, "--json"];
    let ended = run(&asked);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report: Report = serde_json::from_str(&ended.stdout).unwrap();
    let skipped = report.skipped.iter().find(|skipped| names.contains(&skipped.what));
    let there = skipped.map_or(Ok(()), |skipped| Err(skipped.why.clone()));
    if found_or_skip(Part::Node, there).is_none() {
        return;
    }

    let peers = report.peers.as_ref().unwrap();
    assert!(peers.entries.is_empty() && peers.ceiling.is_none(), "neither serves `/me`");
    let exchanges = peers.exchanges.as_ref().unwrap();
    let names: Vec<&str> = exchanges.all().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["hybrid", "express-refresh", "oidc-provider"]);
    let clients = exchanges.clients as u64;
    for server in exchanges.all() {
        assert_eq!((server.rounds.len(), server.at_rate.len()), (1, 1), "{server:?}");
        assert!(server.rounds[0].exchanges >= clients, "{server:?}");
        assert!(server.at_rate[0].p50_us <= server.at_rate[0].p99_us, "{server:?}");
    }
    let commands = |server: &Exchanger| server.store_commands.unwrap().round();
    assert_eq!(commands(&exchanges.peers[0]), 2.0, "express-refresh sends GETDEL and SET");
    for peer in &exchanges.peers {
        assert!(exchanges.share(peer).unwrap().p99.is_some(), "{peer:?}");
        assert!(peer.runs_on.as_ref().unwrap().starts_with("Node.js v"), "{peer:?}");
    }
    let rows: Vec<&str> = report.targets.as_ref().unwrap().rows.iter().map(|row| row.what.as_str()).collect();
    assert!(rows.contains(&"CPU an exchange: hybrid / express-refresh"), "{rows:?}");
    assert!(rows.contains(&"p99 of an exchange at one rate: hybrid / oidc-provider"), "{rows:?}");
}

#[test]
fn without_redis_the_peers_that_exchange_refresh_tokens_are_skipped_with_the_reason() {
    let asked =
        ["bench", "--smoke", "--store", "memory", "--designs", "none", "--peers=oidc-provider", "--json"];
    let ended = run(&asked);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report: Report = serde_json::from_str(&ended.stdout).unwrap();
    let skipped = report.skipped.iter().find(|skipped| skipped.what == "oidc-provider").unwrap();
    assert_eq!(skipped.why, "It needs a Redis; `cargo lab doctor` says how to get one.");
    assert!(report.peers.is_none());
}
