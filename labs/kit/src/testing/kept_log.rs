//! Captures what a server logs, for a test to read.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde_json::Value;
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::LogFormat;
use crate::log::lines;

/// The log of this thread as lines of JSON, captured until this is dropped.
pub struct KeptLog {
    bytes: Bytes,
    _until_dropped: DefaultGuard,
}

/// A second subscriber that nothing is written to. While there is only one, tracing asks the thread that is the first to
/// reach a log statement whether a subscriber wants it; if that is the thread of a test that captures nothing, the statement is
/// off for the test that does.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::default()));

#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl KeptLog {
    /// Starts to capture all levels.
    pub fn start() -> Self {
        Self::at("trace")
    }

    /// Starts to capture what this filter admits, in the syntax of `RUST_LOG`.
    pub fn at(filter: &str) -> Self {
        LazyLock::force(&ANOTHER);
        let bytes = Bytes::default();
        let log = lines(LogFormat::Json, EnvFilter::new(filter), false, bytes.clone());
        Self { bytes, _until_dropped: tracing::subscriber::set_default(log) }
    }

    /// What was logged since the last call.
    pub fn take(&self) -> String {
        let mut bytes = self.bytes.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&std::mem::take(&mut *bytes)).into_owned()
    }

    /// The audit lines in a text, each reduced to its own fields: without the time, level, target, span and the request's
    /// id.
    ///
    /// # Panics
    /// A line is not JSON: then the log's format is broken.
    pub fn audit_lines(text: &str) -> Vec<Value> {
        let lines = text.lines().map(|line| match serde_json::from_str(line) {
            Ok(Value::Object(line)) => line,
            other => panic!("a log line is not an object: {line} ({other:?})"),
        });
        let audit = lines.filter(|line| line.get("target").is_some_and(|target| target == "audit"));
        audit
            .map(|mut line| {
                line.retain(|name, _| {
                    !["timestamp", "level", "target", "span", "id"].contains(&name.as_str())
                });
                Value::Object(line)
            })
            .collect()
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Bytes {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
