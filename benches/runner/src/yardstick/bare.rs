//! What somebody would write first: plain axum and the Redis client as it comes, no kit, no limits, no checks.
//!
//! A design's distance to its bare twin is what its care costs. They answer the same bytes; they keep nobody out.

use std::io;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use harness::Failure;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use redis::aio::MultiplexedConnection;
use redis::{AsyncTypedCommands, Script};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::Yardstick;

/// The one session that there is.
pub(crate) const COOKIE: &str = "session=authlab-yardstick";
const KEY: &str = "authlab-yardstick";
/// Nothing of ours stays in somebody's Redis.
const KEPT_S: u64 = 3_600;
/// As many as a rotation gives its script.
const SCRIPT_ARGUMENTS: usize = 14;

/// The routes of one.
pub(super) async fn router(kind: Yardstick, store: Option<&str>) -> Result<Router, Failure> {
    let connection = match store {
        Some(url) => Some(redis::Client::open(url)?.get_multiplexed_async_connection().await?),
        None => None,
    };
    Ok(match (kind, connection) {
        (Yardstick::Get, Some(mut connection)) => {
            connection.set_ex(KEY, serde_json::to_string(&somebody())?, KEPT_S).await?;
            Router::new().route("/me", get(looked_up)).with_state(connection)
        }
        (Yardstick::Script, Some(connection)) => {
            // Its hash is computed once, as a store would keep it.
            let script = Script::new("return 'OK'");
            script.prepare_invoke().load_async(&mut connection.clone()).await?;
            Router::new().route("/auth/refresh", post(exchanged)).with_state((connection, script))
        }
        _ => Router::new().route("/me", get(async || Json(somebody()))),
    })
}

/// What `/me` answers, and what is stored of it.
#[derive(Serialize, Deserialize)]
struct Somebody {
    user_id: Uuid,
    email: String,
    session_id: Uuid,
}

/// What `axum::serve` does, without its graceful end.
pub(super) async fn serve(listener: TcpListener, router: Router) -> io::Result<()> {
    loop {
        let (stream, _peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            // A client that goes away is none of this server's business.
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

/// As long in JSON as everybody that a measurement signs up.
fn somebody() -> Somebody {
    let email = format!("{}@example.test", Uuid::from_u128(1).simple());
    Somebody { user_id: Uuid::from_u128(1), email, session_id: Uuid::from_u128(2) }
}

async fn looked_up(
    State(mut connection): State<MultiplexedConnection>,
    headers: HeaderMap,
) -> Result<Json<Somebody>, StatusCode> {
    let cookie = headers.get(header::COOKIE).and_then(|cookie| cookie.to_str().ok());
    let key = cookie.and_then(|cookie| cookie.strip_prefix("session=")).ok_or(StatusCode::UNAUTHORIZED)?;
    let stored = connection.get(key).await.or(Err(StatusCode::SERVICE_UNAVAILABLE))?;
    let stored = stored.ok_or(StatusCode::UNAUTHORIZED)?;
    serde_json::from_str(&stored).map(Json).or(Err(StatusCode::INTERNAL_SERVER_ERROR))
}

#[derive(Deserialize)]
struct Presented {
    refresh_token: String,
}

/// As many bytes as the hybrid's answer, and no work to make them.
#[derive(Serialize)]
struct Issued {
    token_type: &'static str,
    access_token: String,
    expires_in: u64,
    refresh_token: String,
    refresh_expires_in: u64,
    session_id: Uuid,
    user_id: Uuid,
}

/// The length of the hybrid's access token for the same person.
const ACCESS_TOKEN_CHARACTERS: usize = 420;

async fn exchanged(
    State((mut connection, script)): State<(MultiplexedConnection, Script)>,
    Json(presented): Json<Presented>,
) -> Result<Json<Issued>, StatusCode> {
    let mut call = script.prepare_invoke();
    call.key(KEY);
    (0..SCRIPT_ARGUMENTS).for_each(|_| {
        call.arg("0123456789abcdef");
    });
    let answer: String = call.invoke_async(&mut connection).await.or(Err(StatusCode::SERVICE_UNAVAILABLE))?;
    Ok(Json(Issued {
        token_type: "Bearer",
        access_token: answer.repeat(ACCESS_TOKEN_CHARACTERS / 2),
        expires_in: 900,
        refresh_token: presented.refresh_token,
        refresh_expires_in: 2_592_000,
        session_id: Uuid::from_u128(2),
        user_id: Uuid::from_u128(1),
    }))
}
