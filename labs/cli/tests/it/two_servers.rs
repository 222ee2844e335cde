//! Tests of two server processes with one Redis and one accounts file, which a team runs, and where races are possible.

use std::collections::BTreeMap;

use harness::client::{Account, Held, Request};
use kit::testing::private_redis;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::program::Serving;

const ACCESS_KEYS: &str = "1=an-access-key-that-is-only-used-in-this-test";
const REFRESH_KEYS: &str = "1=a-refresh-key-that-is-only-used-in-this-test";

/// Only one fleet runs at a time: a call that waits for Redis longer than half a second gets a 503, and ten fleets on
/// two cores would wait that long.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Two hybrid servers that share keys, store and accounts.
pub(crate) struct Fleet {
    servers: [Serving; 2],
    http: Client,
    _turn: tokio::sync::MutexGuard<'static, ()>,
    _redis: kit::redis::discovery::Found,
    _folder: tempfile::TempDir,
}

impl Fleet {
    async fn start() -> Option<Self> {
        Self::with(&[], &[]).await
    }

    /// Starts a fleet with additional settings and arguments.
    pub(crate) async fn with(settings: &[(&str, &str)], arguments: &[&str]) -> Option<Self> {
        let turn = TURN.lock().await;
        let redis = private_redis().await?;
        let folder = tempfile::tempdir().unwrap();
        let accounts = folder.path().join("accounts.sqlite");
        let keys = [("AUTHLAB_ACCESS_KEYS", ACCESS_KEYS), ("AUTHLAB_REFRESH_KEYS", REFRESH_KEYS)];
        let stores = ["hybrid", "--store", &redis.url, "--accounts", accounts.to_str().unwrap()];
        let server = || Serving::start(&[&keys, settings].concat(), &[&stores, arguments].concat());
        let servers = [server(), server()];
        Some(Self {
            servers,
            http: Client::builder().no_proxy().build().unwrap(),
            _turn: turn,
            _redis: redis,
            _folder: folder,
        })
    }

    pub(crate) async fn post(&self, server: usize, path: &'static str, body: &Value) -> (StatusCode, Value) {
        self.send(server, &Request::post(path, body.clone())).await
    }

    pub(crate) async fn send(&self, server: usize, request: &Request) -> (StatusCode, Value) {
        let answer = request.send(&self.http, &self.servers[server].url).await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    async fn log_in(&self) -> Value {
        let ann = Account::named("ann");
        let (status, _issued) = self.send(0, &ann.sign_up()).await;
        assert_eq!(status, StatusCode::CREATED);
        let (status, issued) = self.send(1, &ann.log_in()).await;
        assert_eq!(status, StatusCode::OK);
        issued
    }

    pub(crate) async fn me(&self, server: usize, issued: &Value) -> StatusCode {
        self.send(server, &Held::issued([], issued).signed(Request::get("/me"))).await.0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_parallel_refreshes_of_one_token_over_two_servers_give_one_successor() {
    let Some(fleet) = Fleet::start().await else { return };
    let fleet = std::sync::Arc::new(fleet);
    let issued = fleet.log_in().await;
    let body = json!({ "refresh_token": issued["refresh_token"] });
    let calls = (0..1000).map(|call| {
        let (fleet, body) = (fleet.clone(), body.clone());
        tokio::spawn(async move { fleet.post(call % 2, "/auth/refresh", &body).await })
    });
    let calls: Vec<_> = calls.collect();
    let mut successors: BTreeMap<String, usize> = BTreeMap::new();
    for call in calls {
        let (status, answer) = call.await.unwrap();
        assert_eq!(status, StatusCode::OK, "{answer}");
        *successors.entry(answer["refresh_token"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    println!(
        "1000 refreshes over two processes: {} successor(s), {:?} answers each",
        successors.len(),
        successors.values()
    );
    assert_eq!(successors.len(), 1);
    let successor = successors.keys().next().unwrap();
    assert_ne!(Some(successor.as_str()), issued["refresh_token"].as_str());

    // The token family is still valid: its one successor works on either server.
    let next = json!({ "refresh_token": successor });
    assert_eq!(fleet.post(0, "/auth/refresh", &next).await.0, StatusCode::OK);
    assert_eq!(fleet.post(1, "/auth/refresh", &next).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_issues_or_ends_the_other_knows() {
    let Some(fleet) = Fleet::start().await else { return };
    let issued = fleet.log_in().await;
    assert_eq!(fleet.me(0, &issued).await, StatusCode::OK);
    assert_eq!(fleet.me(1, &issued).await, StatusCode::OK);
    let token = json!({ "refresh_token": issued["refresh_token"] });
    let (status, _nothing) = fleet.post(0, "/auth/logout", &token).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, problem) = fleet.post(1, "/auth/refresh", &token).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::UNAUTHORIZED, Some("refresh_ended")));
}
