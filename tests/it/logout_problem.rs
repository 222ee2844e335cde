//! The logout problem as tests: what each design does with a copied credential after its user has logged out.
//!
//! That the access token still works after logout is not a fault of the tests: it is a property of the design, and the
//! subject of the course. A change of that property would have to change the lesson.

use std::time::Duration;

use harness::client::{Account, Held, Request, connections};
use harness::design::{ACCESS, Design, HYBRID, SESSION};
use kit::config::Store;
use kit::testing::private_redis;
use reqwest::{Client, Response, StatusCode};
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
    held: Held,
}

impl Person {
    async fn logged_in(lab: Design, store: Store) -> Self {
        let server = LabServer::start(lab, store).await;
        let mut person = Self { server, http: connections().expect("an HTTP client"), held: Held::default() };
        let ann = Account::named("ann");
        person.send(ann.sign_up()).await;
        let answer = person.send(ann.log_in()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        person.held = Held::received(answer).await.expect("the whole answer");
        person
    }

    async fn send(&self, request: Request) -> Response {
        request.send(&self.http, &self.server.url).await.expect("an answer")
    }

    async fn get(&self, path: &'static str) -> StatusCode {
        self.send(self.held.signed(Request::get(path))).await.status()
    }

    async fn log_out(&self) {
        let answer = self.send(self.held.signed(Request::post("/auth/logout", json!({})))).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }

    async fn refresh(&self) -> Response {
        self.send(self.held.presenting("/auth/refresh")).await
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
