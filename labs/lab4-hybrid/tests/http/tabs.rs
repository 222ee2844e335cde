//! Tests of tabs of one browser: late responses, after another tab has logged in, signed up, logged out or changed the
//! password.
//!
//! A browser applies a response's `Set-Cookie` when the response arrives. So a late response is one whose cookies are
//! applied after those of a request that was sent later.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use crate::server::{Answer, OWN, PASSWORD, Server, WINDOW, clearing};

const EMAIL: &str = "ann@example.test";

/// The cookies of a browser (RFC 6265 §5.3): one for each name, set by the last response that arrived.
#[derive(Clone, Default)]
struct Jar(BTreeMap<String, String>);

impl Jar {
    fn of(answer: &Answer) -> Self {
        let mut jar = Self::default();
        jar.hear(answer);
        jar
    }

    /// Applies the cookies of a response.
    fn hear(&mut self, answer: &Answer) {
        for line in answer.set_cookies() {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => self.0.remove(name),
                value => self.0.insert(name.to_owned(), value.to_owned()),
            };
        }
    }

    fn header(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    async fn post(&self, server: &Server, path: &str, body: Value) -> Answer {
        server.post(path, &[("cookie", &self.header()), OWN], body).await
    }

    async fn refresh(&self, server: &Server) -> Answer {
        self.post(server, "/auth/refresh", Value::Null).await
    }

    async fn log_in(&self, server: &Server) -> Answer {
        server.log_in(&[("cookie", &self.header()), OWN], "web").await
    }
}

/// A browser that is logged in, and the response to a refresh, which has not arrived yet.
async fn waiting() -> (Server, Jar, Answer) {
    let server = Server::start().await;
    let jar = Jar::of(&server.sign_up(EMAIL, "web").await);
    server.clock.advance(WINDOW);
    let late = jar.refresh(&server).await;
    assert_eq!((late.status, late.set_cookies().len()), (StatusCode::OK, 1));
    (server, jar, late)
}

/// Expects that the browser continues with the session of a response.
async fn goes_on_with(server: &Server, jar: &mut Jar, session: &Answer) {
    server.clock.advance(WINDOW);
    let next = jar.refresh(server).await;
    assert_eq!(next.status, StatusCode::OK, "{}", next.json);
    assert_eq!(next.json["session_id"], session.json["session_id"]);
    jar.hear(&next);
}

#[tokio::test]
async fn the_late_answer_of_a_refresh_displaces_no_log_in_of_another_tab() {
    let (server, mut jar, late) = waiting().await;
    let newer = jar.log_in(&server).await;
    jar.hear(&newer);
    jar.hear(&late);
    assert_eq!(jar.0.len(), 2, "the late answer brings the ended session's cookie back");
    goes_on_with(&server, &mut jar, &newer).await;
}

