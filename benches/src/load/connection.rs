//! One HTTP/1.1 connection of the generator, which carries one request at a time.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::answer::Answer;
use super::outcome::Outcome;
use super::tally::SharedTally;
use super::target::Target;

/// How long a connection waits before it tries again to reach a server that refuses it, so that the loop does not spin.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);

pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Opens a connection with Nagle's algorithm off, which would delay small requests.
    pub(super) async fn open(target: &Target) -> io::Result<Self> {
        let stream = TcpStream::connect(target.address()).await?;
        stream.set_nodelay(true)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // The driver's error is also the error of the request it breaks, where it is counted.
        tokio::spawn(driver);
        Ok(Self { sender })
    }

    /// Opens a lost connection again and counts each attempt; false when no attempt succeeded before `end`.
    pub(super) async fn reopen(&mut self, target: &Target, tally: &SharedTally, end: Instant) -> bool {
        loop {
            match Self::open(target).await {
                Ok(connection) => {
                    tally.lock().errors.reconnects += 1;
                    *self = connection;
                    return true;
                }
                Err(error) => tally.lock().not_connected(&error),
            }
            if Instant::now() + BETWEEN_ATTEMPTS >= end {
                return false;
            }
            tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        }
    }

    /// Whether the connection can carry another request: the server has not closed it and it did not break.
    pub(super) async fn is_open(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }

    /// Sends the target's request and reads the whole response.
    pub(super) async fn exchange(&mut self, target: &Target) -> Result<Answer, Outcome> {
        let sent = self.sender.send_request(target.request()).await;
        let response = sent.map_err(|error| Outcome::of_request(&error))?;
        let status = response.status();
        let mut body = response.into_body();
        let mut body_bytes = 0;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => body_bytes += frame.data_ref().map_or(0, |data| data.len() as u64),
                Err(_broken) if target.expects(status) => return Err(Outcome::BodyBrokeOff),
                // The status says more than the broken body of an answer that is wrong anyway.
                Err(_broken) => break,
            }
        }
        Ok(Answer { status, body_bytes })
    }
}
