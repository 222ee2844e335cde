//! The log: lines on stderr, so that stdout remains for a command's own output.
//!
//! In JSON format, every line that a server writes is a JSON object, including the lines about a panic and about why it
//! ended.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::IsTerminal;

use tracing::{Dispatch, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// The default filter. tower-sessions warns about every cookie that names no session, which lets any client fill the log.
const USUAL: &str = "info,tower_sessions_core=error";

/// Starts the log at the level in `RUST_LOG` (default `info`) and in the format in `AUTHLAB_LOG`; coloured only on a
/// terminal. A second call changes nothing. In JSON format, panics are logged too.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(USUAL));
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb") && !cfg!(windows);
    let colours = std::io::stderr().is_terminal() && !is_dumb;
    if let Err(error) = lines(format(), filter, colours, std::io::stderr).try_init() {
        tracing::debug!(%error, "the log has already been started");
    }
    if format() == LogFormat::Json {
        log_panics(std::io::stderr);
    }
}

/// The format that the environment asks for, before the settings are read.
pub fn format() -> LogFormat {
    LogFormat::from_env()
}

/// Writes why a program ends, as a line of JSON, regardless of `RUST_LOG`: no program should end without saying why.
pub fn last_line(sentence: &str) {
    tracing::dispatcher::with_default(&errors(std::io::stderr), || tracing::error!("{sentence}"));
}

/// Replaces Rust's own message about a panic by a line of JSON, even if `RUST_LOG` filters errors out, because each panic
/// is a bug.
pub fn log_panics<W>(writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let log = errors(writer);
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload_as_str().unwrap_or("a panic without a message");
        let at = panic.location().map(ToString::to_string);
        // Captured only if RUST_BACKTRACE asks for it.
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::dispatcher::with_default(&log, || tracing::error!(at, backtrace, "panicked: {text}"));
    }));
}

/// A log that contains errors only.
fn errors<W>(writer: W) -> Dispatch
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    Dispatch::new(lines(LogFormat::Json, EnvFilter::new("error"), false, writer))
}

/// The subscriber that writes the lines. A JSON line contains the fields of its event and of the request that it belongs
/// to.
pub fn lines<W>(
    format: LogFormat,
    filter: EnvFilter,
    colours: bool,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Text => Box::new(log.with_ansi(colours).finish()),
        LogFormat::Json => {
            Box::new(log.json().flatten_event(true).with_current_span(true).with_span_list(false).finish())
        }
    }
}
