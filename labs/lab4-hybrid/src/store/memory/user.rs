//! The sessions of one user: opened, found, ended and counted. The rules for a presented token are in `rotation`.
//!
//! Everything here runs under the user's lock, takes the time as an argument, and does no I/O.

use std::collections::HashMap;

use kit::Client;
use uuid::Uuid;

use crate::idempotency::IdempotencyKey;
use crate::rotation::{self, Record, ms};
use crate::store::{Issue, NewSession, Policy, Refresh, Session};
use crate::token::VerifiedToken;

/// The sessions of one user.
#[derive(Clone, Default)]
pub(super) struct Sessions {
    pub(super) live: HashMap<Uuid, Record>,
    ended: HashMap<Uuid, Ended>,
    pub(super) epoch: u64,
    epoch_until_ms: u64,
}

/// Why a single session ended, and until when that is remembered.
#[derive(Clone)]
struct Ended {
    verdict: Refresh,
    until_ms: u64,
}

impl Sessions {
    pub(super) fn issue(&mut self, policy: &Policy, now_ms: u64, new: &NewSession<'_>) -> Issue {
        if new.epoch < self.epoch {
            return Issue::Stale { epoch: self.epoch };
        }
        self.raise_epoch(policy, now_ms, new.epoch);
        if new.epoch > 0 {
            self.epoch_until_ms = now_ms + ms(policy.absolute + policy.expired_remembered);
        }
        // The same command is repeated: the session exists already, and no other session is ended for it.
        if let Some(record) = self.live.get(&new.session_id).filter(|record| !record.is_over(now_ms)) {
            return Issue::Issued { expires_in: record.expires_in(now_ms) };
        }
        self.make_room(policy, now_ms, new.user_id);
        let absolute_at_ms = now_ms + ms(policy.absolute);
        let record = Record {
            generation: 1,
            current: new.digests[0],
            next: new.digests[1],
            // Long ago, so that the first exchange of a session always rotates. Only this client can have a token
            // before that.
            rotated_at_ms: 0,
            handed_at_ms: 0,
            expires_at_ms: absolute_at_ms.min(now_ms + ms(policy.idle)),
            absolute_at_ms,
            epoch: new.epoch,
            attempt: None,
            client: new.client.clone(),
            created_at_ms: now_ms,
            seen_at_ms: now_ms,
        };
        let expires_in = record.expires_in(now_ms);
        self.live.insert(new.session_id, record);
        Issue::Issued { expires_in }
    }

    /// Exchanges a refresh token. The numbers are those of the steps in `refresh.lua`.
    pub(super) fn refresh(
        &mut self,
        policy: &Policy,
        now_ms: u64,
        token: &VerifiedToken,
        epoch: u64,
        attempt: Option<&IdempotencyKey>,
    ) -> Refresh {
        let session_id = token.session_id();
        // 1. Does the session exist?
        let Some(record) = self.live.get_mut(&session_id) else {
            let remembered = self.ended.get(&session_id).filter(|ended| now_ms < ended.until_ms);
            return remembered.map_or(Refresh::Ended, |ended| ended.verdict);
        };
        if record.epoch < self.epoch.max(epoch) {
            return self.finish(policy, now_ms, session_id, Refresh::Ended);
        }
        if record.is_over(now_ms) {
            return self.finish(policy, now_ms, session_id, Refresh::Expired);
        }
        match rotation::exchange(record, policy, now_ms, token, attempt) {
            Refresh::Reused => self.finish(policy, now_ms, session_id, Refresh::Reused),
            verdict => verdict,
        }
    }

    pub(super) fn end(&mut self, policy: &Policy, now_ms: u64, session_id: Uuid) -> bool {
        let was_live = self.live.get(&session_id).is_some_and(|record| !record.is_over(now_ms));
        if was_live {
            self.finish(policy, now_ms, session_id, Refresh::Ended);
        }
        was_live
    }

    pub(super) fn end_others(&mut self, policy: &Policy, now_ms: u64, keep: Uuid) -> usize {
        let others: Vec<Uuid> = self.live.keys().copied().filter(|id| *id != keep).collect();
        others.into_iter().filter(|id| self.end(policy, now_ms, *id)).count()
    }

    /// Raising the epoch drops all sessions, so every session in `live` was opened under the current epoch.
    pub(super) fn raise_epoch(&mut self, policy: &Policy, now_ms: u64, epoch: u64) {
        if epoch > self.epoch {
            self.epoch = epoch;
            self.epoch_until_ms = now_ms + ms(policy.absolute + policy.expired_remembered);
            self.live.clear();
        }
    }

    pub(super) fn list(&self, now_ms: u64, epoch: u64) -> Vec<Session> {
        let live = self.live.iter().filter(|(_, record)| self.is_live(record, now_ms, epoch));
        let mut sessions: Vec<Session> = live
            .map(|(id, record)| Session {
                id: *id,
                client: record.client(),
                created_at_ms: record.created_at_ms,
                seen_at_ms: record.seen_at_ms,
                expires_at_ms: record.expires_at_ms,
            })
            .collect();
        sessions.sort_by_key(|session| (std::cmp::Reverse(session.seen_at_ms), session.id));
        sessions
    }

    pub(super) fn live(&self, now_ms: u64, session_id: Uuid, epoch: u64) -> Option<Client> {
        self.live.get(&session_id).filter(|record| self.is_live(record, now_ms, epoch)).map(Record::client)
    }

