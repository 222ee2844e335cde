//! One HTTP/1.1 connection of the generator's own, and one request over it at a time.

use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::StatusCode;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Target;

/// An answer whose body was read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body_bytes: u64,
}

pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Opens a connection without Nagle's delay, which would hold small requests back.
    pub(super) async fn open(target: &Target) -> io::Result<Self> {
        let stream = TcpStream::connect(target.address()).await?;
        stream.set_nodelay(true)?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // The driver's error is also the error of the request it breaks, where it is counted.
        tokio::spawn(driver);
        Ok(Self { sender })
    }

    /// Whether the server has closed it, or it broke.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends the target's request and reads the whole answer.
    pub(super) async fn exchange(&mut self, target: &Target) -> hyper::Result<Answer> {
        self.sender.ready().await?;
        let response = self.sender.send_request(target.request()).await?;
        let status = response.status();
        let mut body = response.into_body();
        let mut body_bytes = 0;
        while let Some(frame) = body.frame().await {
            body_bytes += frame?.data_ref().map_or(0, |data| data.len() as u64);
        }
        Ok(Answer { status, body_bytes })
    }
}
