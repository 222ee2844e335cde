//! Tests the peers as servers: a measured server must also respond correctly.

mod exchange;

use conformance::{Check, Descriptor, Feature, Options, Target, checks, run};
use kit::testing::{Part, found_or_skip};

use super::known::{LIBRARIES, PEERS};
use super::*;

#[test]
fn peers_are_measured_when_asked_for_and_an_unknown_one_is_told_with_those_that_are_known() {
    let names = |asked: Option<&[&str]>| {
        let asked: Option<Vec<String>> =
            asked.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        chosen(asked.as_deref()).map(|chosen| {
            let mut names: Vec<_> = chosen.servers.iter().map(|peer| peer.name).collect();
            names.extend(chosen.libraries.then_some(LIBRARIES));
            names
        })
    };
    assert_eq!(names(None).unwrap(), [""; 0]);
    assert_eq!(names(Some(&[])).unwrap(), [PEERS.map(|peer| peer.name).as_slice(), &[LIBRARIES]].concat());
    assert_eq!(names(Some(&["go-net-http"])).unwrap(), ["go-net-http"]);
    let sentence = names(Some(&["rails"])).unwrap_err().to_string();
    assert!(sentence.starts_with("there is no peer `rails`; the peers are express-session,"), "{sentence}");
}

#[tokio::test]
async fn express_session_keeps_the_least_of_the_contract_but_for_what_is_known() {
    let redis = kit::testing::private_redis().await;
    let Some(redis) = redis else { return };
    let known = [
        // express-session ignores a credential that is not a valid session and creates a new session.
        "me.authorization-beats-cookie",
        "me.refused-credential",
        "me.two-authorizations",
        // The name and the flags are the framework's defaults. `Secure` requires TLS, which this test does not use.
        "cookie.name-exact",
        "cookie.session-attributes",
    ];
    keeps_the_contract("express-session", Some(&redis.url), &known).await;
}

#[tokio::test]
async fn express_jsonwebtoken_keeps_the_least_of_the_contract_but_for_what_is_known() {
    keeps_the_contract("express-jsonwebtoken", None, &["me.two-authorizations"]).await;
}

#[tokio::test]
async fn fastify_jwt_keeps_the_least_of_the_contract_but_for_what_is_known() {
    // Several texts decode to the same signature. A server that compares tokens as text, for example with a deny list,
    // would accept one of them. RFC 4648 §3.5 lets a decoder ignore those bits.
    keeps_the_contract("fastify-jwt", None, &["access.trailing-bits", "me.two-authorizations"]).await;
}

#[tokio::test]
async fn fastapi_pyjwt_keeps_the_least_of_the_contract_but_for_what_is_known() {
    // The same weakness, through the padding that RFC 7515 §2 omits.
    keeps_the_contract("fastapi-pyjwt", None, &["access.padding", "me.two-authorizations"]).await;
}

#[tokio::test]
async fn go_net_http_keeps_the_least_of_the_contract_but_for_what_is_known() {
    keeps_the_contract("go-net-http", None, &["access.trailing-bits", "me.two-authorizations"]).await;
}

/// Installs and starts a peer; `None` after reporting that this machine cannot.
async fn started(peer: &Peer, redis: Option<&str>) -> Option<Process> {
    let part = match peer.runtime {
        Runtime::Node => Part::Node,
        Runtime::Python => Part::Python,
        Runtime::Go => Part::Go,
        Runtime::Rust => unreachable!("no peer is a server in Rust"),
    };
    let installed = install::install(peer.name, peer.runtime).await.map_err(|why| why.to_string());
    let installed = found_or_skip(part, installed)?;
    Some(peer.start(&installed, redis).await.unwrap_or_else(|why| panic!("{why}")))
}

/// Runs the contract's checks on one peer: a fast response must also be correct.
async fn keeps_the_contract(name: &str, redis: Option<&str>, known: &[&str]) {
    let peer = PEERS.into_iter().find(|peer| peer.name == name).unwrap();
    let Some(server) = started(&peer, redis).await else { return };
    let (claimed, own) = match peer.asks {
        Asks::Redis => {
            (Feature::SessionCookie, ["cookie.session-attributes", "cookie.name-exact"].as_slice())
        }
        _ => (Feature::AccessJwt, [].as_slice()),
    };
    let claims = Descriptor { access_ttl: Some(900), ..Descriptor::described(name, [claimed]) };
    let target = Target::described(&server.url, claims).await.unwrap();
    let log_in = ["login.succeeds", "login.wrong-password", "login.unknown-address-alike"];
    let is_judged = |check: &&Check| {
        ["me", "access"].contains(&check.topic()) || log_in.contains(&check.id) || own.contains(&check.id)
    };
    let only = checks().iter().filter(is_judged).map(|check| check.id.to_owned()).collect();
    let report = run(&target, &Options { only, ..Options::default() }, |_| ()).await.unwrap();
    let mut failed: Vec<_> = report.failures().map(|result| result.id).collect();
    failed.sort_unstable();
    let mut known = known.to_vec();
    known.sort_unstable();
    assert_eq!(failed, known, "{}", report.text(false));
    assert!(report.counts.passed >= 7, "{}", report.text(false));
}
