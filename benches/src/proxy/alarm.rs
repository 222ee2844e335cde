//! Wakes tasks on time: one thread that does nothing else, since the runtime's own timer rounds up to milliseconds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::process;

/// A handle on the timer thread, which ends when the last handle is dropped.
#[derive(Clone)]
pub(super) struct Alarm(Sender<Call>);

struct Call {
    due: Instant,
    wake: oneshot::Sender<()>,
}

impl Alarm {
    pub(super) fn start() -> io::Result<Self> {
        let (calls, called) = mpsc::channel();
        thread::Builder::new().name("proxy-alarm".to_owned()).spawn(move || keep_time(&called))?;
        Ok(Self(calls))
    }

    /// Waits until `due`, or returns at once when `due` is in the past.
    pub(super) async fn wait_until(&self, due: Instant) {
        if due <= Instant::now() {
            return;
        }
        let (wake, woken) = oneshot::channel();
        // The thread lives as long as this handle, so neither end of the channel can be closed.
        if self.0.send(Call { due, wake }).is_ok() {
            woken.await.ok();
        }
    }
}

fn keep_time(called: &Receiver<Call>) {
    process::ask_for_precise_timers();
    let mut calls = BinaryHeap::new();
    loop {
        let next = match calls.peek() {
            None => called.recv().map_err(RecvTimeoutError::from),
            Some(Reverse(Call { due, .. })) => {
                called.recv_timeout(due.saturating_duration_since(Instant::now()))
            }
        };
        match next {
            Ok(call) => calls.push(Reverse(call)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while calls.peek().is_some_and(|Reverse(call)| call.due <= Instant::now()) {
            if let Some(Reverse(call)) = calls.pop() {
                // The task that waited may have been dropped with its connection.
                call.wake.send(()).ok();
            }
        }
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Call {}

impl PartialOrd for Call {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Call {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}
