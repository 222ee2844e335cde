//! A small in-memory server that follows the contract and can be told to misbehave in one named way.
//!
//! It is not an example of how to write a server: its purpose is to give each check a server that must fail. Its
//! descriptor states its design. A fault is a name from `conformance::faults`, tested where the correct behaviour is
//! implemented.

mod flows;
mod hearing;
mod listed;
mod model;
mod refreshing;
mod tabs;
mod tokens;
mod wire;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use aws_lc_rs::pbkdf2;
use http_body_util::{BodyExt, Full};
use hyper::header::{COOKIE, HeaderMap};
use hyper::{Request, Response, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Mutex,
    task::JoinHandle,
};

use conformance::Design;
use hearing::Hearing;
pub(crate) use model::LIVE_CHECK;
use model::Model;
use wire::{Ask, Reply};

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Starts a server with this design and this fault (`""` for no fault) on an ephemeral port.
    pub(crate) async fn start(design: Design, fault: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let model = Arc::new(Mutex::new(Model::new(design, fault, url.clone())));
        let task = tokio::spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                tokio::spawn(serve(stream, peer, Arc::clone(&model), fault));
            }
        });
        Server { url, task }
    }
}

async fn serve(mut stream: TcpStream, _peer: SocketAddr, model: Arc<Mutex<Model>>, fault: &'static str) {
    drop(stream.set_nodelay(true));
    if believes_nonsense(&stream, fault).await {
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await);
        return;
    }
    let bounds = if fault == "headers-unbounded" { (1 << 20, 1000) } else { (32 * 1024, 100) };
    let service = service_fn(|request| answer(request, Arc::clone(&model), fault));
    let serving = http1::Builder::new()
        .max_buf_size(bounds.0)
        .max_headers(bounds.1)
        .serve_connection(TokioIo::new(Hearing::of(stream, fault == "deaf-clients-kept")), service);
    drop(serving.await);
}

/// Two faults that the HTTP library would not allow in a handler: they happen before it reads the bytes.
async fn believes_nonsense(stream: &TcpStream, fault: &str) -> bool {
    if fault != "nonsense-is-http" && fault != "two-lengths-taken" {
        return false;
    }
    let mut start = [0; 1024];
    let read = stream.peek(&mut start).await.unwrap_or(0);
    let start = String::from_utf8_lossy(&start[..read]).to_lowercase();
    match fault {
        "nonsense-is-http" => {
            !start.contains("http/1.1\r\nhost") && !start.contains("http/1.1\r\n") && read > 0
        }
        _ => start.matches("content-length").count() > 1,
    }
}

async fn answer(
    request: Request<Incoming>,
    model: Arc<Mutex<Model>>,
    fault: &'static str,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (mut parts, body) = request.into_parts();
    let announced = parts.headers.contains_key("content-length");
    let body = body.collect().await?.to_bytes();
    cookies_lost(&mut parts.headers, fault);
    let ask = Ask::new(parts, body.to_vec(), announced);
    if fault == "key-address-called"
        && let Some(address) = ask.bearer().and_then(|token| tokens::address_in(&token))
    {
        drop(TcpStream::connect(address).await);
    }
    let reply = match fault {
        "sign-up-races" | "refresh-races" | "me-resurrects" => raced(&ask, &model, fault).await,
        "all-wait-for-hashing" => {
            let mut model = model.lock().await;
            if model.hashing(&ask).is_some() {
                hash();
            }
            model.answer(&ask)
        }
        _ => {
            let hashing = model.lock().await.hashing(&ask);
            if let Some(hashing) = hashing {
                // Hashes are computed one at a time, and only logins wait for them.
                let _turn = hashing.acquire().await.unwrap();
                tokio::task::spawn_blocking(hash).await.unwrap();
            }
            model.lock().await.answer(&ask)
        }
    };
    Ok(reply.finish(&ask, fault))
}

/// Two faults in reading the `Cookie` header.
fn cookies_lost(headers: &mut HeaderMap, fault: &str) {
    let Some(first) = headers.get(COOKIE).cloned() else { return };
    match fault {
        "one-cookie-hides-all" if first.to_str().is_err() => drop(headers.remove(COOKIE)),
        "first-cookie-line-alone" => drop(headers.insert(COOKIE, first)),
        _ => {}
    }
}

/// Simulates the cost of a password hash.
fn hash() {
    let rounds = 10_000.try_into().unwrap();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, b"salt", b"password", &mut [0; 32]);
}

/// The faults of servers that read first and write later, with time for other requests in between.
async fn raced(ask: &Ask, model: &Mutex<Model>, fault: &str) -> Reply {
    let before = model.lock().await.seen_before(ask);
    tokio::time::sleep(Duration::from_millis(15)).await;
    let mut model = model.lock().await;
    match fault {
        "me-resurrects" => {
            let reply = model.answer(ask);
            model.resurrect(ask, before);
            reply
        }
        _ => model.answer_as_seen(ask, before),
    }
}
