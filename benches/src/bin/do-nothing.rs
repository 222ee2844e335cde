//! The smallest HTTP server that can be built on hyper: every request has the same answer, and nothing is done for it.
//!
//! What the load generator reaches against it is the generator's own ceiling. It is also what the tests stop, overload and
//! let fail. `do-nothing [STATUS]` prints its address as one line, and ends when its standard input does, so that it never
//! outlives whoever started it.

use std::convert::Infallible;
use std::io::{self, Write};
use std::process::ExitCode;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// About as long as the `/me` of a lab.
const BODY: &[u8] =
    br#"{"user_id":"00000000-0000-0000-0000-000000000000","email":"nobody@example.com","session_id":null}"#;

fn main() -> ExitCode {
    let status = match std::env::args().nth(1).map(|argument| argument.parse::<StatusCode>()) {
        None => StatusCode::OK,
        Some(Ok(status)) => status,
        Some(Err(_not_a_status)) => {
            eprintln!("do-nothing: the only argument is an HTTP status, such as 503");
            return ExitCode::from(2);
        }
    };
    std::thread::spawn(end_with_standard_input);
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => match runtime.block_on(serve(status)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
        Err(error) => failed(&error),
    }
}

fn failed(error: &io::Error) -> ExitCode {
    eprintln!("do-nothing: {error}");
    ExitCode::FAILURE
}

async fn serve(status: StatusCode) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
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

fn end_with_standard_input() {
    io::copy(&mut io::stdin().lock(), &mut io::sink()).ok();
    std::process::exit(0);
}
