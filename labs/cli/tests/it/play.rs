//! Tests of the playground over HTTP, without its page: who gets in after each step, and which clients may send
//! requests.

use kit::testing::private_redis;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::program::Serving;

/// The actions of the tour, and who gets in after each: user and thief with a session, an access token, and the hybrid.
/// `-` means that there is no credential to send.
pub(crate) const TOUR: [(&str, [&str; 3]); 13] = [
    ("sign-in", ["in -", "in -", "in -"]),
    ("steal", ["in in", "in in", "in in"]),
    ("log-out", ["- out", "- in", "- in"]),
    ("thief-refreshes", ["- out", "- in", "- in"]),
    ("wait-quarter", ["- out", "- out", "- out"]),
    ("sign-in", ["in out", "in out", "in out"]),
    ("steal", ["in in", "in in", "in in"]),
    ("wait-quarter", ["in in", "out out", "out out"]),
    ("thief-refreshes", ["in in", "out out", "out in"]),
    ("wait-minute", ["in in", "out out", "out in"]),
    ("person-refreshes", ["in in", "out out", "- in"]),
    ("thief-refreshes", ["in in", "out out", "- in"]),
    ("wait-quarter", ["in in", "out out", "- out"]),
];

/// A visitor with a room of their own.
struct Visitor {
    http: Client,
    url: String,
    room: String,
}

