//! The data of a column that the page shows: everything, with credentials in the clear. That is the lesson; no real
//! user's data is in it.

use kit::watch::Entry;
use serde::Serialize;

use super::holding::Holding;
use super::revocation::Revocation;
use super::wire::Exchange;

/// The state of a column after an action.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Seen {
    /// `done`, the problem code of a refusal, or `nothing-held` if there was no credential to send.
    pub(super) outcome: String,
    pub(super) exchanges: Vec<Shown>,
    pub(super) person: Somebody,
    pub(super) thief: Somebody,
    pub(super) store: Vec<Entry>,
    /// Why the contents of the store could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) store_unseen: Option<String>,
    /// How many calls to the store the users' actions have caused so far; the page's own probes are not counted.
    pub(super) store_calls: u64,
    pub(super) revocation: Option<Revocation>,
}

/// A request, who sent it, and why.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shown {
    pub(super) who: Who,
    /// `true` if the page sent the request after the action, to probe whether the credential is let in.
    pub(super) probe: bool,
    pub(super) store_calls: u64,
    #[serde(flatten)]
    pub(super) exchange: Exchange,
}

/// The sender of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Who {
    Person,
    Thief,
}

/// The user or the thief after an action.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Somebody {
    pub(super) verdict: Verdict,
    pub(super) holds: Holding,
}

/// The server's answer to `GET /me` with the credentials of the user or the thief.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    In,
    Out,
    /// There was no credential to send, so no request was sent.
    Nothing,
    /// The server could not decide, because its store does not answer.
    Unknown,
}

impl Verdict {
    /// The verdict for the status of an answer to `GET /me`.
    pub(super) fn of(status: u16) -> Self {
        match status {
            200 => Self::In,
            401 => Self::Out,
            _ => Self::Unknown,
        }
    }
}
