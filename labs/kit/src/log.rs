//! The log: lines on stderr, so that stdout stays a command's own.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// tower-sessions warns of every cookie that names no session, which lets anybody fill the log.
const USUAL: &str = "info,tower_sessions_core=error";

/// Starts the log at the level that `RUST_LOG` asks for, `info` without it; coloured only on a terminal. A second call
/// changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(USUAL));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_span_events(FmtSpan::NONE)
        .try_init();
    if let Err(error) = started {
        tracing::debug!(%error, "the log runs already");
    }
}
