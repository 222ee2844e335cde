//! What happened to a request, by kind: the status of its answer, or the reason why there was no answer.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// The most kinds of outcome that are kept apart. A server chooses its statuses, so it must not choose how much memory
/// the counters take.
const MOST_KINDS: usize = 24;

/// `EMFILE`, `ENFILE`: this process, or this machine, may open no more files.
#[cfg(unix)]
const NO_MORE_FILES: [i32; 2] = [nix::errno::Errno::EMFILE as i32, nix::errno::Errno::ENFILE as i32];
/// `WSAEMFILE`, and `ERROR_TOO_MANY_OPEN_FILES`.
#[cfg(not(unix))]
const NO_MORE_FILES: [i32; 2] = [10_024, 4];

/// What happened to a request, or to an attempt to open a connection. In JSON, it is a word or a status, such as `"200"`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
#[non_exhaustive]
pub enum Outcome {
    /// The server answered with this status.
    Answered(u16),
    /// The server closed the connection before it answered.
    Closed,
    /// The server refused a connection.
    Refused,
    /// There was no answer when the generator stopped waiting.
    TimedOut,
    /// The answer had the expected status, and its body broke off.
    BodyBrokeOff,
    /// The server answered, but not in HTTP/1.1.
    NotHttp,
    /// The operating system allowed the generator no more connections.
    TooManyOpenFiles,
    /// The request was never sent: too many others waited for a free connection.
    NotSent,
    /// Another error, in the operating system's words.
    Other(String),
    /// Outcomes of further kinds, which are counted together.
    Further,
}

/// The outcomes that have neither a number nor a text of their own, with their words in JSON and on a page.
const WORDS: [(Outcome, &str, &str); 8] = [
    (Outcome::Closed, "closed", "connection closed before an answer"),
    (Outcome::Refused, "refused", "connection refused"),
    (Outcome::TimedOut, "timed_out", "no answer in time"),
    (Outcome::BodyBrokeOff, "body_broke_off", "answer broke off"),
    (Outcome::NotHttp, "not_http", "answer is not HTTP"),
    (Outcome::TooManyOpenFiles, "too_many_open_files", "too many open files (raise `ulimit -n`)"),
    (Outcome::NotSent, "not_sent", "not sent, too many waited"),
    (Outcome::Further, "further", "other answers and errors"),
];

impl Outcome {
    /// Why a connection could not be opened, or why it broke.
    pub(super) fn of_io(error: &io::Error) -> Self {
        if is_too_many_open_files(error) {
            return Self::TooManyOpenFiles;
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::NotConnected
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Self::Closed,
            kind => Self::Other(kind.to_string()),
        }
    }

    /// Why a request got no answer.
    pub(super) fn of_request(error: &hyper::Error) -> Self {
        let source = std::error::Error::source(error);
        match source.and_then(|source| source.downcast_ref::<io::Error>()) {
            Some(error) => Self::of_io(error),
            None if error.is_parse() => Self::NotHttp,
            // The connection ended before the answer was complete, or before the request was sent.
            None => Self::Closed,
        }
    }
}

/// Whether the operating system allows no more open files.
pub(crate) fn is_too_many_open_files(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| NO_MORE_FILES.contains(&code))
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "{status}"),
            Self::Other(text) => f.write_str(text),
            same => f.write_str(WORDS.iter().find(|(word, ..)| word == same).map_or("", |(.., words)| words)),
        }
    }
}

impl From<Outcome> for String {
    fn from(outcome: Outcome) -> Self {
        match WORDS.iter().find(|(word, ..)| *word == outcome) {
            Some((_, word, _)) => (*word).to_owned(),
            None => outcome.to_string(),
        }
    }
}

impl From<String> for Outcome {
    fn from(text: String) -> Self {
        match (text.parse(), WORDS.iter().find(|(_, word, _)| *word == text)) {
            (Ok(status), _) => Self::Answered(status),
            (_, Some((outcome, ..))) => outcome.clone(),
            _ => Self::Other(text),
        }
    }
}

