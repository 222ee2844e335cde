//! A server that cannot be checked gives an error of one sentence that says what to do, and never a panic.

use std::time::{Duration, Instant};

use conformance::{BaseUrlError, Descriptor, Design, Error, Feature, Options, Target, run};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::checker_server::Server;

async fn refused(url: &str) -> Error {
    Target::discover(url).await.unwrap_err()
}

#[tokio::test]
async fn an_https_url_is_refused_with_a_sentence() {
    let error = refused("https://example.test").await;
    assert!(matches!(error, Error::BaseUrl(BaseUrlError::Tls { .. })));
    assert!(error.to_string().contains("give the server's http:// address"));
}

#[tokio::test]
async fn text_that_is_no_http_url_is_refused() {
    assert!(matches!(refused("nonsense").await, Error::BaseUrl(BaseUrlError::NotAUrl { .. })));
    assert!(matches!(refused("http://").await, Error::BaseUrl(BaseUrlError::NotAUrl { .. })));
    assert!(matches!(refused("ftp://127.0.0.1").await, Error::BaseUrl(BaseUrlError::NotAnHttpUrl { .. })));
}

#[tokio::test]
async fn a_port_without_a_server_is_unreachable() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = refused(&url).await;
    assert!(matches!(error, Error::Unreachable { .. }));
    assert_eq!(
        error.to_string(),
        format!("cannot connect to {url}: start the server, or correct the address")
    );
}

#[tokio::test]
async fn a_server_of_another_protocol_is_told_from_an_http_server() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(stream.write_all(b"+PONG\r\n-ERR unknown command\r\n").await);
        }
    });
    assert!(matches!(refused(&url).await, Error::NotHttp { .. }));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_on() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let began = Instant::now();
    assert!(matches!(refused(&url).await, Error::Silent { .. }));
    assert!(began.elapsed() < Duration::from_secs(15));
    drop(listener);
}

#[tokio::test]
async fn a_server_without_a_descriptor_is_judged_by_flags() {
    let server = Server::start(Design::Access, "").await;
    let below = format!("{}/nowhere", server.url);
    assert!(matches!(refused(&below).await, Error::NoDescriptor { status: 404, .. }));
    let target =
        Target::described(&server.url, Descriptor::described("mine", [Feature::AccessJwt])).await.unwrap();
    let only = |name: &str| Options { only: vec![name.to_owned()], ..Options::default() };
    let report = run(&target, &only("me"), |_| ()).await.unwrap();
    assert_eq!((report.counts.failed, report.counts.passed), (0, 8), "{}", report.text(false));
    assert!(matches!(run(&target, &only("nonsense"), |_| ()).await, Err(Error::NoSuchCheck { .. })));
}

#[tokio::test]
async fn an_attack_that_gets_503_is_undecided() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer =
                b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            // Read first: a connection that closes with unread bytes is reset, and the response is lost.
            drop(stream.read(&mut [0; 4096]).await);
            drop(stream.write_all(answer).await);
        }
    });
    let target = Target::described(&url, Descriptor::described("mine", [Feature::AccessJwt])).await.unwrap();
    let only = Options { only: vec!["access.alg-none".to_owned()], ..Options::default() };
    let report = run(&target, &only, |_| ()).await.unwrap();
    assert!(report.failed());
    assert_eq!((report.counts.undecided, report.counts.failed), (1, 0), "{}", report.text(false));
    assert!(report.attack_text(false).ends_with("\n0 attacks got in, 1 undecided, 0 kept out\n"));
}

#[test]
fn an_unknown_feature_names_those_that_exist() {
    let error = "cookies".parse::<Feature>().unwrap_err().to_string();
    assert!(
        error.starts_with(
            "`cookies` is not a feature of the contract: choose from session-cookie, access-jwt"
        )
    );
    assert_eq!("access-jwt".parse::<Feature>().unwrap(), Feature::AccessJwt);
}
