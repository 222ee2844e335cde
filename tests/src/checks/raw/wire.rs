//! Bytes written to a socket, and the response to them.

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    excerpt::cut,
    outcome::request_line,
    prelude::{Outcome, Stage, Verdict},
};

/// How long a server may take to respond to a malformed request, or to close its connection.
const WITHIN: Duration = Duration::from_secs(5);
const READ_CAP: usize = 64 * 1024;

/// The response to bytes that were sent.
pub(super) struct Heard {
    sent: String,
    /// `None` if the server closed the connection without a response, or responded without a header, as HTTP/0.9 did.
    pub(super) status: Option<u16>,
    text: String,
}

impl Heard {
    pub(super) fn expect(&self, holds: bool, expected: &str) -> Verdict {
        if holds {
            return Ok(());
        }
        Err(self.failed(expected, false))
    }

    /// Like [`Exchange::failed`](crate::prelude::Exchange::failed).
    fn failed(&self, expected: &str, refused: bool) -> Box<Outcome> {
        let received = if self.is_closed() { "the connection was closed" } else { &self.text };
        let (sent, received) = (self.sent.clone(), received.to_owned());
        Box::new(match self.status {
            Some(status @ 502..=504) => {
                let because = format!(
                    "the server was not available: {} was answered with {status}",
                    request_line(&sent)
                );
                Outcome::Undecided { because, sent, received }
            }
            status => Outcome::Failed { sent, expected: expected.to_owned(), received, status, refused },
        })
    }

    pub(super) fn refused(&self, statuses: &[u16], expected: &str) -> Verdict {
        let holds = self.is_closed() || self.status.is_some_and(|status| statuses.contains(&status));
        if holds {
            return Ok(());
        }
        Err(self.failed(expected, self.status.is_some_and(|status| status >= 300)))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.text.is_empty()
    }

    /// The status of a problem (RFC 9457) in a response without a header: nginx takes `GET /me` for HTTP/0.9 and passes
    /// on only the server's body.
    pub(super) fn status_in_body(&self) -> Option<u64> {
        serde_json::from_str::<Value>(&self.text).ok()?.get("status")?.as_u64()
    }
}

/// Writes the bytes, then reads until the server closes the connection. A failed write is not a failure: a server may
/// close the connection as soon as it has read enough, and its earlier response can still be read.
pub(super) async fn say(stage: &Stage, head: &str, rest: &[u8]) -> Verdict<Heard> {
    let sent = cut(head, 400);
    let talk = async {
        let mut stream = TcpStream::connect(authority(stage)).await?;
        let (mut reader, mut writer) = stream.split();
        let write = async {
            if writer.write_all(head.as_bytes()).await.is_ok() {
                drop(writer.write_all(rest).await);
            }
        };
        let read = async {
            let mut heard = Vec::new();
            let mut buffer = [0; 4096];
            // Only the header of the first response is needed, so do not wait for a server that keeps the connection
            // open.
            while !heard.windows(4).any(|window| window == b"\r\n\r\n") && heard.len() < READ_CAP {
                match reader.read(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => heard.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                }
            }
            heard
        };
        tokio::pin!(write, read);
        // The response may arrive before all is written, or only after all is written.
        let heard = tokio::select! {
            heard = &mut read => heard,
            () = &mut write => read.await,
        };
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&heard).into_owned())
    };
    let unanswered = |received: String| {
        let because = format!("the request of raw bytes `{}` got no response", request_line(&sent));
        Box::new(Outcome::Undecided { because, sent: sent.clone(), received })
    };
    let text = match timeout(WITHIN, talk).await {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => return Err(unanswered(format!("no connection: {error}"))),
        Err(_elapsed) => return Err(unanswered(format!("no response within {} s", WITHIN.as_secs()))),
    };
    let head = text.strip_prefix("HTTP/");
    let status = head.and_then(|head| head.split(' ').nth(1)).and_then(|status| status.parse().ok());
    Ok(Heard { sent, status, text: cut(&text, 600) })
}

/// The host and the port of the base URL.
pub(super) fn authority(stage: &Stage) -> String {
    let rest = stage.client.base_url().trim_start_matches("http://");
    let authority = rest.split('/').next().unwrap_or(rest);
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port { authority.to_owned() } else { format!("{authority}:80") }
}