    /// Drops data that no later call needs. Returns `true` if nothing is left.
    pub(super) fn forget_what_is_over(&mut self, policy: &Policy, now_ms: u64) -> bool {
        self.live.retain(|_, record| now_ms < record.expires_at_ms + ms(policy.expired_remembered));
        self.ended.retain(|_, ended| now_ms < ended.until_ms);
        self.live.is_empty() && self.ended.is_empty() && now_ms >= self.epoch_until_ms
    }

    fn is_live(&self, record: &Record, now_ms: u64, epoch: u64) -> bool {
        !record.is_over(now_ms) && record.epoch >= self.epoch.max(epoch)
    }

    /// Ends sessions until there is room for one more, beginning with those that would expire first.
    fn make_room(&mut self, policy: &Policy, now_ms: u64, user_id: Uuid) {
        self.ended.retain(|_, ended| now_ms < ended.until_ms);
        let mut live: Vec<(u64, Uuid)> = self
            .live
            .iter()
            .filter(|(_, record)| !record.is_over(now_ms))
            .map(|(id, record)| (record.expires_at_ms, *id))
            .collect();
        let over = (live.len() + 1).saturating_sub(policy.sessions_per_user);
        live.sort_unstable();
        for (_, session_id) in live.into_iter().take(over) {
            self.finish(policy, now_ms, session_id, Refresh::Ended);
            kit::audit::session_evicted(user_id, Some(session_id));
        }
    }

    fn finish(&mut self, policy: &Policy, now_ms: u64, session_id: Uuid, verdict: Refresh) -> Refresh {
        self.live.remove(&session_id);
        self.ended.insert(session_id, Ended { verdict, until_ms: now_ms + ms(policy.ended_remembered) });
        verdict
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kit::ClientKind;
    use kit::keyring::Keyring;

    use super::*;
    use crate::chain::Keys;

    const NOW_MS: u64 = 1_800_000_000_000;

    struct Person {
        sessions: Sessions,
        policy: Policy,
        keys: Keys,
    }

    impl Person {
        fn new() -> Self {
            let policy = Policy { idle: Duration::from_hours(24), ..Policy::default() };
            Self { sessions: Sessions::default(), policy, keys: Keys::derive(&Keyring::random()).unwrap() }
        }

        fn log_in(&mut self, now_ms: u64) -> VerifiedToken {
            self.log_in_under(0, now_ms)
        }

        fn log_in_under(&mut self, epoch: u64, now_ms: u64) -> VerifiedToken {
            let (user_id, client) = (Uuid::from_u128(1), Client::default());
            let first = self.keys.first_token(user_id, ClientKind::Mobile).unwrap();
            let new = NewSession {
                user_id,
                session_id: first.session_id,
                epoch,
                digests: first.digests,
                client: &client,
            };
            assert!(matches!(self.sessions.issue(&self.policy, now_ms, &new), Issue::Issued { .. }));
            self.keys.verify(first.token.expose()).unwrap()
        }

        fn show(&mut self, token: &VerifiedToken, now_ms: u64) -> Refresh {
            self.sessions.refresh(&self.policy, now_ms, token, 0, None)
        }

        fn is_forgotten(&mut self, now_ms: u64) -> bool {
            self.sessions.forget_what_is_over(&self.policy, now_ms)
        }
    }

    #[test]
    fn why_a_session_ended_is_told_for_as_long_as_it_is_remembered() {
        let mut person = Person::new();
        let token = person.log_in(NOW_MS);
        let over_ms = NOW_MS + ms(person.policy.idle);
        assert!(matches!(person.show(&token, over_ms), Refresh::Expired));
        let until_ms = over_ms + ms(person.policy.ended_remembered);
        assert!(matches!(person.show(&token, until_ms - 1), Refresh::Expired));
        assert!(matches!(person.show(&token, until_ms), Refresh::Ended));
    }

    #[test]
    fn a_record_outlives_its_session_by_a_while_and_then_nothing_is_left() {
        let mut person = Person::new();
        let token = person.log_in(NOW_MS);
        let until_ms = NOW_MS + ms(person.policy.idle + person.policy.expired_remembered);
        assert!(!person.is_forgotten(until_ms - 1) && person.sessions.live.contains_key(&token.session_id()));
        assert!(person.is_forgotten(until_ms) && !person.sessions.live.contains_key(&token.session_id()));
    }

    #[test]
    fn an_ending_is_remembered_to_the_millisecond_whoever_looks() {
        let mut person = Person::new();
        let token = person.log_in(NOW_MS);
        assert!(person.sessions.end(&person.policy, NOW_MS, token.session_id()));
        let until_ms = NOW_MS + ms(person.policy.ended_remembered);
        assert!(!person.is_forgotten(until_ms - 1));
        let mut other = Person { sessions: person.sessions.clone(), ..Person::new() };
        assert!(person.is_forgotten(until_ms));
        // A login forgets old endings as well.
        other.log_in(until_ms - 1);
        assert_eq!(other.sessions.ended.len(), 1);
        other.log_in(until_ms);
        assert_eq!(other.sessions.ended.len(), 0);
    }

    #[test]
    fn the_epoch_is_remembered_for_as_long_as_the_last_session_under_it_could_live() {
        let mut person = Person::new();
        for now_ms in [NOW_MS, NOW_MS + 5_000] {
            let token = person.log_in_under(1, now_ms);
            person.sessions.end(&person.policy, now_ms, token.session_id());
        }
        let until_ms = NOW_MS + 5_000 + ms(person.policy.absolute + person.policy.expired_remembered);
        assert!(!person.is_forgotten(until_ms - 1));
        assert!(person.is_forgotten(until_ms));
    }
}
