//! The library against real servers: the do-nothing server in a separate process, and some that misbehave.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod do_nothing;
#[cfg(unix)]
mod freeze;
mod load;
mod misbehaving;
mod outcomes;
mod page;
mod report;
mod rounds;

use tokio::sync::Mutex;

/// Tests that assert a duration run one at a time; the others may run beside them.
static TURN: Mutex<()> = Mutex::const_new(());
