//! A server in the test's own process whose answers the test chooses.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A server in this process, which ends with it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The Host headers that it received, all of one request in one text.
    hosts: Arc<Mutex<BTreeSet<String>>>,
}

impl Server {
    /// Starts a server that gives each request the answer for its number, counted over all connections from 1, or closes
    /// the connection for `None`.
    pub(crate) fn on(
        ip: impl Into<IpAddr>,
        answer: impl Fn(u64) -> Option<&'static str> + Copy + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((ip.into(), 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (number, hosts) = (Arc::new(AtomicU64::new(0)), Arc::<Mutex<BTreeSet<String>>>::default());
        let seen = hosts.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (number, seen) = (number.clone(), seen.clone());
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(&stream);
                    while let Some(host) = host_of_request(&mut reader) {
                        seen.lock().unwrap().insert(host);
                        let Some(answer) = answer(number.fetch_add(1, Ordering::Relaxed) + 1) else { return };
                        if (&stream).write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, hosts }
    }

    /// Like [`Server::on`], on 127.0.0.1.
    pub(crate) fn answering(answer: impl Fn(u64) -> Option<&'static str> + Copy + Send + 'static) -> Self {
        Self::on(Ipv4Addr::LOCALHOST, answer)
    }

    /// The Host headers that the server received: one text for each different request.
    pub(crate) fn hosts(&self) -> BTreeSet<String> {
        self.hosts.lock().unwrap().clone()
    }

    /// The URL that is measured.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/me", self.address)
    }
}

/// Reads one request; returns its Host headers, or `None` when the client has left.
fn host_of_request(reader: &mut BufReader<&TcpStream>) -> Option<String> {
    let (mut hosts, mut line) = (Vec::new(), String::new());
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("host") => hosts.push(value.to_owned()),
            None if line.trim_end().is_empty() => return Some(hosts.join(", ")),
            _ => {}
        }
    }
}
