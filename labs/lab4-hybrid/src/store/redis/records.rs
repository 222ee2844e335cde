//! The fields of a session's record that a listing reads.

use kit::{Client, ClientKind};
use uuid::Uuid;

use crate::store::Session;

/// The names of these fields, in this order.
pub(super) const FIELDS: [&str; 6] = ["epoch", "client", "device", "created", "seen", "expires"];

/// The values of [`FIELDS`]. All of them are missing if the session ended between the two steps of a listing.
pub(super) type Record = (Option<u64>, Option<String>, Option<String>, Option<u64>, Option<u64>, Option<u64>);

/// The session that a record describes, or `None` if the record is missing or the session was opened under an earlier
/// epoch.
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

/// The client's description of itself. An empty label counts as none.
pub(super) fn client(kind: &str, device: Option<String>) -> Client {
    let kind = if kind == ClientKind::Web.as_str() { ClientKind::Web } else { ClientKind::Mobile };
    Client { kind, device: device.filter(|device| !device.is_empty()) }
}
