//! The server on real sockets: the layers around every lab's routes, tested with well-behaved and hostile clients.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use kit::config::Limits;
use kit::none::NoAuthentication;
use kit::{App, Clock, Config, Origin, Origins, Serving};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// A running server of the baseline design.
struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        let listener = TcpListener::bind(config.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let origins = Origins::new(&config.origins, address, "none");
        let app = App::new(NoAuthentication::default(), &config, Clock::system(), origins).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(kit::serve(
            listener,
            kit::router(app, Router::new()),
            Serving::from(&config),
            async {
                let _ = stopped.await;
            },
        ));
        Self { address, stop: Some(stop), serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of its own and reads until the server closes it.
    async fn exchange(&self, request: &str) -> String {
        let mut connection = self.connect().await;
        connection.write_all(request.as_bytes()).await.unwrap();
        everything(&mut connection).await
    }

    fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }
}

async fn everything(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A server that refuses an oversized request may reset the connection if the client's bytes are unread.
    let _ = timeout(PATIENCE, connection.read_to_end(&mut bytes)).await.expect("the server closes in time");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))
}

#[tokio::test]
async fn every_answer_has_an_id_and_only_public_ones_may_be_stored() {
    let server = Server::start(|_| {}).await;
    let me = server.exchange(&get("/me")).await;
    assert!(me.starts_with("HTTP/1.1 200"), "{me}");
    assert_eq!(header(&me, "cache-control"), Some("no-store"));
    assert_eq!(header(&me, "x-request-id").map(str::len), Some(16));
    for path in ["/lab", "/health/live", "/health/ready"] {
        let answer = server.exchange(&get(path)).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        assert_eq!(header(&answer, "cache-control"), None, "{path}");
    }
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_problems_too() {
    let server = Server::start(|_| {}).await;
    let unknown = server.exchange(&get("/nowhere")).await;
    assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");
    assert_eq!(header(&unknown, "content-type"), Some("application/problem+json"));
    let wrong = server.exchange(&get("/auth/login")).await;
    assert!(wrong.starts_with("HTTP/1.1 405"), "{wrong}");
    assert_eq!(header(&wrong, "content-type"), Some("application/problem+json"));
    assert_eq!(header(&wrong, "allow"), Some("POST"));
}

#[tokio::test]
async fn two_host_headers_are_malformed_even_if_they_agree() {
    let server = Server::start(|_| {}).await;
    let twice = get("/me").replace("host: localhost\r\n", "host: localhost\r\nhost: localhost\r\n");
    assert!(server.exchange(&twice).await.starts_with("HTTP/1.1 400"));
    assert!(server.exchange(&get("/me")).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_request_of_http_1_1_names_exactly_one_host() {
    let server = Server::start(|_| {}).await;
    let with =
        |version: &str, hosts: &str| format!("GET /me HTTP/{version}\r\n{hosts}connection: close\r\n\r\n");
    for hosts in ["host: localhost\r\n", "host: [::1]:8080\r\n", "host: app.example:443\r\n"] {
        let answer = server.exchange(&with("1.1", hosts)).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{hosts:?}: {answer}");
    }
    // HTTP/1.0 had no Host header (RFC 9112 §3.2).
    assert!(server.exchange(&with("1.0", "")).await.starts_with("HTTP/1.0 200"));
    for (hosts, detail) in [
        ("", "There is no Host header."),
        ("host:\r\n", "The Host header does not contain a valid host."),
        ("host: a b\r\n", "The Host header does not contain a valid host."),
        ("host: ann@a\r\n", "The Host header does not contain a valid host."),
        ("host: a:b\r\n", "The Host header does not contain a valid host."),
        ("host: a\r\nhost: a\r\n", "There are two Host headers."),
    ] {
        let answer = server.exchange(&with("1.1", hosts)).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{hosts:?}: {answer}");
        assert_eq!(header(&answer, "content-type"), Some("application/problem+json"), "{hosts:?}");
        assert!(answer.contains(detail), "{hosts:?}: {answer}");
    }
    assert!(server.exchange(&with("1.0", "host: a b\r\n")).await.starts_with("HTTP/1.0 400"));
}

#[tokio::test]
async fn every_answer_is_kept_from_being_sniffed_and_framed_and_https_is_asked_for_where_it_is_spoken() {
    let [https, www, plain] = ["https://app.example", "https://www.app.example", "http://app.example"]
        .map(|text| text.parse::<Origin>().unwrap());
    let year = Some("max-age=31536000");
    for (origins, expected) in [
        (vec![https.clone()], year),
        (vec![https.clone(), www], year),
        (vec![https, plain], None),
        (vec![], None),
    ] {
        let server = Server::start(|config| config.origins.clone_from(&origins)).await;
        for path in ["/me", "/lab", "/health/live", "/openapi.json", "/nowhere", "/auth/login"] {
            let answer = server.exchange(&get(path)).await;
            assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"), "{path}");
            let policy = header(&answer, "content-security-policy");
            assert_eq!(policy, Some("default-src 'none'; frame-ancestors 'none'"), "{path}");
            assert_eq!(header(&answer, "strict-transport-security"), expected, "{path}: {origins:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_pipelines_and_never_reads_is_cut_and_gives_its_place_to_the_next() {
    let server = Server::start(|config| {
        config.limits.connections = 1;
        config.limits.write_timeout = Duration::from_millis(200);
    })
    .await;
    let mut deaf = server.connect().await;
    let asked = get("/openapi.json").replace("connection: close\r\n", "");
    let writing = tokio::spawn(async move {
        // The client reads no response, so the server's end of the connection fills up, and then this one.
        while deaf.write_all(asked.as_bytes()).await.is_ok() {}
    });
    assert!(server.exchange(&get("/me")).await.starts_with("HTTP/1.1 200"));
    timeout(PATIENCE, writing).await.expect("the connection is cut").unwrap();
}

#[tokio::test]
async fn one_address_has_as_many_connections_as_it_may_and_a_trusted_proxy_as_many_as_there_are() {
    let loopback = "127.0.0.1".parse().unwrap();
    for (trusted_proxies, third_is_served) in [(vec![], false), (vec![loopback], true)] {
        let server = Server::start(|config| {
            config.limits.connections_per_address = 2;
            config.trusted_proxies.clone_from(&trusted_proxies);
        })
        .await;
        let kept = get("/me").replace("connection: close\r\n", "");
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut connection = server.connect().await;
            connection.write_all(kept.as_bytes()).await.unwrap();
            connection.read_exact(&mut [0]).await.unwrap();
            held.push(connection);
        }
        let mut third = server.connect().await;
        let _ = third.write_all(get("/me").as_bytes()).await;
        let answer = everything(&mut third).await;
        assert_eq!(answer.starts_with("HTTP/1.1 200"), third_is_served, "{answer}");
        drop(held);
        while !server.exchange(&get("/me")).await.starts_with("HTTP/1.1 200") {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn an_idle_connection_is_kept_for_longer_than_headers_may_take() {
    let server = Server::start(|config| {
        config.limits.read_timeout = Duration::from_millis(50);
        config.limits.idle_timeout = Duration::from_millis(400);
    })
    .await;
    let mut connection = server.connect().await;
    connection.write_all(get("/me").replace("connection: close\r\n", "").as_bytes()).await.unwrap();
    connection.read_exact(&mut [0]).await.unwrap();
    let start = std::time::Instant::now();
    everything(&mut connection).await;
    assert!(start.elapsed() >= Duration::from_millis(300), "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_bound_on_bodies_is_the_configured_one() {
    let server = Server::start(|config| config.limits.body_bytes = 100).await;
    let body = |length: usize| format!(r#"{{"pad":"{}"}}"#, "a".repeat(length - 10));
    let post = |body: String| {
        format!(
            "POST /auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    assert!(server.exchange(&post(body(100))).await.starts_with("HTTP/1.1 422"));
    let refused = server.exchange(&post(body(101))).await;
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
    assert!(refused.contains("The server accepts a body of at most 100 bytes."), "{refused}");
}

#[tokio::test]
async fn headers_that_never_end_are_cut_and_others_are_answered_meanwhile() {
    let server = Server::start(|config| config.limits.read_timeout = Duration::from_millis(200)).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /me HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await.unwrap();
    assert!(server.exchange(&get("/me")).await.starts_with("HTTP/1.1 200"));
    let answer = everything(&mut slow).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn headers_of_8_kb_are_read_and_400_kb_are_refused() {
    let server = Server::start(|_| {}).await;
    let padded =
        |bytes: usize| get("/me").replace("\r\n\r\n", &format!("\r\nx-pad: {}\r\n\r\n", "a".repeat(bytes)));
    assert!(server.exchange(&padded(8_000)).await.starts_with("HTTP/1.1 200"));
    let refused = server.exchange(&padded(400_000)).await;
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 431"), "{refused}");
}

#[tokio::test]
async fn the_bound_on_headers_is_the_configured_one() {
    let padded = get("/me").replace("\r\n\r\n", &format!("\r\nx-pad: {}\r\n\r\n", "a".repeat(12_000)));
    let usual = Server::start(|_| {}).await;
    assert!(usual.exchange(&padded).await.starts_with("HTTP/1.1 200"));
    let narrow = Server::start(|config| config.limits.header_bytes = 8 * 1024).await;
    let refused = narrow.exchange(&padded).await;
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 431"), "{refused}");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_answered_and_the_connection_lives_on() {
    let server = Server::start(|_| {}).await;
    let length = 1024 * 1024;
    let too_long = format!(
        "POST /auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{}",
        "a".repeat(length)
    );
    let mut connection = server.connect().await;
    connection.write_all(too_long.as_bytes()).await.unwrap();
    connection.write_all(get("/me").as_bytes()).await.unwrap();
    let answers = everything(&mut connection).await;
    assert!(answers.starts_with("HTTP/1.1 413"), "{answers}");
    assert!(answers.contains("HTTP/1.1 200"), "{answers}");
}

#[tokio::test]
async fn a_connection_beyond_the_cap_waits_until_one_is_free() {
    let server = Server::start(|config| config.limits = Limits { connections: 1, ..config.limits }).await;
    let mut first = server.connect().await;
    first.write_all(get("/me").replace("connection: close\r\n", "").as_bytes()).await.unwrap();
    let mut byte = [0];
    timeout(PATIENCE, first.read_exact(&mut byte)).await.unwrap().unwrap();

    let mut second = server.connect().await;
    second.write_all(get("/me").as_bytes()).await.unwrap();
    let early = timeout(Duration::from_millis(150), second.read_exact(&mut byte)).await;
    assert!(early.is_err(), "the second was served while the first held the only place");

    drop(first);
    assert!(everything(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_request_under_way_is_answered_when_the_server_is_told_to_stop() {
    let mut server = Server::start(|_| {}).await;
    let body = r#"{"email":"ann@example.test","password":"correct horse battery"}"#;
    let head = format!(
        "POST /auth/signup HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut connection = server.connect().await;
    connection.write_all(head.as_bytes()).await.unwrap();
    // A response on a second connection shows that the server has read the earlier bytes on the first.
    assert!(server.exchange(&get("/me")).await.starts_with("HTTP/1.1 200"));
    server.stop();
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    connection.write_all(body.as_bytes()).await.unwrap();
    assert!(everything(&mut connection).await.starts_with("HTTP/1.1 201"));
    timeout(PATIENCE, server.serving).await.expect("the server ends").unwrap();
}

#[tokio::test]
async fn a_shutdown_tells_how_many_connections_it_cut() {
    let log = kit::testing::KeptLog::at("info");
    let unfinished = "POST /auth/signup HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n";
    for (bytes, drain, told) in [
        // A connection without a request is closed without waiting for one.
        ("", PATIENCE, r#""message":"stopped: every running request was finished""#),
        (unfinished, Duration::from_millis(1), r#""cut":1"#),
    ] {
        let mut server = Server::start(|config| config.limits.drain = drain).await;
        let mut connection = server.connect().await;
        connection.write_all(bytes.as_bytes()).await.unwrap();
        // A response on a second connection shows that the server has read the earlier bytes on the first.
        assert!(server.exchange(&get("/me")).await.starts_with("HTTP/1.1 200"));
        server.stop();
        timeout(PATIENCE, &mut server.serving).await.expect("the server ends").unwrap();
        let lines = log.take();
        assert!(lines.contains(told), "{lines}");
    }
}

#[tokio::test]
async fn the_clock_moves_only_where_controls_are_on_and_only_for_this_machine() {
    let request = |host: &str, more: &str| {
        format!(
            "POST /lab/clock HTTP/1.1\r\nhost: {host}\r\n{more}connection: close\r\ncontent-type: application/json\r\n\
             content-length: 23\r\n\r\n{{\"advance_seconds\":900}}"
        )
    };
    let without = Server::start(|_| {}).await;
    assert!(without.exchange(&request("localhost", "")).await.starts_with("HTTP/1.1 404"));

    let with = Server::start(|config| config.lab_controls = true).await;
    assert!(with.exchange(&request("localhost:1", "")).await.starts_with("HTTP/1.1 200"));
    assert!(with.exchange(&request("none.localhost", "")).await.starts_with("HTTP/1.1 200"));
    assert!(with.exchange(&request("[::1]:1", "")).await.starts_with("HTTP/1.1 200"));
    assert!(with.exchange(&request("rebound.example", "")).await.starts_with("HTTP/1.1 404"));
    assert!(
        with.exchange(&request("localhost", "x-forwarded-for: 127.0.0.1\r\n"))
            .await
            .starts_with("HTTP/1.1 404")
    );
    assert!(
        with.exchange(&request("localhost", "sec-fetch-site: cross-site\r\n"))
            .await
            .starts_with("HTTP/1.1 403")
    );
}
