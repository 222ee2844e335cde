//! What the page gets to see of a column: everything, credentials in the clear. It is the lesson, and it is nobody's real.

use kit::watch::Entry;
use serde::Serialize;

use super::holding::Holding;
use super::revocation::Revocation;
use super::wire::Exchange;

/// A column after an action.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Seen {
    /// `done`, the problem code of a refusal, or `nothing-held` where nobody could ask.
    pub(super) outcome: String,
    pub(super) exchanges: Vec<Shown>,
    pub(super) person: Somebody,
    pub(super) thief: Somebody,
    pub(super) store: Vec<Entry>,
    /// Why the store could not be looked into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) store_unseen: Option<String>,
    /// Calls to the store so far, by what people did; not by what the page asks.
    pub(super) store_calls: u64,
    pub(super) revocation: Option<Revocation>,
}

/// A request, who sent it, and why.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shown {
    pub(super) who: Who,
    /// `true`: the page asked by itself whether the credential opens the door, after the action.
    pub(super) probe: bool,
    pub(super) store_calls: u64,
    #[serde(flatten)]
    pub(super) exchange: Exchange,
}

/// Who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Who {
    Person,
    Thief,
}

/// A person or a thief after an action.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Somebody {
    pub(super) verdict: Verdict,
    pub(super) holds: Holding,
}

/// What `GET /me` says to what somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    In,
    Out,
    /// Nothing to show at the door, so nobody asked.
    Nothing,
    /// The server could not say: its store does not answer.
    Unknown,
}

impl Verdict {
    /// The verdict in an answer to `GET /me`.
    pub(super) fn of(status: u16) -> Self {
        match status {
            200 => Self::In,
            401 => Self::Out,
            _ => Self::Unknown,
        }
    }
}
