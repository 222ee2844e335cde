//! The smallest HTTP server that can be built on hyper: every request has the same answer, and nothing is done for it.
//!
//! What the load generator reaches against it is the generator's own ceiling.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Its answer's body: about as long as the `/me` of a lab.
pub const BODY: &[u8] =
    br#"{"user_id":"00000000-0000-0000-0000-000000000000","email":"nobody@example.com","session_id":null}"#;

/// Answers everything with this status, until it is dropped. Boxed, so that it is compiled here and with this crate's
/// optimisation: an `async fn` is compiled where it is awaited.
///
/// # Errors
/// What the operating system says when no connection can be taken any more.
#[inline(never)]
pub fn serve(
    listener: TcpListener,
    status: StatusCode,
) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>> {
    Box::pin(run(listener, status))
}

async fn run(listener: TcpListener, status: StatusCode) -> io::Result<()> {
    loop {
        let (stream, _peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = service_fn(move |_request: Request<Incoming>| async move {
                let mut response = Response::new(Full::new(Bytes::from_static(BODY)));
                *response.status_mut() = status;
                Ok::<_, Infallible>(response)
            });
            // A client that goes away is none of this server's business.
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}