#[tokio::test]
async fn the_late_answer_of_a_refresh_displaces_no_sign_up_and_no_new_password_of_another_tab() {
    let (server, mut jar, late) = waiting().await;
    let body = json!({"email": "bob@example.test", "password": PASSWORD, "client": "web"});
    let signed_up = jar.post(&server, "/auth/signup", body).await;
    assert_eq!(signed_up.status, StatusCode::CREATED);
    jar.hear(&signed_up);
    jar.hear(&late);
    goes_on_with(&server, &mut jar, &signed_up).await;

    let late = jar.refresh(&server).await;
    let change = json!({"current_password": PASSWORD, "new_password": "another horse battery"});
    let headers = [("authorization", signed_up.access()), ("cookie", jar.header())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let changed = server.post("/auth/password", &headers, change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.json);
    jar.hear(&changed);
    jar.hear(&late);
    goes_on_with(&server, &mut jar, &changed).await;
}

#[tokio::test]
async fn the_late_answer_of_a_log_out_takes_no_newer_log_in_away() {
    let (server, mut jar, _) = waiting().await;
    let late = jar.post(&server, "/auth/logout", Value::Null).await;
    assert_eq!(late.status, StatusCode::NO_CONTENT);
    let newer = jar.log_in(&server).await;
    jar.hear(&newer);
    jar.hear(&late);
    goes_on_with(&server, &mut jar, &newer).await;
}

#[tokio::test]
async fn of_two_log_ins_at_once_the_newer_counts_though_its_answer_comes_first() {
    for newer_arrives_first in [true, false] {
        let (server, mut jar) = (Server::start().await, Jar::default());
        server.sign_up(EMAIL, "mobile").await;
        let (older, newer) = (jar.log_in(&server).await, jar.log_in(&server).await);
        let answers = if newer_arrives_first { [&newer, &older] } else { [&older, &newer] };
        answers.into_iter().for_each(|answer| jar.hear(answer));
        goes_on_with(&server, &mut jar, &newer).await;
    }
}

#[tokio::test]
async fn a_session_that_has_ended_gives_way_to_an_older_one_that_is_alive_and_its_cookie_is_cleared() {
    let (server, mut jar) = (Server::start().await, Jar::default());
    server.sign_up(EMAIL, "mobile").await;
    let (older, newer) = (jar.log_in(&server).await, jar.log_in(&server).await);
    [&older, &newer].into_iter().for_each(|answer| jar.hear(answer));
    // Sent by another device.
    server.post("/auth/logout", &[("cookie", &newer.cookie()), OWN], Value::Null).await;
    let next = jar.refresh(&server).await;
    assert_eq!(next.json["session_id"], older.json["session_id"]);
    assert_eq!(next.set_cookies()[0], clearing(&newer.cookie()));
    jar.hear(&next);
    assert_eq!(jar.header(), next.cookie());
}

#[tokio::test]
async fn where_every_session_has_ended_the_newest_one_is_refused_and_nothing_is_cleared() {
    let (server, jar, late) = waiting().await;
    let mut jar = jar;
    let newer = jar.log_in(&server).await;
    jar.hear(&newer);
    jar.hear(&late);
    let out = jar.post(&server, "/auth/logout", Value::Null).await;
    assert_eq!(out.set_cookies().len(), 2);
    jar.refresh(&server).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    jar.hear(&out);
    assert_eq!(jar.header(), "");
}

#[tokio::test]
async fn a_log_out_ends_every_session_that_the_browser_has() {
    let (server, mut jar) = (Server::start().await, Jar::default());
    server.sign_up(EMAIL, "mobile").await;
    let (one, other) = (jar.log_in(&server).await, jar.log_in(&server).await);
    [&one, &other].into_iter().for_each(|answer| jar.hear(answer));
    let out = jar.post(&server, "/auth/logout", Value::Null).await;
    assert_eq!((out.status, out.set_cookies().len()), (StatusCode::NO_CONTENT, 2));
    for ended in [&one, &other] {
        server.refresh_page(&ended.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    }
}

#[tokio::test]
async fn a_log_in_ends_and_clears_every_session_that_came_along() {
    let (server, mut jar) = (Server::start().await, Jar::default());
    server.sign_up(EMAIL, "mobile").await;
    let (one, other) = (jar.log_in(&server).await, jar.log_in(&server).await);
    [&one, &other].into_iter().for_each(|answer| jar.hear(answer));
    let newest = jar.log_in(&server).await;
    jar.hear(&newest);
    assert_eq!(jar.header(), newest.cookie());
    for ended in [&one, &other] {
        server.refresh_page(&ended.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    }
}

/// The cookie that a server of an earlier version would have set, which knows only this name.
fn of_earlier_version(answer: &Answer) -> String {
    format!("__Host-refresh={}", answer.cookie().split_once('=').unwrap().1)
}

#[tokio::test]
async fn a_session_of_an_earlier_version_keeps_its_cookies_name_until_the_next_log_in() {
    let server = Server::start().await;
    let old = of_earlier_version(&server.sign_up(EMAIL, "web").await);
    server.clock.advance(WINDOW);
    // During a rolling upgrade, a server of an earlier version may get the next request.
    let renewed = server.refresh_page(&old).await;
    assert!(renewed.cookie().starts_with("__Host-refresh=rt1."));
    let newer = server.log_in(&[("cookie", &renewed.cookie()), OWN], "web").await;
    assert_eq!(newer.set_cookies()[0], clearing("__Host-refresh"));
    // A late response to the old session's refresh sets its cookie again.
    let mut jar = Jar::of(&newer);
    jar.hear(&renewed);
    goes_on_with(&server, &mut jar, &newer).await;
}

#[tokio::test]
async fn a_cookie_of_ours_is_found_beside_many_that_are_not() {
    let server = Server::start().await;
    let page = server.sign_up(EMAIL, "web").await;
    let mut cookies: Vec<String> =
        (0..100).map(|number| format!("__Host-refresh-{number:012x}=rt1.garbage")).collect();
    cookies.push(page.cookie());
    let renewed = server.refresh_page(&cookies.join("; ")).await;
    assert_eq!(renewed.json["session_id"], page.json["session_id"]);
}

#[tokio::test]
async fn one_request_has_the_store_look_at_eight_sessions_and_no_more() {
    let server = Server::start().await;
    let mut jar = Jar::of(&server.sign_up(EMAIL, "web").await);
    let mut ended = Vec::new();
    for _ in 0..8 {
        let one = server.log_in(&[], "web").await;
        server.post("/auth/logout", &[("cookie", &one.cookie()), OWN], Value::Null).await;
        jar.hear(&one);
        ended.push(one);
    }
    jar.refresh(&server).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    // With one cookie fewer, the live session is among those that the server considers.
    jar.0.remove(ended[0].cookie().split_once('=').unwrap().0);
    let renewed = jar.refresh(&server).await;
    assert_eq!((renewed.status, renewed.set_cookies().len()), (StatusCode::OK, 8));
}
