//! HTTP byte by byte: one request and one answer, of which every byte is stored to be shown.
//!
//! An HTTP library would hide the subject of the lesson, so the bytes are written here. Each request has its own
//! connection; the server closes it, which marks the end of the answer.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use harness::Failure;
use harness::client::{Held, Request};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest time that one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of an answer that are read. The longest answer of a lab is a page of JSON.
const MOST: u64 = 64 * 1024;

/// A request that was sent, and its answer.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Exchange {
    pub(super) request: String,
    pub(super) response: String,
    pub(super) status: u16,
    pub(super) micros: u64,
    /// The body, if it is JSON; otherwise null.
    #[serde(skip)]
    pub(super) body: Value,
}

/// Sends a request to the server with this host name, and waits for the whole answer.
pub(super) async fn send(call: &Request, address: SocketAddr, host: &str) -> Result<Exchange, Failure> {
    let request = written(call, host);
    let began = Instant::now();
    let answered = tokio::time::timeout(PATIENCE, answer(address, &request)).await;
    let Ok(response) = answered else {
        return Err(Failure::new(format!(
            "{host} did not answer {} within {} s",
            call.path,
            PATIENCE.as_secs()
        )));
    };
    let response = response?;
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let Some(status) = status_of(&response) else {
        return Err(Failure::new(format!("{host} answered {} with something that is not HTTP", call.path)));
    };
    let body = response.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    Ok(Exchange { request, response, status, micros, body })
}

/// The bytes of a request to the server with this host name.
fn written(call: &Request, host: &str) -> String {
    let mut text = format!("{} {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n", call.method, call.path);
    for (name, value) in &call.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = call.body.as_ref().map(Value::to_string);
    if let Some(body) = &body {
        text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body.as_deref().unwrap_or_default());
    text
}

impl Exchange {
    /// The `code` of a problem document (RFC 9457 §3.2).
    pub(super) fn code(&self) -> Option<&str> {
        self.body.get("code").and_then(Value::as_str)
    }

    /// The credentials that the answer issues.
    pub(super) fn issued(&self) -> Held {
        Held::issued(self.header("set-cookie"), &self.body)
    }

    pub(super) fn is_done(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The values of a header. Field names are case-insensitive (RFC 9110 §5.1).
    pub(super) fn header<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = &'a str> {
        let head = self.response.split("\r\n\r\n").next().unwrap_or_default();
        let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.filter(move |(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    }
}

async fn answer(address: SocketAddr, request: &str) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.take(MOST).read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn status_of(response: &str) -> Option<u16> {
    response.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_request_is_written_as_http_wants_it() {
        let request = Request::post("/auth/refresh", json!({ "refresh_token": "abc" }));
        assert_eq!(
            written(&request.with(("Idempotency-Key", "k".into())), "hybrid.localhost:1"),
            "POST /auth/refresh HTTP/1.1\r\nHost: hybrid.localhost:1\r\nConnection: close\r\nIdempotency-Key: k\r\n\
             Content-Type: application/json\r\nContent-Length: 23\r\n\r\n{\"refresh_token\":\"abc\"}"
        );
    }

    async fn served(answer: &'static str) -> Result<Exchange, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 1024];
            let _ = stream.read(&mut bytes).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        send(&Request::get("/me"), address, "x").await
    }

    #[tokio::test]
    async fn an_answer_is_kept_whole_and_read() {
        let answer = "HTTP/1.1 401 Unauthorized\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n{\"code\":\"invalid_token\"}";
        let exchange = served(answer).await.unwrap();
        assert_eq!((exchange.status, exchange.code()), (401, Some("invalid_token")));
        assert_eq!(exchange.response, answer);
        assert_eq!(exchange.header("SET-COOKIE").collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert!(!exchange.is_done());
    }

    #[tokio::test]
    async fn what_is_no_http_is_a_fault_and_no_answer() {
        let sentence = served("HTTP/1.1 ?").await.unwrap_err().to_string();
        assert!(sentence.ends_with("with something that is not HTTP"), "{sentence}");
    }
}
