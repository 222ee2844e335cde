//! Servers that hyper could not provide: plain sockets that are silent, slow, or close early.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use measure::load::{Reach, Target};

pub(crate) struct Misbehaving {
    address: SocketAddr,
    departures: Receiver<()>,
}

impl Misbehaving {
    pub(crate) fn target(&self) -> Target {
        Target::get(&format!("http://{}", self.address), "/me", Reach::LoopbackOnly)
            .expect("it is on loopback")
    }

    /// Waits until a client has closed its connection.
    pub(crate) fn saw_a_client_leave(&self) -> bool {
        self.departures.recv_timeout(Duration::from_secs(5)).is_ok()
    }
}

/// A server that accepts every request and never responds.
pub(crate) fn silent() -> Misbehaving {
    serve(|mut stream, departures| {
        std::io::copy(&mut stream, &mut std::io::sink()).ok();
        departures.send(()).ok();
    })
}

/// A server that responds to one request after `delay` and closes the connection.
pub(crate) fn closing_after_each_answer(delay: Duration) -> Misbehaving {
    serve(move |stream, _departures| {
        read_request(&mut BufReader::new(&stream));
        thread::park_timeout(delay);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
        (&stream).write_all(answer).ok();
        leave(&stream);
    })
}

/// A server that responds to nine requests, closes the connection instead of responding to the tenth, and so on.
pub(crate) fn closing_instead_of_every_tenth_answer() -> Misbehaving {
    serve(|stream, _departures| {
        let mut reader = BufReader::new(&stream);
        for _ in 0..9 {
            if !read_request(&mut reader) {
                return;
            }
            (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").ok();
        }
        read_request(&mut reader);
        leave(&stream);
    })
}

/// A server that responds to each request with these bytes, whatever they are, and closes the connection.
pub(crate) fn answering(bytes: &'static [u8]) -> Misbehaving {
    serve(move |stream, _departures| {
        read_request(&mut BufReader::new(&stream));
        (&stream).write_all(bytes).ok();
        leave(&stream);
    })
}

/// Reads one request; false when the client has left.
fn read_request(reader: &mut BufReader<&TcpStream>) -> bool {
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
        line.clear();
    }
    !line.is_empty()
}

/// Closes a connection. The client must close first; otherwise a reset could discard the response.
fn leave(mut stream: &TcpStream) {
    stream.shutdown(std::net::Shutdown::Write).ok();
    stream.read_to_end(&mut Vec::new()).ok();
}

fn serve(each: impl Fn(TcpStream, Sender<()>) + Clone + Send + 'static) -> Misbehaving {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let (departed, departures) = mpsc::channel();
    // The thread ends with the test process; it owns nothing but its sockets.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (each, departed) = (each.clone(), departed.clone());
            thread::spawn(move || each(stream, departed));
        }
    });
    Misbehaving { address, departures }
}
