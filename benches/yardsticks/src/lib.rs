//! Servers that answer as the designs do, in plain axum with the Redis client as it comes: no kit, no limits, no checks.
//!
//! The distance of a design to its bare twin is what its care costs. The twins answer the same bytes, and refuse no client.
//! They are a crate of their own so that they are compiled with the optimisation of what they are compared with: what an
//! `async fn` does is compiled where it is awaited, so all that is exported here is boxed or not `async`.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use redis::aio::MultiplexedConnection;
use redis::{AsyncTypedCommands, RedisError, Script};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use uuid::Uuid;

/// The cookie of the one session that exists, as a client sends it.
pub const COOKIE: &str = "session=authlab-yardstick";
/// The session record's key in Redis.
const KEY: &str = "authlab-yardstick";
/// How long Redis keeps the record, in seconds: a measurement leaves nothing in it for good.
const KEPT_S: u64 = 3_600;
/// As many as a rotation gives its script.
const SCRIPT_ARGUMENTS: usize = 14;

/// A future that is compiled in this crate.
type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Why a twin cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum YardstickError {
    /// Redis did not answer as it should.
    #[error("Redis did not take what the yardstick needs")]
    Redis(#[from] RedisError),
    /// The session record is no JSON, which is a defect.
    #[error("the session record cannot be written")]
    Record(#[from] serde_json::Error),
}

/// `GET /me` as a plain axum route.
#[inline(never)]
pub fn bare() -> Router {
    Router::new().route("/me", get(async || Json(sample())))
}

/// The same with one GET from the Redis of this URL, for the session of [`COOKIE`]. A GET that takes longer than `deadline`
/// is answered with 503: a design has a deadline too, and its timer is part of what it costs.
///
/// # Errors
/// Where Redis does not take the session record.
#[inline(never)]
pub fn with_one_get(url: &str, deadline: Duration) -> Boxed<Result<Router, YardstickError>> {
    let url = url.to_owned();
    Box::pin(async move {
        let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
        connection.set_ex(KEY, serde_json::to_string(&sample())?, KEPT_S).await?;
        Ok(Router::new().route("/me", get(looked_up)).with_state((connection, deadline)))
    })
}

/// `POST /auth/refresh` with one run, in the Redis of this URL, of a script that does nothing.
///
/// # Errors
/// Where Redis does not take the script.
#[inline(never)]
pub fn with_one_script(url: &str) -> Boxed<Result<Router, YardstickError>> {
    let url = url.to_owned();
    Box::pin(async move {
        let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
        // Its hash is computed once, as a store would keep it.
        let script = Script::new("return 'OK'");
        script.prepare_invoke().load_async(&mut connection).await?;
        Ok(Router::new().route("/auth/refresh", post(exchanged)).with_state((connection, script)))
    })
}

/// Serves routes as `axum::serve` does, without its graceful end, until it is dropped.
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
///
/// use tokio::net::TcpListener;
///
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?)?;
/// tokio::spawn(yardsticks::serve(listener, yardsticks::bare()));
///
/// client.write_all(b"GET /me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
/// let mut response = String::new();
/// client.read_to_string(&mut response)?;
/// assert!(response.starts_with("HTTP/1.1 200 OK\r\n"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What the operating system says when no connection can be accepted any more.
#[inline(never)]
pub fn serve(listener: TcpListener, router: Router) -> Boxed<io::Result<()>> {
    Box::pin(run(listener, router))
}

/// What `/me` answers, and what is stored of it.
#[derive(Serialize, Deserialize)]
struct Me {
    user_id: Uuid,
    email: String,
    session_id: Uuid,
}

async fn run(listener: TcpListener, router: Router) -> io::Result<()> {
    loop {
        let (stream, _peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            // A client may close its connection at any time.
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

/// As long in JSON as each user that a measurement signs up.
fn sample() -> Me {
    let email = format!("{}@example.test", Uuid::from_u128(1).simple());
    Me { user_id: Uuid::from_u128(1), email, session_id: Uuid::from_u128(2) }
}

async fn looked_up(
    State((mut connection, deadline)): State<(MultiplexedConnection, Duration)>,
    headers: HeaderMap,
) -> Result<Json<Me>, StatusCode> {
    let cookie = headers.get(header::COOKIE).and_then(|cookie| cookie.to_str().ok());
    let key = cookie.and_then(|cookie| cookie.strip_prefix("session=")).ok_or(StatusCode::UNAUTHORIZED)?;
    let unavailable = || StatusCode::SERVICE_UNAVAILABLE;
    let stored = tokio::time::timeout(deadline, connection.get(key)).await.map_err(|_late| unavailable())?;
    let stored = stored.map_err(|_outage| unavailable())?;
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

/// The length of the hybrid's access token for the same user.
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
