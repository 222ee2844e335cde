//! The logout problem as tests: what each design does with a copied credential after its user has logged out.
//!
//! That the access token still works after logout is not a fault of the tests: it is a property of the design, and the
//! subject of the course. A change of that property would have to change the lesson.

use std::time::Duration;

use harness::design::{ACCESS, Design, HYBRID, SESSION};
use kit::config::Store;
use kit::testing::private_redis;
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::containers::RedisContainer;
use crate::labs::LabServer;

/// The access token's lifetime in the course.
const ACCESS_TTL: Duration = Duration::from_secs(15 * 60);
/// The time that a test may take between two of its steps, so that a slow machine does not miss the boundary.
const MARGIN: Duration = Duration::from_secs(30);

/// The client of a user; the attacker has a copy of everything that it stores.
struct Person {
    server: LabServer,
    http: Client,
    cookie: Option<String>,
    issued: Value,
}

impl Person {
    async fn logged_in(lab: Design, store: Store) -> Self {
        let server = LabServer::start(lab, store).await;
        let http = Client::builder().no_proxy().build().expect("a client");
        let person = json!({ "email": "ann@example.test", "password": "correct horse battery" });
        for path in ["/auth/signup", "/auth/login"] {
            let answer =
                http.post(format!("{}{path}", server.url)).json(&person).send().await.expect("an answer");
            if path == "/auth/login" {
                assert_eq!(answer.status(), StatusCode::OK);
                let cookie = answer.headers().get(SET_COOKIE).map(|cookie| {
                    let text = cookie.to_str().expect("a cookie is text");
                    text.split(';').next().expect("a cookie has a pair").to_owned()
                });
                return Self { server, http, cookie, issued: answer.json().await.expect("JSON") };
            }
        }
        unreachable!("the loop returns at the log-in")
    }

    fn with_credential(&self, request: RequestBuilder) -> RequestBuilder {
        match (&self.cookie, self.issued["access_token"].as_str()) {
            (Some(cookie), _) => request.header(COOKIE, cookie).header("sec-fetch-site", "same-origin"),
            (None, Some(token)) => request.bearer_auth(token),
            (None, None) => panic!("the log-in gave no credential"),
        }
    }

    async fn get(&self, path: &str) -> StatusCode {
        let request = self.with_credential(self.http.get(format!("{}{path}", self.server.url)));
        request.send().await.expect("an answer").status()
    }

    async fn log_out(&self) {
        let request = self.with_credential(self.http.post(format!("{}/auth/logout", self.server.url)));
        assert_eq!(request.send().await.expect("an answer").status(), StatusCode::NO_CONTENT);
    }

    async fn refresh(&self) -> Response {
        let body = json!({ "refresh_token": self.issued["refresh_token"] });
        self.http
            .post(format!("{}/auth/refresh", self.server.url))
            .json(&body)
            .send()
            .await
            .expect("an answer")
    }
}

async fn a_session_dies_at_once(store: Store) {
    let person = Person::logged_in(SESSION, store).await;
    assert_eq!(person.get("/me").await, StatusCode::OK);
    person.log_out().await;
    assert_eq!(person.get("/me").await, StatusCode::UNAUTHORIZED);
}

async fn an_access_token_alone_lives_until_it_expires(store: Store) {
    let person = Person::logged_in(ACCESS, store).await;
    person.log_out().await;
    assert_eq!(person.get("/me").await, StatusCode::OK);
    person.server.clock.advance(ACCESS_TTL - MARGIN);
    assert_eq!(person.get("/me").await, StatusCode::OK);
    person.server.clock.advance(MARGIN);
    assert_eq!(person.get("/me").await, StatusCode::UNAUTHORIZED);
}

async fn the_hybrids_refresh_token_dies_at_once_and_its_access_token_when_it_expires(store: Store) {
    let person = Person::logged_in(HYBRID, store).await;
    assert_eq!(person.refresh().await.status(), StatusCode::OK);
    person.log_out().await;

    let refused = person.refresh().await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.json::<Value>().await.expect("JSON")["code"], "refresh_ended");
    // An endpoint that asks the store refuses the access token too; one that only checks the signature cannot.
    assert_eq!(person.get("/auth/sessions").await, StatusCode::UNAUTHORIZED);
    assert_eq!(person.get("/me").await, StatusCode::OK);
    person.server.clock.advance(ACCESS_TTL - MARGIN);
    assert_eq!(person.get("/me").await, StatusCode::OK);
    person.server.clock.advance(MARGIN);
    assert_eq!(person.get("/me").await, StatusCode::UNAUTHORIZED);
}

async fn logout_problem(store: Store) {
    a_session_dies_at_once(store.clone()).await;
    an_access_token_alone_lives_until_it_expires(store.clone()).await;
    the_hybrids_refresh_token_dies_at_once_and_its_access_token_when_it_expires(store).await;
}

#[tokio::test]
async fn the_logout_problem_in_memory() {
    logout_problem(Store::Memory).await;
}

#[tokio::test]
async fn the_logout_problem_on_a_local_redis() {
    let Some(redis) = private_redis().await else { return };
    logout_problem(Store::Redis(redis.url.clone())).await;
}

#[tokio::test]
async fn the_logout_problem_on_a_redis_in_a_container() {
    let Some(redis) = RedisContainer::start().await else { return };
    logout_problem(Store::Redis(redis.url.clone())).await;
}
