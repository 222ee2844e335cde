//! The log: lines on stderr, so that stdout stays a command's own.

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;

/// tower-sessions warns of every cookie that names no session, which lets anybody fill the log.
const USUAL: &str = "info,tower_sessions_core=error";

/// Starts the log at the level that `RUST_LOG` asks for, `info` without it, in the format that `AUTHLAB_LOG` asks for;
/// coloured only on a terminal. A second call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(USUAL));
    let colours = std::io::stderr().is_terminal();
    if let Err(error) = lines(LogFormat::from_env(), filter, colours, std::io::stderr).try_init() {
        tracing::debug!(%error, "the log runs already");
    }
}

/// What writes the lines. A line of JSON carries the fields of its event and of the request that it belongs to.
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
