//! The store's verdict on a token: the crate's own rules, run on a record that is built from a state. An observer who
//! sees everything then judges that verdict.

use std::time::Duration;

use lab4_hybrid::idempotency::IdempotencyKey;
use lab4_hybrid::store::memory::bare::{Bare, Snapshot};
use lab4_hybrid::store::{Policy, Refresh};

use super::state::{Party, Record, State, Told, Wrong};
use super::{Keying, Rule, Session, Tokens};

const TICK: Duration = Duration::from_secs(100);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn policy(session: &Session) -> Policy {
    Policy {
        window: if session.strict { Duration::ZERO } else { TICK * u32::from(session.window) },
        idle: 14 * DAY,
        absolute: 30 * DAY,
        sessions_per_user: 50,
        ended_remembered: Duration::from_secs(900),
        expired_remembered: Duration::from_secs(3600),
    }
}

/// A record, a token's number, and the idempotency key that is sent with it.
pub(super) type Question = (Record, u8, Option<(Party, u8)>);

/// The store's answer to a question: its verdict, the record afterwards, and whether the digests of that record do not
/// follow from its number.
pub(super) type Said = (Told, Option<Record>, bool);

type Verdict = (Told, Option<Record>);

impl Tokens {
    /// A token reaches the store, with a key that the user or the thief generated.
    pub(super) fn shown(
        &self,
        state: &State,
        who: Party,
        token: u8,
        key: Option<(Party, u8)>,
    ) -> (State, Told) {
        let Some(before) = state.record else { return (*state, Told::Ended) };
        let question = (before, token, key);
        let known = self.said.borrow().get(&question).copied();
        let (told, record, forked) = known.unwrap_or_else(|| self.ask(question));
        self.said.borrow_mut().insert(question, (told, record, forked));
        let (told, record) = self.by_another_rule(state, question, (told, record));

        let mut after = *state;
        if record != state.record {
            after = state.written(record, self.session.lost_writes * u8::from(state.failovers > 0));
        }
        if self.session.rule == Rule::ParentUntilShown {
            let shown_now = matches!(told, Told::Kept | Told::Done) && token == before.generation;
            after.current_shown = told != Told::Rotated && (state.current_shown || shown_now);
        }
        let hasty = told == Told::Rotated && !self.session.strict && before.rotated < self.session.window;
        let wrote =
            matches!(told, Told::Kept | Told::Done) && before.generation == token && record != state.record;
        let wrong = [(forked, Wrong::Forked), (hasty, Wrong::TooOften), (wrote, Wrong::KeptWrote)];
        let wrong = wrong.into_iter().find_map(|(is, wrong)| is.then_some(wrong));
        after.wrong = after.wrong.or(wrong);
        if self.session.thief {
            self.watch(&mut after, who, token, told);
        }
        (after, told)
    }

    /// Builds the record and applies the crate's own rules.
    fn ask(&self, (before, token, key): Question) -> Said {
        let name = self.chain[0].session_id();
        let mut store = Bare::new(self.policy, 0);
        store.put(name, &self.snapshot(before));
        let verdict = store.refresh(&self.chain[usize::from(token) - 1], 0, key.map(|key| self.key(key)));
        let after = store.snapshot(name);
        let forked = after.as_ref().is_some_and(|after| self.is_forked(after));
        (told(verdict), after.map(|after| self.record(&after)), forked)
    }

    /// The verdict of a protocol that was rejected, given this crate's verdict `ours`.
    fn by_another_rule(&self, state: &State, (before, token, key): Question, ours: Verdict) -> Verdict {
        let since = |ticks: u8| ticks >= self.session.window || self.session.strict;
        match (self.session.rule, ours.0) {
            (Rule::KeyServesOnce, Told::Done)
                if key.is_some()
                    && key == before.key
                    && token == before.generation
                    && since(before.handed) =>
            {
                let moved = Record { generation: token + 1, rotated: 0, handed: 0, key: None };
                (Told::Rotated, Some(moved))
            }
            (Rule::ParentUntilShown, Told::Reused)
                if token + 1 == before.generation && !state.current_shown =>
            {
                (Told::Replayed, Some(Record { handed: 0, ..before }))
            }
            _ => ours,
        }
    }

