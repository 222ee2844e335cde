//! A stream with time limits, so that no connection waits for ever.
//!
//! hyper has one timer for headers, which also runs while a connection is idle between two requests: a proxy keeps idle
//! connections open for a minute, and a client must not be allowed as long to send its headers. And hyper has no timer for
//! writing: a client that sends requests and never reads a response would keep its connection. So the stream under hyper
//! has three timers.
//!
//! | the client | time limit |
//! |---|---|
//! | sends a request's headers, from their first byte on (first request: from the connection on) | [`Patience::head`] |
//! | sends nothing between two requests | [`Patience::idle`] |
//! | reads all that was written to it | [`Patience::write`] |
//!
//! While a request is being answered, no timer for reading runs: its body has a time limit of its own (`body.rs`).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// The time limits of a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
}

/// Counts the requests of one connection. Both sides of hyper hold it: the stream below, the service above.
#[derive(Clone)]
pub(super) struct Turns(Arc<Counts>);

struct Counts {
    connected: Instant,
    begun: AtomicUsize,
    ended: AtomicUsize,
    /// When the latest request ended, in milliseconds since the connection was opened.
    ended_at_ms: AtomicU64,
}

/// A request that is being answered, until this is dropped.
pub(super) struct Turn(Arc<Counts>);

impl Turns {
    pub(super) fn new() -> Self {
        let (begun, ended, ended_at_ms) = Default::default();
        Self(Arc::new(Counts { connected: Instant::now(), begun, ended, ended_at_ms }))
    }

    pub(super) fn begin(&self) -> Turn {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        Turn(Arc::clone(&self.0))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let ms = self.0.connected.elapsed().as_millis() as u64;
        self.0.ended_at_ms.store(ms, Ordering::Relaxed);
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// A response body, which ends its [`Turn`] when hyper has taken the last of it.
pub(super) struct Answer<B> {
    pub(super) body: B,
    pub(super) _turn: Turn,
}

impl<B: Body + Unpin> Body for Answer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that enforces time limits on its client.
pub(super) struct Patient<S> {
    stream: S,
    patience: Patience,
    turns: Turns,
    /// How many requests had begun when `reading` was last set.
    seen: usize,
    reading: Reading,
    read_alarm: Alarm,
    /// When everything that waits to be written must have been written. Set by the first write that has to wait and cleared
    /// when nothing is left: a client that reads a byte now and then does not extend it.
    write_by: Option<Instant>,
    write_alarm: Alarm,
}

/// What the stream is waiting for, and until when.
#[derive(Clone, Copy)]
enum Reading {
    Idle(Instant),
    Head(Instant),
}

impl<S> Patient<S> {
    /// Wraps a new connection: the client must send the first request's headers.
    pub(super) fn new(stream: S, patience: Patience, turns: Turns) -> Self {
        Self {
            stream,
            patience,
            turns,
            seen: 0,
            reading: Reading::Head(Instant::now() + patience.head),
            read_alarm: Alarm::default(),
            write_by: None,
            write_alarm: Alarm::default(),
        }
    }

    /// What the client must send next, and until when; `None` while one of its requests is being answered.
    fn owed(&mut self) -> Option<Reading> {
        let counts = &*self.turns.0;
        let begun = counts.begun.load(Ordering::Relaxed);
        if begun != counts.ended.load(Ordering::Relaxed) {
            return None;
        }
        if begun != self.seen {
            self.seen = begun;
            let ended_at = Duration::from_millis(counts.ended_at_ms.load(Ordering::Relaxed));
            self.reading = Reading::Idle(counts.connected + ended_at + self.patience.idle);
        }
        Some(self.reading)
    }

    /// Handles a write that has to wait: returns an error once the client's time is over.
    fn overdue(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let write = self.patience.write;
        let by = *self.write_by.get_or_insert_with(|| Instant::now() + write);
        self.write_alarm.poll(by, context).map(|()| late("the client does not read the responses"))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let Some(owed) = self.owed() else {
            if read.is_pending() {
                // hyper does not poll again by itself when the response is written. This alarm makes it poll at the
                // earliest moment at which the client could have been idle for long enough.
                let could_be_idle = Instant::now() + self.patience.idle;
                let _ = self.read_alarm.poll(could_be_idle, context);
            }
            return read;
        };
        match (read, owed) {
            (Poll::Ready(Ok(())), Reading::Idle(_)) if buffer.filled().len() > before => {
                self.reading = Reading::Head(Instant::now() + self.patience.head);
                Poll::Ready(Ok(()))
            }
            (Poll::Ready(read), _) => Poll::Ready(read),
            // Reported as if the client had closed the connection, which is no error between two requests.
            (Poll::Pending, Reading::Idle(until)) => self.read_alarm.poll(until, context).map(Ok),
            (Poll::Pending, Reading::Head(until)) => {
                self.read_alarm.poll(until, context).map(|()| Err(late("the headers did not arrive in time")))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.overdue(context).map(Err),
            written => written,
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(context, parts) {
            Poll::Pending => self.overdue(context).map(Err),
            written => written,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper calls this when it has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(context));
        self.write_by = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A timer that is reset as seldom as possible: one that fires too early is set again. So a connection with one request
/// after another touches it once in a while and not for each request.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    fn poll(&mut self, until: Instant, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if sleep.deadline() > until {
            sleep.as_mut().reset(until);
        }
        loop {
            ready!(sleep.as_mut().poll(context));
            if Instant::now() >= until {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(until);
        }
    }
}

fn late(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
}

#[cfg(test)]
mod tests;
