//! The network between the browser and the server: an HTTP proxy that loses and delays messages on command, and records
//! their order.
//!
//! Each connection carries one request. A browser repeats a request by itself when a reused connection breaks, which
//! would hide a loss.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the proxy does with a request. Without a command, the request passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    /// The server never receives the request.
    LostRequest,
    /// The server processes the request, and the browser gets no response.
    LostAnswer,
    /// The browser gets the headers, including the cookie, but not the whole body.
    LostBody,
    /// The response waits until [`Network::release`].
    Late,
    /// The proxy answers 503 in place of the server.
    Unavailable,
    /// The proxy answers 401 in place of the server, like a gateway that requires a login of its own.
    Gateway,
    /// The proxy answers 201 in place of the server, like a server that created the account and could not open a
    /// session.
    NoSession,
}

/// An event that the proxy has seen, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) what: What,
    /// The request's idempotency key.
    pub(crate) key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Asked,
    /// The server answered with this status.
    Answered(u16),
    /// The proxy has decided what the browser gets of the response.
    Over,
}

/// The proxy. Clones share their state.
#[derive(Clone)]
pub(crate) struct Network(Arc<Shared>);

struct Shared {
    server: Mutex<Option<SocketAddr>>,
    fates: Mutex<HashMap<String, VecDeque<Fate>>>,
    seen: Mutex<Vec<Seen>>,
    released: watch::Sender<u64>,
}

impl Network {
    /// Accepts connections until the test's runtime ends.
    pub(crate) fn start(listener: TcpListener) -> Self {
        let network = Self(Arc::new(Shared {
            server: Mutex::default(),
            fates: Mutex::default(),
            seen: Mutex::default(),
            released: watch::Sender::new(0),
        }));
        let accepting = network.clone();
        tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                let network = accepting.clone();
                tokio::spawn(async move {
                    // An error is expected: in many tests the browser closes the connection early.
                    let _left = network.carry(browser).await;
                });
            }
        });
        network
    }

    /// Sets the address of the server; `None` while the server is down.
    pub(crate) fn lead_to(&self, server: Option<SocketAddr>) {
        *lock(&self.0.server) = server;
    }

    /// Sets what happens to the next requests to a path, in order.
    pub(crate) fn next(&self, path: &str, fates: &[Fate]) {
        lock(&self.0.fates).entry(path.to_owned()).or_default().extend(fates);
    }

    /// Cancels all commands for the next requests, and releases late responses.
    pub(crate) fn calm(&self) {
        lock(&self.0.fates).clear();
        self.release();
    }

    /// Lets every late response arrive.
    pub(crate) fn release(&self) {
        self.0.released.send_modify(|times| *times += 1);
    }

    /// All events so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.0.seen).clone()
    }

    /// The idempotency keys of all refreshes so far.
    pub(crate) fn keys(&self) -> Vec<String> {
        let asked = self.seen().into_iter().filter(|seen| seen.what == What::Asked);
        asked.filter_map(|seen| seen.key).collect()
    }

    /// The number of requests to a path so far.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.path == path && seen.what == What::Asked).count()
    }

    /// Waits until this event was seen for a path.
    pub(crate) fn until(&self, path: &str, what: What) {
        self.wait(|seen| seen.path == path && seen.what == what, 1);
    }

    /// Waits until the server has answered this many requests to a path.
    pub(crate) fn until_answers(&self, path: &str, count: usize) {
        self.wait(|seen| seen.path == path && matches!(seen.what, What::Answered(_)), count);
    }

    fn wait(&self, wanted: impl Fn(&Seen) -> bool, count: usize) {
        for _ in 0..4_000 {
            if self.seen().iter().filter(|seen| wanted(seen)).count() >= count {
                return;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(15));
        }
        panic!("waited in vain: {:#?}", self.seen());
    }

    /// Whether two requests that change the cookie were ever in progress at once.
    pub(crate) fn raced(&self) -> bool {
        let mut under_way = 0_i32;
        self.seen()
            .iter()
            .filter(|seen| seen.path.starts_with("/auth/") && seen.path != "/auth/sessions")
            .any(|seen| {
                match seen.what {
                    What::Asked => under_way += 1,
                    What::Over => under_way -= 1,
                    What::Answered(_) => {}
                }
                under_way > 1
            })
    }

    async fn carry(&self, mut browser: TcpStream) -> io::Result<()> {
        let Some(request) = read(&mut browser).await? else { return Ok(()) };
        let path = request.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
        let key = header(&request, "idempotency-key");
        let note = |what| {
            let seen = Seen { path: path.clone(), what, key: key.clone() };
            lock(&self.0.seen).push(seen);
        };
        note(What::Asked);
        let fate = lock(&self.0.fates).get_mut(&path).and_then(VecDeque::pop_front).unwrap_or(Fate::Pass);
        let mut released = self.0.released.subscribe();
        let answer = self.answer(fate, &request, &mut browser, &mut released, &note).await;
        // Recorded before the response is sent, so that the browser's reaction comes later in the record.
        note(What::Over);
        browser.write_all(&answer.unwrap_or_default()).await
    }

    /// The bytes that the browser gets: none, a response, or a part of one.
    async fn answer(
        &self,
        fate: Fate,
        request: &str,
        browser: &mut TcpStream,
        released: &mut watch::Receiver<u64>,
        note: &impl Fn(What),
    ) -> io::Result<Vec<u8>> {
        let server = *lock(&self.0.server);
        let Some(server) = server.filter(|_| fate != Fate::LostRequest) else { return Ok(Vec::new()) };
        match fate {
            Fate::Unavailable => return Ok(unavailable()),
            Fate::Gateway => return Ok(GATEWAY.to_vec()),
            Fate::NoSession => return Ok(no_session()),
            _ => {}
        }
        let mut upstream = TcpStream::connect(server).await?;
        upstream.write_all(request.replace("Connection: keep-alive", "Connection: close").as_bytes()).await?;
        let mut answer = Vec::new();
        upstream.read_to_end(&mut answer).await?;
        let status = String::from_utf8_lossy(&answer[..answer.len().min(12)]).into_owned();
        note(What::Answered(status.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)));
        match fate {
            Fate::LostAnswer => return Ok(Vec::new()),
            Fate::LostBody => answer.truncate(answer.len() - 10),
            Fate::Late => {
                // Until the test releases the response, or the browser gives up and closes the connection.
                let mut nothing = [0];
                tokio::select! {
                    _ = released.changed() => {}
                    _ = browser.read(&mut nothing) => return Ok(Vec::new()),
                }
            }
            _ => {}
        }
        Ok(answer)
    }
}

const GATEWAY: &[u8] =
    b"HTTP/1.1 401 Unauthorized\r\ncontent-type: text/html\r\ncontent-length: 9\r\nconnection: close\r\n\r\n<p>Hello.";

fn unavailable() -> Vec<u8> {
    let body = r#"{"status":503,"code":"store_unavailable","detail":"The store is away."}"#;
    let head = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1";
    format!("{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

fn no_session() -> Vec<u8> {
    let body = r#"{"user_id":"1","email":"ann@example.test","log_in":"required"}"#;
    let head = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nretry-after: 1";
    format!("{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

/// Reads a request with its body; `None` if the browser opened the connection without sending a request.
async fn read(browser: &mut TcpStream) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Ok(Some(text.into_owned()));
            }
        }
        if browser.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

fn header(request: &str, name: &str) -> Option<String> {
    let lines = request.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