    /// The number of the idempotency key that the user sends with a token, in an exchange that begins now.
    pub(super) fn key_of_exchange(&self, state: &State, token: u8) -> u8 {
        match self.session.keying {
            Keying::None => 0,
            Keying::PerToken => token,
            Keying::Kept | Keying::PerExchange if state.pending != 0 => state.pending,
            Keying::Kept | Keying::PerExchange => state.fresh_key(),
        }
    }

    pub(super) fn persons(key: u8) -> Option<(Party, u8)> {
        (key != 0).then_some((Party::Person, key))
    }

    /// The idempotency keys that a thief can send with a token.
    pub(super) fn keys_of_thief(&self, state: &State, token: u8) -> Vec<Option<(Party, u8)>> {
        let own = (self.session.keying != Keying::None).then_some((Party::Thief, token));
        match self.session.keying {
            Keying::PerToken if state.copied_key == token => vec![Self::persons(token)],
            Keying::Kept | Keying::PerExchange if state.copied_key != 0 => {
                vec![own, Self::persons(state.copied_key)]
            }
            _ => vec![own],
        }
    }

    /// Detects a theft that goes unnoticed: a token that another party superseded a window ago must not be accepted.
    fn watch(&self, after: &mut State, who: Party, token: u8, told: Told) {
        if !matches!(told, Told::Rotated | Told::Replayed) {
            return;
        }
        let first = &mut after.superseded[usize::from(token)];
        if first.is_some_and(|(by, age)| by != who && age >= self.session.window) {
            let excused = self.session.slips > 0 && after.slipped.is_none_or(|slipped| slipped == token);
            if excused {
                after.slipped = Some(token);
            } else {
                after.wrong = after.wrong.or(Some(Wrong::Unseen { token, who }));
            }
        }
        // After a failover a token can be superseded once more.
        if first.is_none() || told == Told::Rotated {
            *first = Some((who, 0));
        }
    }

    /// Whether a record's two digests do not follow from its number, which would be a second chain.
    fn is_forked(&self, of: &Snapshot) -> bool {
        let [current, next, _] = self.chain[of.generation as usize - 1].digests();
        of.current != *current || of.next != *next
    }

    fn snapshot(&self, of: Record) -> Snapshot {
        let [current, next, _] = *self.chain[usize::from(of.generation) - 1].digests();
        let attempt = of.key.map(|key| self.key(key).clone());
        Snapshot {
            generation: u32::from(of.generation),
            current,
            next,
            rotated_ago: TICK * u32::from(of.rotated),
            handed_ago: TICK * u32::from(of.handed),
            epoch: 0,
            attempt,
        }
    }

    fn record(&self, of: &Snapshot) -> Record {
        let ticks =
            |ago: Duration| (ago.as_secs() / TICK.as_secs()).min(u64::from(self.session.window)) as u8;
        let key = of.attempt.as_ref().and_then(|attempt| {
            [Party::Person, Party::Thief].into_iter().find_map(|who| {
                let number = self.keys[who as usize].iter().position(|key| key == attempt)?;
                Some((who, number as u8))
            })
        });
        let generation = of.generation as u8;
        Record { generation, rotated: ticks(of.rotated_ago), handed: ticks(of.handed_ago), key }
    }

    fn key(&self, (who, number): (Party, u8)) -> &IdempotencyKey {
        &self.keys[who as usize][usize::from(number)]
    }
}

fn told(verdict: Refresh) -> Told {
    match verdict {
        Refresh::Rotated { .. } => Told::Rotated,
        Refresh::Kept { .. } => Told::Kept,
        Refresh::Done { .. } => Told::Done,
        Refresh::Replayed { .. } => Told::Replayed,
        Refresh::Reused => Told::Reused,
        Refresh::Ended | Refresh::Expired => Told::Ended,
        Refresh::Ahead => Told::Ahead,
        Refresh::Invalid => Told::Invalid,
    }
}
