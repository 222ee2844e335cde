//! A server in another language that was written without the checker: the checker must find its faults, and nothing
//! else.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use conformance::{Descriptor, Feature, Options, Outcome, Report, Target, checks, run};

struct Python {
    child: Child,
    url: String,
}

impl Python {
    /// Starts the server on an ephemeral port, which it prints; `None`, with a message, if there is no Python.
    fn start() -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/weak_server.py");
        let spawned = Command::new("python3").arg(script).stdout(Stdio::piped()).spawn();
        let Ok(mut child) = spawned else {
            eprintln!("SKIPPED: there is no python3 on PATH, so no server in another language was judged");
            return None;
        };
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Some(Python { child, url: format!("http://127.0.0.1:{}", port.trim()) })
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn judged(url: &str) -> Report {
    let claims = Descriptor { access_ttl: Some(900), ..Descriptor::described("weak", [Feature::AccessJwt]) };
    let target = Target::described(url, claims).await.unwrap();
    let topics = ["login", "me", "access", "logout", "http", "lab", "health"];
    // Its logins cost nothing, so the order of many responses is chance.
    let judged = checks().into_iter().filter(|one| topics.contains(&one.topic()) && one.id != "login.flood");
    let only = judged.map(|one| one.id.to_owned()).collect();
    run(&target, &Options { only, ..Options::default() }, |_| ()).await.unwrap()
}

#[tokio::test]
async fn a_server_in_python_is_found_wrong_in_what_is_wrong_with_it_and_in_nothing_else() {
    let Some(python) = Python::start() else { return };
    let report = judged(&python.url).await;
    let failed: Vec<_> = report.failures().map(|result| result.id).collect();
    assert_eq!(failed, WRONG, "{}", report.text(false));
    let passed: Vec<_> =
        report.results.iter().filter(|r| r.outcome == Outcome::Passed).map(|r| r.id).collect();
    for right in ["lab.clock-absent", "login.succeeds", "login.wrong-password", "me.shape", "access.claims"] {
        assert!(passed.contains(&right), "{right} should pass");
    }
    assert!(report.text(true).contains("Writes a token for any account, without a key."));
    let json = serde_json::to_value(&report).unwrap();
    // The server closes connections with unread bodies, so whether its response still arrives is chance.
    let counted = |outcome: &str| json["counts"][outcome].as_u64().unwrap_or_default();
    assert_eq!(counted("failed") + counted("undecided"), WRONG.len() as u64);
    assert_eq!(json["claims"]["features"], serde_json::json!(["access-jwt"]));
    // The server has no endpoint to delete an account.
    let accounts = &report.accounts;
    assert!(accounts.created > 10, "{accounts:?}");
    assert_eq!((accounts.deleted, accounts.left), (0, accounts.created), "{accounts:?}");
    let reasons: Vec<_> = accounts.left_because.keys().collect();
    assert_eq!(reasons, ["the server responded with 501 to the request to delete the account"]);
}

/// The checks that fail: some faults are intended, the others exist because it is only a few dozen lines.
const WRONG: &[&str] = &[
    "http.problem-json",
    "http.wrong-method",
    "http.cors-off",
    "http.head",
    "http.request-id",
    "http.body-too-large",
    "http.media-type",
    "http.malformed-json",
    "http.invalid-pointers",
    "http.empty-body",
    "http.nothing-internal",
    "http.nosniff",
    "http.not-framed",
    "login.unknown-address-alike",
    "login.domain-case",
    "login.password-normalised",
    "login.invalid-body",
    "me.no-credential",
    "me.refused-credential",
    "access.alg-none",
];