impl Visitor {
    async fn enter(play: &Serving) -> Self {
        let http = Client::builder().no_proxy().build().unwrap();
        let answer =
            http.post(format!("{}/rooms", play.url)).header("origin", &play.url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let body: Value = answer.json().await.unwrap();
        let room = body["room"].as_str().unwrap().to_owned();
        assert_eq!(body["steps"].as_array().unwrap().len(), 1);
        Self { http, url: play.url.clone(), room }
    }

    fn asking(&self, body: &str) -> RequestBuilder {
        let steps = format!("{}/rooms/{}/steps", self.url, self.room);
        let request = self.http.post(steps).header("origin", &self.url);
        request.header("content-type", "application/json").body(body.to_owned())
    }

    async fn act(&self, action: &str) -> Value {
        let (status, step) = answered(self.asking(&json!({ "action": action }).to_string())).await;
        assert_eq!(status, StatusCode::OK, "{step}");
        step
    }
}

async fn answered(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

const DESIGNS: [&str; 3] = ["session", "access", "hybrid"];

/// Who gets in, as in [`TOUR`]. Each verdict must match the server's answer to the probe.
fn who_gets_in(step: &Value) -> [String; 3] {
    DESIGNS.map(|design| {
        let column = &step["columns"][design];
        ["person", "thief"]
            .map(|who| {
                let verdict = column[who]["verdict"].as_str().unwrap();
                let mut probes = column["exchanges"].as_array().unwrap().iter();
                let probe = probes.rfind(|sent| sent["probe"] == true && sent["who"] == who);
                let response = probe.map(|sent| sent["response"].as_str().unwrap());
                let says = match response {
                    None => "nothing",
                    Some(text) if text.starts_with("HTTP/1.1 200 ") => "in",
                    Some(text) if text.starts_with("HTTP/1.1 401 ") => "out",
                    Some(_) => "unknown",
                };
                assert_eq!(verdict, says, "{design}, {who}: {response:?}");
                verdict.replace("nothing", "-")
            })
            .join(" ")
    })
}

async fn take_the_tour(store: &str) {
    let play = Serving::play(&["--store", store]);
    let visitor = Visitor::enter(&play).await;
    let mut last = Value::Null;
    for (number, (action, expected)) in TOUR.into_iter().enumerate() {
        last = visitor.act(action).await;
        assert_eq!(who_gets_in(&last), expected, "step {}: {action}", number + 1);
        if number + 1 == 11 {
            assert_eq!(last["columns"]["hybrid"]["outcome"], "refresh_reused");
            assert!(last["columns"]["hybrid"]["store"].as_array().unwrap().iter().all(|kept| {
                let key = kept["key"].as_str().unwrap();
                !key.contains(":s:") && !key.starts_with("session ")
            }));
        }
    }
    let measured = |design: &str| last["columns"][design]["revocation"].clone();
    assert_eq!(measured("session")["out_after"], 0);
    assert_eq!(measured("session")["times"], 0);
    assert!((900..920).contains(&measured("access")["out_after"].as_u64().unwrap()));
    assert_eq!(measured("hybrid")["how"], "reuse-detected");
    assert_eq!(last["columns"]["access"]["store_calls"], 0);
    assert_eq!(last["moved"], 3 * 900 + 60);
}

#[tokio::test]
async fn the_tour_ends_with_a_thief_who_is_caught_in_memory() {
    take_the_tour("memory").await;
}

#[tokio::test]
async fn the_tour_ends_with_a_thief_who_is_caught_in_redis() {
    let Some(redis) = private_redis().await else { return };
    take_the_tour(&redis.url).await;
}

#[tokio::test]
async fn without_its_store_a_session_cannot_be_judged_and_an_access_token_can() {
    outage("memory").await;
}

#[tokio::test]
async fn without_a_redis_that_answers_it_is_the_same() {
    let Some(redis) = private_redis().await else { return };
    outage(&redis.url).await;
}

async fn outage(store: &str) {
    let play = Serving::play(&["--store", store]);
    let visitor = Visitor::enter(&play).await;
    for action in ["sign-in", "steal"] {
        visitor.act(action).await;
    }
    let cut = visitor.act("cut-store").await;
    assert_eq!(who_gets_in(&cut), ["unknown unknown", "in in", "in in"]);
    let refused = visitor.act("person-refreshes").await;
    assert_eq!(refused["columns"]["hybrid"]["outcome"], "store_unavailable");
    let left = visitor.act("log-out").await;
    assert_eq!(left["columns"]["session"]["outcome"], "store_unavailable");
    assert_eq!(left["columns"]["access"]["outcome"], "done");
    let mended = visitor.act("mend-store").await;
    assert_eq!(who_gets_in(&mended), ["in in", "- in", "in in"], "an outage logs nobody out");
    assert_eq!(visitor.act("person-refreshes").await["columns"]["hybrid"]["outcome"], "done");
}

#[tokio::test]
async fn two_visitors_do_not_meet() {
    let play = Serving::play(&["--store", "memory"]);
    let (one, other) = (Visitor::enter(&play).await, Visitor::enter(&play).await);
    assert_eq!(who_gets_in(&one.act("sign-in").await), ["in -", "in -", "in -"]);
    assert_eq!(who_gets_in(&other.act("wait-month").await), ["- -", "- -", "- -"]);
    assert_eq!(who_gets_in(&one.act("person-tries").await), ["in -", "in -", "in -"]);
    let kept = one.http.get(format!("{}/rooms/{}", one.url, one.room));
    assert_eq!(answered(kept).await.1["steps"].as_array().unwrap().len(), 3, "a reload finds everything");
}

#[tokio::test]
async fn what_cannot_be_done_is_told_and_nothing_breaks() {
    let play = Serving::play(&["--store", "memory"]);
    let visitor = Visitor::enter(&play).await;
    let refused = async |body: &str| {
        let (status, problem) = answered(visitor.asking(body)).await;
        (status.as_u16(), problem["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(refused(r#"{"action":"delete-everything"}"#).await, (422, "unknown_action".into()));
    assert_eq!(refused(r#"{"action":7}"#).await, (422, "unreadable".into()));
    assert_eq!(refused(r#"{"action""#).await, (400, "unreadable".into()));
    assert_eq!(refused(&format!(r#"{{"action":"{}"}}"#, "x".repeat(2000))).await, (413, "unreadable".into()));
    for action in
        ["log-out", "thief-tries", "thief-refreshes", "steal", "change-password", "log-out-everywhere"]
    {
        let step = visitor.act(action).await;
        assert_eq!(
            DESIGNS.map(|design| step["columns"][design]["outcome"].clone()),
            ["nothing-held"; 3],
            "{action}"
        );
    }
    for room in ["0", "00000000-0000-4000-8000-000000000000", "..%00"] {
        let nobody = Visitor { room: room.to_owned(), http: visitor.http.clone(), url: visitor.url.clone() };
        let (status, problem) = answered(nobody.asking(r#"{"action":"sign-in"}"#)).await;
        assert_eq!((status.as_u16(), &problem["code"]), (404, &json!("no_such_room")), "{room}");
    }
    for _ in 6..200 {
        visitor.act("wait-minute").await;
    }
    assert_eq!(refused(r#"{"action":"sign-in"}"#).await, (409, "room_full".into()));
}

#[tokio::test]
async fn only_this_servers_own_page_may_ask() {
    let play = Serving::play(&["--store", "memory"]);
    let http = Client::builder().no_proxy().build().unwrap();
    let post = |headers: &[(&'static str, &str)]| {
        let request = http.post(format!("{}/rooms", play.url));
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    };
    let code = async |request: RequestBuilder| {
        let (status, body) = answered(request).await;
        (status.as_u16(), body["code"].as_str().map(str::to_owned))
    };
    let port = play.url.rsplit(':').next().unwrap();
    let foreign = Some("foreign_origin".to_owned());
    assert_eq!(code(post(&[("sec-fetch-site", "same-origin")])).await, (201, None));
    assert_eq!(code(post(&[("origin", &play.url)])).await, (201, None));
    assert_eq!(code(post(&[])).await, (403, foreign.clone()));
    assert_eq!(code(post(&[("origin", "http://evil.example")])).await, (403, foreign.clone()));
    assert_eq!(
        code(post(&[("sec-fetch-site", "cross-site"), ("origin", &play.url)])).await,
        (403, foreign.clone())
    );

    // An attacker's host name that resolves to this machine (DNS rebinding).
    let rebound = format!("evil.example:{port}");
    let host = Some("foreign_host".to_owned());
    assert_eq!(code(post(&[("host", &rebound), ("sec-fetch-site", "same-origin")])).await, (421, host));

    // A script of another site must not read the page; a link from another site may lead to it.
    let page = |headers: &[(&'static str, &str)]| {
        headers.iter().fold(http.get(&play.url), |request, (name, value)| request.header(*name, *value))
    };
    let script = page(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]);
    assert_eq!(code(script).await, (403, foreign));
    let link =
        page(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]).send().await.unwrap();
    assert_eq!(link.status(), StatusCode::OK);
    let policy = link.headers()["content-security-policy"].to_str().unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
}
