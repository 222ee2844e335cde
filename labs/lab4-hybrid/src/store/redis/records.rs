//! What a listing reads of a session's record.

use kit::{Client, ClientKind};
use uuid::Uuid;

use crate::store::Session;

/// The fields that are read, in this order.
pub(super) const FIELDS: [&str; 6] = ["epoch", "client", "device", "created", "seen", "expires"];

/// Their values; all are missing if the session ended between the two steps of a listing.
pub(super) type Record = (Option<u64>, Option<String>, Option<String>, Option<u64>, Option<u64>, Option<u64>);

/// The session that a record describes; none if it is gone or began under an earlier epoch.
pub(super) fn session(id: Uuid, record: Record, epoch: u64) -> Option<Session> {
    let (began, kind, device, created_at_ms, seen_at_ms, expires_at_ms) = record;
    began.filter(|began| *began >= epoch)?;
    Some(Session {
        id,
        client: client(&kind?, device),
        created_at_ms: created_at_ms?,
        seen_at_ms: seen_at_ms?,
        expires_at_ms: expires_at_ms?,
    })
}

/// What a client said of itself. An empty label is none.
pub(super) fn client(kind: &str, device: Option<String>) -> Client {
    let kind = if kind == ClientKind::Web.as_str() { ClientKind::Web } else { ClientKind::Mobile };
    Client { kind, device: device.filter(|device| !device.is_empty()) }
}