/// How often each outcome happened. At most some two dozen kinds are kept apart.
///
/// ```
/// use measure::load::{Outcome, Outcomes};
///
/// let mut outcomes = Outcomes::default();
/// outcomes.add(Outcome::Answered(200), 41_022);
/// outcomes.add(Outcome::Closed, 3);
/// assert_eq!(outcomes.total(), 41_025);
/// assert_eq!(serde_json::to_string(&outcomes)?, r#"{"200":41022,"closed":3}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outcomes(BTreeMap<Outcome, u64>);

impl Outcomes {
    /// Counts an outcome `times` times.
    pub fn add(&mut self, outcome: Outcome, times: u64) {
        if times == 0 {
            return;
        }
        let is_kept = self.0.len() < MOST_KINDS || self.0.contains_key(&outcome);
        *self.0.entry(if is_kept { outcome } else { Outcome::Further }).or_default() += times;
    }

    /// Adds the outcomes of another run.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(outcome, times)| self.add(outcome.clone(), times));
    }

    /// Each outcome and how often it happened: statuses first, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&Outcome, u64)> {
        self.0.iter().map(|(outcome, times)| (outcome, *times))
    }

    /// The `most` outcomes that happened most often, the most frequent first.
    pub fn frequent(&self, most: usize) -> Vec<(&Outcome, u64)> {
        let mut all: Vec<_> = self.iter().filter(|(outcome, _)| **outcome != Outcome::Further).collect();
        all.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        all.truncate(most);
        all
    }

    /// How often an outcome happened.
    pub fn count(&self, outcome: &Outcome) -> u64 {
        self.0.get(outcome).copied().unwrap_or_default()
    }

    /// The number of all outcomes together.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_has_its_kind_and_one_without_a_kind_keeps_its_words() {
        let of = |kind: io::ErrorKind| Outcome::of_io(&kind.into());
        assert_eq!(of(io::ErrorKind::ConnectionRefused), Outcome::Refused);
        assert_eq!(of(io::ErrorKind::ConnectionReset), Outcome::Closed);
        assert_eq!(of(io::ErrorKind::HostUnreachable), Outcome::Other("host unreachable".to_owned()));
        for code in NO_MORE_FILES {
            assert_eq!(Outcome::of_io(&io::Error::from_raw_os_error(code)), Outcome::TooManyOpenFiles);
        }
    }

    #[test]
    fn every_outcome_survives_json_as_the_key_of_a_map() {
        let mut outcomes = Outcomes::default();
        let other = Outcome::Other("host unreachable".to_owned());
        for outcome in WORDS.iter().map(|(outcome, ..)| outcome).chain([&Outcome::Answered(302), &other]) {
            outcomes.add(outcome.clone(), 7);
        }
        let json = serde_json::to_string(&outcomes).unwrap();
        assert!(json.starts_with(r#"{"302":7,"closed":7,"#), "{json}");
        assert_eq!(serde_json::from_str::<Outcomes>(&json).unwrap(), outcomes);
    }

    #[test]
    fn a_server_that_answers_with_every_status_takes_no_more_memory_than_one_with_two_dozen() {
        let mut outcomes = Outcomes::default();
        (200..900).for_each(|status| outcomes.add(Outcome::Answered(status), 1));
        assert_eq!((outcomes.0.len(), outcomes.total()), (MOST_KINDS + 1, 700));
        assert_eq!(outcomes.count(&Outcome::Further), 700 - MOST_KINDS as u64);

        let mut few = Outcomes::default();
        (200..200 + MOST_KINDS as u16).for_each(|status| few.add(Outcome::Answered(status), 1));
        few.add(Outcome::Answered(200), 1);
        assert_eq!((few.count(&Outcome::Further), few.count(&Outcome::Answered(200))), (0, 2));
    }
}
