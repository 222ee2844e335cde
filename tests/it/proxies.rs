//! The checker through a real proxy: a response that the proxy gives instead of the server does not count against the
//! server.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use conformance::{Options, Outcome, Report, Target};
use harness::design::{Design, HYBRID, SESSION};
use kit::Config;
use kit::testing::{Part, found_or_skip};

use crate::labs::LabServer;

/// HAProxy in front of one server, with the rules of `labs/haproxy.cfg`. It ends when this is dropped.
struct Haproxy {
    child: Child,
    _configuration: tempfile::TempDir,
}

impl Haproxy {
    /// Starts HAProxy on a socket that listens already, so that no other program can take the port, and requests wait in
    /// the socket's queue until HAProxy is ready.
    fn start(listener: TcpListener, server: SocketAddr) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, configuration(server, folder.path())).map_err(|error| error.to_string())?;
        // The socket is passed as stdin, which is descriptor 0.
        let child = Command::new("haproxy")
            .args(["-db", "-f"])
            .arg(&file)
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("haproxy cannot be started: {error}"))?;
        Ok(Self { child, _configuration: folder })
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_gone = self.child.wait();
    }
}

/// The project's own configuration with other addresses: requests arrive at descriptor 0, status requests at a socket in
/// `folder`, and both of its servers are the one at `server`.
fn configuration(server: SocketAddr, folder: &Path) -> String {
    let status = format!("bind {}", folder.join("status").display());
    let replaced = [
        ("bind :8080", "bind fd@0".to_owned()),
        ("bind 127.0.0.1:8404", status),
        ("172.30.71.11:8080", server.to_string()),
        ("172.30.71.12:8080", server.to_string()),
    ];
    replaced.into_iter().fold(
        include_str!("../../labs/haproxy.cfg").to_owned(),
        |configuration, (own, other)| {
            assert!(configuration.contains(own), "labs/haproxy.cfg names {own}");
            configuration.replace(own, &other)
        },
    )
}

/// Starts a server behind HAProxy; `None` if there is no HAProxy.
async fn behind_haproxy(lab: Design) -> Option<(LabServer, Haproxy, String)> {
    found_or_skip(Part::Haproxy, version())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound port"));
    // The origin is that of the proxy, because pages are loaded from there.
    let server = LabServer::start_with(lab, Config::default(), std::slice::from_ref(&url)).await;
    let address = server.url.trim_start_matches("http://").parse().expect("an address");
    let haproxy = Haproxy::start(listener, address).expect("haproxy starts");
    Some((server, haproxy, url))
}

fn version() -> Result<(), String> {
    let output = Command::new("haproxy").arg("-v").stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("`haproxy -v` ends with {}", output.status)),
        Err(error) => Err(format!("haproxy cannot be started: {error}")),
    }
}

async fn judged(url: &str) -> Report {
    let target = Target::discover(url).await.expect("a lab describes itself");
    conformance::run(&target, &Options::default(), |_| {}).await.expect("the suite runs")
}

/// Sends these bytes and returns the response, up to the end of the connection.
fn said_to(url: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("a connection");
    stream.write_all(bytes).expect("the bytes go out");
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).expect("an answer and its end");
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lab_behind_haproxy_passes_every_check_that_can_be_made_there() {
    for (lab, passed) in [(HYBRID, 120), (SESSION, 78)] {
        let Some((_server, _haproxy, url)) = behind_haproxy(lab).await else { return };
        let report = judged(&url).await;
        assert!(!report.failed(), "{lab:?}: {}", report.text(false));
        assert!(report.counts.passed >= passed, "{lab:?}: {:?}", report.counts);
        let clock = report.results.iter().find(|result| result.id == "lab.clock-moves").expect("the check");
        let Outcome::Skipped { reason } = &clock.outcome else { panic!("{:?}", clock.outcome) };
        assert_eq!(
            reason,
            "the server's clock cannot be moved (the server announces lab controls, but GET /lab/clock returns 404, as it does \
             through a proxy): check the server at its own address"
        );
    }
}

/// Shows why the checker is lenient through a proxy: HAProxy repairs the version, so that the server receives a plain
/// `GET /me`. The server itself must refuse such a line, and does.
#[tokio::test(flavor = "multi_thread")]
async fn haproxy_repairs_a_version_that_the_server_itself_refuses() {
    let Some((server, _haproxy, url)) = behind_haproxy(HYBRID).await else { return };
    let asked = |url: String| {
        tokio::task::spawn_blocking(move || {
            said_to(&url, b"GET /me HTTP/9.9\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        })
    };
    let through = asked(url).await.expect("an answer");
    assert!(through.starts_with("HTTP/1.1 401 "), "{through}");
    let direct = asked(server.url.clone()).await.expect("an answer");
    assert!(direct.starts_with("HTTP/1.1 400 "), "{direct}");
}
