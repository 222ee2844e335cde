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
    // After a failover to a server whose clock is behind, a time in the future counts as now.
    record.rotated_at_ms = record.rotated_at_ms.min(now_ms);
    record.handed_at_ms = record.handed_at_ms.min(now_ms);
    let (shown, [digest, next, after]) = (token.generation(), *token.digests());
    // 2. A failover lost the last rotation: redo it, and continue.
    if shown == record.generation + 1 && digest == record.next {
        record.move_to(shown, digest, next, now_ms);
        record.attempt = None;
    }
    // The exchange that issued the current token is repeated: it is done already, and its result is the current token.
    let same_attempt = attempt.is_some() && attempt == record.attempt.as_ref();
    // 3. The current token.
    if shown == record.generation && digest == record.current {
        let expires_in = record.expires_in(now_ms);
        if same_attempt {
            return Refresh::Done { expires_in };
        }
        if within(policy.window, record.handed_at_ms, now_ms) {
            return Refresh::Kept { expires_in };
        }
        record.move_to(shown + 1, next, after, now_ms);
        record.seen_at_ms = now_ms;
        record.expires_at_ms = record.absolute_at_ms.min(now_ms + ms(policy.idle));
        record.attempt = attempt.cloned();
        return Refresh::Rotated { expires_in: record.expires_in(now_ms) };
    }
    // 4. Its parent, from a slower tab, or from a client that did not receive the response.
    let is_parent = shown + 1 == record.generation && next == record.current;
    if is_parent && (same_attempt || within(policy.window, record.rotated_at_ms, now_ms)) {
        record.handed_at_ms = now_ms;
        return Refresh::Replayed { expires_in: record.expires_in(now_ms) };
    }
    // 5. Any other ancestor. The counter detects all of them, in constant memory.
    if shown < record.generation {
        return Refresh::Reused;
    }
    // 6. More than one rotation ahead. The MAC proves that this server made the token, so the record is too old. An
    //    attacker without the server's key cannot get here, and one who has it gets no more than this response.
    if shown > record.generation + 1 {
        return Refresh::Ahead;
    }
    // 7. Not a token of this session.
    Refresh::Invalid
}
// ANCHOR_END: write-exchange

fn within(window: Duration, since_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(since_ms) < ms(window)
}

/// A duration in milliseconds. Durations come from the configuration, which limits them to ten years.
pub(crate) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use kit::ClientKind;
    use uuid::Uuid;

    use super::*;
    use crate::chain::Keys;
    use crate::token::FirstToken;

    const NOW_MS: u64 = 1_000_000;

    fn keys() -> Keys {
        Keys::derive(&"1=a-secret-of-thirty-two-characters".parse().unwrap()).unwrap()
    }

    /// A session's record, its first token, and the first token of another session, sealed with the same key.
    fn session_and_stranger() -> (Record, VerifiedToken, VerifiedToken) {
        let keys = keys();
        let first = || keys.first_token(Uuid::from_u128(1), ClientKind::Mobile).unwrap();
        let verified = |first: &FirstToken| keys.verify(first.token.expose()).unwrap();
        let (own, other) = (first(), first());
        let record = Record {
            generation: 1,
            current: own.digests[0],
            next: own.digests[1],
            rotated_at_ms: 0,
            handed_at_ms: 0,
            expires_at_ms: 2 * NOW_MS,
            absolute_at_ms: 2 * NOW_MS,
            epoch: 0,
            attempt: None,
            client: Client::default(),
            created_at_ms: 0,
            seen_at_ms: 0,
        };
        (record, verified(&own), verified(&other))
    }

    fn shown(record: &mut Record, token: &VerifiedToken) -> Refresh {
        exchange(record, &Policy::default(), NOW_MS, token, None)
    }

    #[test]
    fn a_token_that_has_the_right_number_and_another_secret_takes_nothing_and_ends_nothing() {
        let (mut record, own, stranger) = session_and_stranger();
        assert_eq!(shown(&mut record, &stranger), Refresh::Invalid);
        assert!(matches!(shown(&mut record, &own), Refresh::Rotated { .. }));
    }

    #[test]
    fn a_token_that_has_the_next_number_and_another_secret_moves_nothing() {
        let (mut record, own, stranger) = session_and_stranger();
        let second = keys().verify(stranger.successor().expose()).unwrap();
        assert_eq!(shown(&mut record, &second), Refresh::Invalid);
        assert!(matches!(shown(&mut record, &own), Refresh::Rotated { .. }));
    }

    #[test]
    fn a_token_that_has_the_parents_number_and_another_secret_gets_no_successor() {
        let (mut record, own, stranger) = session_and_stranger();
        assert!(matches!(shown(&mut record, &own), Refresh::Rotated { .. }));
        assert!(matches!(shown(&mut record, &own), Refresh::Replayed { .. }));
        assert_eq!(shown(&mut record, &stranger), Refresh::Reused);
    }
}
