//! Rotation: the rules for a refresh token that a client presents.
//!
//! The protocol itself, in plain Rust, to be read beside `refresh.lua`, whose steps have the same numbers. It takes the
//! time as an argument and does no I/O. The caller holds a lock, so no other request sees a session half way through a
//! change.
//!
//! Two things must never happen here: that a token gets two different successors, or that an ancestor is accepted.
//! Either would let a thief and the legitimate user use the session side by side without being detected.

use std::time::Duration;

use kit::Client;

use crate::chain::Digest;
use crate::idempotency::IdempotencyKey;
use crate::store::{Policy, Refresh};
use crate::token::VerifiedToken;

/// The record of one session. `generation` counts its tokens; the first is 1. Times ending in `_ms` are in milliseconds
/// since the Unix epoch.
#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) generation: u32,
    pub(crate) current: Digest,
    pub(crate) next: Digest,
    pub(crate) rotated_at_ms: u64,
    pub(crate) handed_at_ms: u64,
    pub(crate) expires_at_ms: u64,
    pub(crate) absolute_at_ms: u64,
    pub(crate) epoch: u64,
    pub(crate) attempt: Option<IdempotencyKey>,
    pub(crate) client: Client,
    pub(crate) created_at_ms: u64,
    pub(crate) seen_at_ms: u64,
}

impl Record {
    pub(crate) fn is_over(&self, now_ms: u64) -> bool {
        now_ms >= self.expires_at_ms.min(self.absolute_at_ms)
    }

    pub(crate) fn expires_in(&self, now_ms: u64) -> Duration {
        Duration::from_millis(self.expires_at_ms.saturating_sub(now_ms))
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    fn move_to(&mut self, generation: u32, current: Digest, next: Digest, now_ms: u64) {
        (self.generation, self.current, self.next) = (generation, current, next);
        (self.rotated_at_ms, self.handed_at_ms) = (now_ms, now_ms);
    }
}

// ANCHOR: write-exchange
/// Decides on a token of a live session, and updates the session's record. On `Reused` the caller must end the session
/// for every holder.
///
/// A token contains its own number, and the server computes from it the digests of its secret and of the two secrets
/// that follow. That is enough to tell the current token from its parent, and both from any other ancestor.
pub(crate) fn exchange(
    record: &mut Record,
    policy: &Policy,
    now_ms: u64,
    token: &VerifiedToken,
    attempt: Option<&IdempotencyKey>,
) -> Refresh {
    // After a failover to a slower clock, a time in the future counts as now.
    record.rotated_at_ms = record.rotated_at_ms.min(now_ms);
    record.handed_at_ms = record.handed_at_ms.min(now_ms);
    let (shown, [digest, next, after]) = (token.generation(), *token.digests());
    // 2. A failover lost the last rotation: repeat it, then continue.
    if shown == record.generation + 1 && digest == record.next {
        record.move_to(shown, digest, next, now_ms);
        record.attempt = None;
    }
    // 3. The current token (same number, same digest). With the recorded attempt: Done, and nothing is written. Within the
    //    window after it was handed out: Kept. Otherwise the session moves to the token's successor, is seen now, lasts for
    //    another idle time but never beyond its absolute end, and records the attempt: Rotated.
    // 4. Its parent (one number less, and its next digest is the current one), with the same attempt or within the window after
    //    the rotation: handed out now, Replayed.
    // 5. Any smaller number: Reused. The caller ends the session.
    // 6. A number more than one ahead of the record's: Ahead, because the record is outdated.
    // 7. Anything else: Invalid.
    todo!("exchange: the current token, its parent, any other ancestor")
}
// ANCHOR_END: write-exchange

fn within(window: Duration, since_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(since_ms) < ms(window)
}

/// A duration in milliseconds. Durations come from the configuration, which limits them to ten years.
pub(crate) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
