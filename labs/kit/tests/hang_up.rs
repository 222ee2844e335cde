//! A client that hangs up in the middle of a change: the server completes the change, or does not start it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use kit::config::AccountsAt;
use kit::none::NoAuthentication;
use kit::testing::KeptLog;
use kit::{App, Clock, Config, Origins};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use tower::ServiceExt;

struct Scene {
    router: Router,
    log: KeptLog,
    folder: TempDir,
}

impl Scene {
    async fn set() -> Self {
        let (log, folder) = (KeptLog::start(), tempfile::tempdir().unwrap());
        let accounts = AccountsAt::File(folder.path().join("accounts.sqlite"));
        let config = Config { accounts, ..Config::default() };
        let origins = Origins::new(&[], SocketAddr::from(([127, 0, 0, 1], 0)), "none");
        let app = App::new(NoAuthentication::default(), &config, Clock::system(), origins).await.unwrap();
        Self { router: kit::router(app, Router::new()), log, folder }
    }

    async fn sign_up(&self) -> StatusCode {
        let body = r#"{"email":"ann@example.test","password":"correct horse battery"}"#;
        let request = Request::post("/auth/signup").header("content-type", "application/json");
        let request = request.body(Body::from(body)).unwrap();
        self.router.clone().oneshot(request).await.unwrap().status()
    }

    /// A connection that SQLite treats like another process.
    async fn database(&self) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(self.folder.path().join("accounts.sqlite"))
            .connect()
            .await
            .unwrap()
    }

    fn told(&self) -> usize {
        KeptLog::audit_lines(&self.log.take()).len()
    }
}

#[tokio::test]
async fn a_sign_up_whose_client_hangs_up_while_the_row_is_written_is_written_and_told() {
    let scene = Scene::set().await;
    let mut database = scene.database().await;
    let lock = database.begin_with("BEGIN IMMEDIATE").await.unwrap();
    {
        let mut under_way = std::pin::pin!(scene.sign_up());
        // The log at this level shows when the hashing is over and the row's statement waits for the lock.
        while !scene.log.take().contains("the change begins") {
            let mut context = Context::from_waker(Waker::noop());
            assert!(under_way.as_mut().poll(&mut context).is_pending(), "answered in spite of the lock");
            tokio::task::yield_now().await;
        }
    }
    lock.rollback().await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while scene.told() == 0 {
        assert!(Instant::now() < deadline, "the sign-up was never told of");
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.sign_up().await, StatusCode::CONFLICT, "the account is there");
}

#[tokio::test]
async fn a_sign_up_whose_client_hangs_up_before_that_never_was() {
    let scene = Scene::set().await;
    {
        let mut under_way = std::pin::pin!(scene.sign_up());
        let mut context = Context::from_waker(Waker::noop());
        assert!(under_way.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(scene.sign_up().await, StatusCode::CREATED);
    assert_eq!(scene.told(), 1);
}
