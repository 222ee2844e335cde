//! The server of an exercise, which reports the parts that are not written yet.
//!
//! A handler that panics drops its connection, and a checker cannot tell that from a crash. In this server, and in no
//! other, a panic becomes a response: 501 `not_written` with the text of the `todo!`, or 500 with the text of any other
//! panic. A production server must reveal neither.

use std::any::Any;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{AddrParseError, SocketAddr};

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::{Clock, Config, Origins, StartError, announcement};

/// The text that `todo!` puts before its own.
const TODO: &str = "not yet implemented";

/// Serves a lab from memory until stdin ends, and announces its URL on the first line of stdout. By default it listens on a
/// free port of this machine, with lab controls that move the clock. With `--listen ADDRESS:PORT` it listens there, and has
/// lab controls only on a loopback address.
///
/// # Errors
/// The argument of `--listen` is not an address, the address is taken, or the router cannot be built.
pub async fn run(
    name: &str,
    router: impl AsyncFnOnce(&Config, Clock, Origins) -> Result<Router, StartError>,
) -> Result<(), Box<dyn Error>> {
    // The response contains the panic's text, so it need not be on stderr too.
    std::panic::set_hook(Box::new(|_| {}));
    let config = Config::default();
    let listen = listen(std::env::args().skip(1))?.unwrap_or(config.listen);
    let config = Config { listen, lab_controls: listen.ip().is_loopback(), ..config };
    let listener = TcpListener::bind(config.listen).await?;
    let bound = listener.local_addr()?;
    let origins = Origins::new(&[], bound, name);
    let router = telling(router(&config, Clock::system(), origins).await?);
    println!("{}", announcement::line(config.log, bound));
    std::io::stdout().flush()?;
    crate::serve(listener, router, config.limits, stdin_ends()).await;
    Ok(())
}

/// The address after `--listen`, if there is one.
fn listen(mut arguments: impl Iterator<Item = String>) -> Result<Option<SocketAddr>, AddrParseError> {
    if arguments.next().is_none_or(|name| name != "--listen") {
        return Ok(None);
    }
    arguments.next().unwrap_or_default().parse().map(Some)
}

/// Routes whose panics become responses.
pub fn telling(router: Router) -> Router {
    router.layer(from_fn(told))
}

async fn told(request: Request, next: Next) -> Response {
    // In a task of its own, because awaiting a task reports its panic.
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(broken) => match broken.try_into_panic() {
            Ok(panic) => answer(text_of(&*panic)),
            Err(cancelled) => answer(&cancelled.to_string()),
        },
    }
}

fn answer(text: &str) -> Response {
    let (status, code, detail) = match text.strip_prefix(TODO) {
        Some(rest) => (StatusCode::NOT_IMPLEMENTED, "not_written", rest.trim_start_matches(": ").to_owned()),
        None => (StatusCode::INTERNAL_SERVER_ERROR, "internal", format!("panicked: {text}")),
    };
    let title = status.canonical_reason();
    let problem = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "code": code, "detail": detail });
    let mut response = (status, Json(problem)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}

/// Waits until stdin ends. It uses a thread, because a runtime would wait at its end for a read that never returns.
async fn stdin_ends() {
    let (tell, ended) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while matches!(std::io::stdin().read(&mut bytes), Ok(1..)) {}
        drop(tell);
    });
    // An error means that the thread has ended, which is what this waits for.
    let _ended = ended.await;
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    #[expect(clippy::todo, reason = "what an unwritten handler answers is what is tested")]
    async fn unwritten() {
        todo!("issue: the cookie")
    }

    async fn broken() {
        panic!("out of bounds")
    }

    async fn get_of(path: &str) -> (StatusCode, serde_json::Value) {
        let routes = Router::new().route("/unwritten", get(unwritten)).route("/broken", get(broken));
        let routes = telling(routes.route("/fine", get(async || Json(json!("fine")))));
        let response =
            routes.oneshot(Request::get(path).body(axum::body::Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn an_address_is_taken_where_one_stands_and_a_word_that_is_none_is_refused() {
        let read = |words: &[&str]| listen(words.iter().map(|word| (*word).to_owned()));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["--listen", "127.0.0.2:8080"]), Ok(Some(([127, 0, 0, 2], 8080).into())));
        assert!(read(&["--listen", "nowhere"]).is_err());
        assert!(read(&["--listen"]).is_err());
    }

    #[tokio::test]
    async fn what_is_not_written_what_breaks_and_what_works_are_told_apart() {
        let (status, body) = get_of("/unwritten").await;
        assert_eq!(
            (status.as_u16(), &body["code"], &body["detail"]),
            (501, &json!("not_written"), &json!("issue: the cookie"))
        );
        let (status, body) = get_of("/broken").await;
        assert_eq!(
            (status.as_u16(), &body["code"], &body["detail"]),
            (500, &json!("internal"), &json!("panicked: out of bounds"))
        );
        assert_eq!(get_of("/fine").await, (StatusCode::OK, json!("fine")));
    }
}
