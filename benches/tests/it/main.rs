//! The library against real servers: one that does nothing, as a process of its own, and some that misbehave.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod do_nothing;
#[cfg(unix)]
mod freeze;
mod load;
mod misbehaving;
mod page;
mod report;
mod rounds;

use tokio::sync::Mutex;

/// Tests whose assertion is a length of time take turns; the others may run beside them.
static TURN: Mutex<()> = Mutex::const_new(());
