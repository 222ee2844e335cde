//! The verdicts on servers that were not written for the checker: an attack that was never tried has not got in.

use std::net::SocketAddr;

use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use conformance::{Descriptor, Design, Error, Feature, Options, Outcome, Report, Target, run};
use kit::Config;
use tokio::net::TcpListener;

use crate::checker_server::Server;

const EVERYTHING: [Feature; 7] = [
    Feature::SessionCookie,
    Feature::AccessJwt,
    Feature::Refresh,
    Feature::Rotation,
    Feature::SessionsList,
    Feature::Scopes,
    Feature::InstantRevocation,
];

type Answer = fn(Method, Uri, HeaderMap) -> Response;

/// Starts a server that gives every request this answer.
async fn server(answer: Answer) -> String {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(move |method, uri, headers| async move { answer(method, uri, headers) });
    tokio::spawn(kit::serve(listener, app, Config::default().limits, std::future::pending()));
    url
}

fn problem(status: u16, code: &str) -> Response {
    let body = serde_json::json!({
        "type": format!("/problems/{code}"), "title": code, "detail": code, "status": status, "code": code,
    });
    let headers = [
        (header::CONTENT_TYPE, "application/problem+json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::WWW_AUTHENTICATE, "Bearer realm=\"authlab\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
    ];
    (StatusCode::from_u16(status).unwrap(), headers, body.to_string()).into_response()
}

async fn judged(url: &str, attacks_only: bool, only: &[&str]) -> Report {
    let target = Target::described(url, Descriptor::described("foreign", EVERYTHING)).await.unwrap();
    let only = only.iter().map(|&name| name.to_owned()).collect();
    run(&target, &Options { only, attacks_only, ..Options::default() }, |_| ()).await.unwrap()
}

fn outcome<'a>(report: &'a Report, id: &str) -> &'a Outcome {
    &report.results.iter().find(|result| result.id == id).unwrap().outcome
}

/// The shown text and the reason of a run that must have decided nothing.
async fn nothing_decided(url: &str, attacks_only: bool) -> (String, String) {
    let report = judged(url, attacks_only, &[]).await;
    let text = if attacks_only { report.attack_text(false) } else { report.text(false) };
    assert!(!text.contains("GOT IN"), "{text}");
    assert!(report.counts.undecided > 60, "{:?}", report.counts);
    assert_eq!((report.counts.passed, report.counts.failed), (0, 0), "{text}");
    assert!(report.failed());
    (report.nothing_decided().unwrap(), text)
}

#[tokio::test]
async fn a_server_that_answers_everything_with_one_error_is_not_judged_and_the_cause_is_said_once() {
    let servers: [(u16, Answer); 4] = [
        (404, |_, _, _| StatusCode::NOT_FOUND.into_response()),
        (429, |_, _, _| problem(429, "throttled")),
        (502, |_, _, _| StatusCode::BAD_GATEWAY.into_response()),
        (301, |_, _, _| (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, "/")]).into_response()),
    ];
    for (status, answer) in servers {
        let url = server(answer).await;
        for attacks_only in [true, false] {
            let (reason, text) = nothing_decided(&url, attacks_only).await;
            let cause = format!(
                "the server answered every request with {status}: GET /me, GET /health/live, POST /auth/login"
            );
            assert_eq!(reason, format!("nothing could be checked: {cause}"));
            assert_eq!(text.matches(&cause).count(), 1, "{text}");
        }
    }
}

/// A server that lets no user sign up, and refuses everything else as the contract says.
fn without_sign_up(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    match (method.as_str(), uri.path()) {
        ("POST", "/auth/signup") => problem(422, "invalid"),
        ("POST", "/auth/login") => problem(401, "invalid_credentials"),
        ("GET", "/health/live") => problem(200, "live"),
        _ if headers.contains_key("authorization") => problem(401, "invalid_token"),
        _ => problem(401, "unauthenticated"),
    }
}

#[tokio::test]
async fn a_check_whose_sign_up_is_refused_is_undecided_and_the_check_of_sign_up_fails() {
    let url = server(without_sign_up).await;
    let report = judged(&url, false, &[]).await;
    let text = report.text(false);
    let Outcome::Undecided { because, sent, received } = outcome(&report, "access.alg-none") else {
        panic!("{text}")
    };
    assert_eq!(
        because,
        "the check could not be set up: POST /auth/signup was answered with 422, 201 was expected"
    );
    assert!(
        sent.starts_with("POST /auth/signup\n") && received.starts_with("HTTP 422\n"),
        "{sent}\n{received}"
    );
    assert_eq!(text.matches(because).count(), 1, "{text}");
    assert!(matches!(outcome(&report, "signup.succeeds"), Outcome::Failed { status: Some(422), .. }));
    assert_eq!(*outcome(&report, "me.no-credential"), Outcome::Passed);
    assert_eq!(report.nothing_decided(), None);
    let attacks = judged(&url, true, &[]).await;
    let text = attacks.attack_text(false);
    assert!(!text.contains("GOT IN"), "{text}");
    assert!(text.contains("\nkept out     me.no-credential "), "{text}");
    assert!(text.contains("\n0 attacks got in, "), "{text}");
    assert!(attacks.counts.undecided > 60, "{:?}", attacks.counts);
}

#[tokio::test]
async fn an_attack_that_gets_in_is_told_as_such_and_one_that_is_refused_with_a_wrong_error_is_not() {
    let broken = Server::start(Design::Access, "alg-none-taken").await;
    let target = Target::discover(&broken.url).await.unwrap();
    let options =
        Options { only: vec!["access.alg-none".to_owned()], attacks_only: true, ..Options::default() };
    let report = run(&target, &options, |_| ()).await.unwrap();
    let text = report.attack_text(false);
    assert!(outcome(&report, "access.alg-none").got_in(), "{text}");
    assert!(
        text.contains("GOT IN       access.alg-none") && text.contains("\n1 attack got in, 0 kept out\n")
    );

    let url = server(|_, uri, _| match uri.path() {
        "/me" => problem(403, "forbidden"),
        _ => StatusCode::OK.into_response(),
    });
    let report = judged(&url.await, true, &["me.no-credential"]).await;
    let text = report.attack_text(false);
    assert!(matches!(
        outcome(&report, "me.no-credential"),
        Outcome::Failed { status: Some(403), refused: true, .. }
    ));
    assert!(text.contains("wrong error  me.no-credential"), "{text}");
    assert!(text.contains("\n0 attacks got in, 1 refused with a wrong error, 0 kept out\n"), "{text}");
}

#[tokio::test]
async fn a_selection_of_what_the_server_does_not_claim_decides_nothing_and_one_without_attacks_is_refused() {
    let server = Server::start(Design::Access, "").await;
    let target = Target::discover(&server.url).await.unwrap();
    let options = |only: &str, attacks_only| Options {
        only: vec![only.to_owned()],
        attacks_only,
        ..Options::default()
    };
    let report = run(&target, &options("rotation", false), |_| ()).await.unwrap();
    assert_eq!(
        report.nothing_decided().as_deref(),
        Some("nothing could be checked: `refresh` is not claimed")
    );
    let error = run(&target, &options("signup.succeeds", true), |_| ()).await.unwrap_err();
    assert!(matches!(error, Error::NoAttack { .. }));
    assert_eq!(
        error.to_string(),
        "none of the checks of `signup.succeeds` is an attack: choose an attack, or run `check` instead"
    );
    let report = run(&target, &options("signup.succeeds", false), |_| ()).await.unwrap();
    assert_eq!((report.counts.passed, report.nothing_decided()), (1, None));
}
