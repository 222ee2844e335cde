//! A user in the random histories: the row of their account, their devices with every token that each ever got, and the
//! histories of their sessions that the contract allows.

use kit::{Client, ClientKind};
use lab4_hybrid::chain::{Digest, Keys};
use lab4_hybrid::idempotency::IdempotencyKey;
use lab4_hybrid::store::{Issue, NewSession, Refresh, Session, Store};
use lab4_hybrid::token::VerifiedToken;
use uuid::Uuid;

use crate::contract::{Asked, History, TICK, Told, Why};

pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) row: Row,
    pub(crate) devices: Vec<Device>,
    /// Every history that explains all answers so far. If none is left, the store broke the contract.
    pub(crate) possible: Vec<History>,
}

/// The epoch in the account's row, and the epoch before its last change.
#[derive(Clone, Copy, Default)]
pub(crate) struct Row {
    pub(crate) epoch: u64,
    before: u64,
    changed_at: u64,
    pub(crate) deleted: bool,
}

pub(crate) struct Device {
    pub(crate) id: Uuid,
    digests: [Digest; 2],
    tokens: Vec<VerifiedToken>,
    /// The number of the newest token that the device got. After a failover the store may know only older ones.
    pub(crate) newest: u32,
}

impl Row {
    pub(crate) fn raise(&mut self, now: u64) {
        (self.before, self.epoch, self.changed_at) = (self.epoch, self.epoch + 1, now);
    }

    /// The epoch that a server may have read: the row's, or the previous one for a request that was in progress when it
    /// was raised. No request takes longer than one step of time.
    pub(crate) fn read(&self, stale: bool, now: u64) -> u64 {
        if stale && now - self.changed_at <= TICK { self.before } else { self.epoch }
    }
}

impl Device {
    pub(crate) fn of(keys: &Keys, user: Uuid) -> Self {
        let first = keys.first_token(user, ClientKind::Mobile).unwrap();
        let token = keys.verify(first.token.expose()).unwrap();
        Self { id: first.session_id, digests: first.digests, tokens: vec![token], newest: 1 }
    }

    /// The token with a number, which may be ahead of all tokens that a server issued: a server whose writes were lost
    /// may have issued it.
    pub(crate) fn token(&mut self, keys: &Keys, number: u32) -> VerifiedToken {
        while self.tokens.len() < number as usize {
            let last = &self.tokens[self.tokens.len() - 1];
            self.tokens.push(keys.verify(last.successor().expose()).unwrap());
        }
        self.tokens[number as usize - 1].clone()
    }
}

/// A question with all data that a store needs. It can be sent twice, and by two servers at once.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) asked: Asked,
    user: Uuid,
    device: Uuid,
    digests: Option<[Digest; 2]>,
    token: Option<VerifiedToken>,
    names: Vec<Uuid>,
}

impl Person {
    pub(crate) fn question(&mut self, keys: &Keys, asked: Asked) -> Question {
        let names = self.devices.iter().map(|device| device.id).collect();
        let device = match asked {
            Asked::LogIn { session, .. } | Asked::Refresh { session, .. } | Asked::End { session } => {
                self.devices.get_mut(session)
            }
            Asked::EndOthers { keep: session } | Asked::Live { session, .. } => self.devices.get_mut(session),
            Asked::EndAll { .. } | Asked::List { .. } => None,
        };
        let (id, digests, token) = match (device, asked) {
            (Some(device), Asked::Refresh { number, .. }) => {
                (device.id, None, Some(device.token(keys, number)))
            }
            (Some(device), _) => (device.id, Some(device.digests), None),
            (None, _) => (Uuid::nil(), None, None),
        };
        Question { asked, user: self.id, device: id, digests, token, names }
    }

    /// Records an answer: only the histories that allow it remain.
    pub(crate) fn heard(&mut self, now: u64, asked: Asked, told: &Told) -> Result<(), String> {
        self.heard_both(&[asked], std::slice::from_ref(told), now)
    }

    /// Records the answers to one question, or to two concurrent ones: either order of the two may explain them.
    pub(crate) fn heard_both(&mut self, asked: &[Asked], told: &[Told], now: u64) -> Result<(), String> {
        let mut orders: Vec<Vec<usize>> = vec![(0..asked.len()).collect()];
        if asked.len() == 2 {
            orders.push(vec![1, 0]);
        }
        let mut remaining: Vec<History> = Vec::new();
        let mut allowed = Vec::new();
        for order in &orders {
            let mut histories = self.possible.clone();
            for place in order {
                let answers = histories.iter().flat_map(|history| history.answers(now, asked[*place]));
                let answers: Vec<_> = answers.collect();
                allowed.extend(answers.iter().map(|(answer, _)| format!("{answer:?}")));
                let fitting = answers.into_iter().filter(|(answer, _)| *answer == told[*place]);
                histories = fitting.map(|(_, history)| history).collect();
            }
            remaining.extend(
                histories.into_iter().filter(|history| !remaining.contains(history)).collect::<Vec<_>>(),
            );
        }
        if remaining.is_empty() {
            allowed.sort();
            allowed.dedup();
            return Err(format!(
                "asked {asked:?}, the store said {told:?}; the contract allows {}",
                allowed.join(" or ")
            ));
        }
        self.possible = remaining;
        for (asked, told) in asked.iter().zip(told) {
            if let (Asked::Refresh { session, number, .. }, Told::Rotated { .. } | Told::Replayed { .. }) =
                (asked, told)
            {
                let newest = &mut self.devices[*session].newest;
                *newest = (*newest).max(number + 1);
            }
        }
        Ok(())
    }
}

impl Question {
    /// Sends the question to a store.
    pub(crate) async fn put_to<S: Store>(self, store: S) -> Told {
        let user = self.user;
        match self.asked {
            Asked::LogIn { epoch, .. } => {
                let client = Client { kind: ClientKind::Mobile, device: None };
                let digests = self.digests.unwrap();
                let session =
                    NewSession { user_id: user, session_id: self.device, epoch, digests, client: &client };
                match store.issue(&session).await.unwrap() {
                    Issue::Issued { expires_in } => Told::Issued { left: rounded(expires_in) },
                    Issue::Stale { .. } => Told::Stale,
                }
            }
            Asked::Refresh { epoch, key, .. } => {
                let key = key.map(|key| IdempotencyKey::of(&format!("key {key}")));
                match store.refresh(&self.token.unwrap(), epoch, key.as_ref()).await.unwrap() {
                    Refresh::Rotated { expires_in } => Told::Rotated { left: rounded(expires_in) },
                    Refresh::Kept { expires_in } => Told::Kept { left: rounded(expires_in) },
                    Refresh::Done { expires_in } => Told::Done { left: rounded(expires_in) },
                    Refresh::Replayed { expires_in } => Told::Replayed { left: rounded(expires_in) },
                    Refresh::Reused => Told::Refused(Why::Reused),
                    Refresh::Expired => Told::Refused(Why::Expired),
                    Refresh::Ended => Told::Refused(Why::Ended),
                    Refresh::Ahead => Told::Ahead,
                    Refresh::Invalid => Told::Refused(Why::Invalid),
                }
            }
            Asked::End { .. } => Told::Ended(store.end(user, self.device).await.unwrap()),
            Asked::EndOthers { .. } => Told::EndedOthers(store.end_others(user, self.device).await.unwrap()),
            Asked::EndAll { epoch } => store.end_all(user, epoch).await.map(|_| Told::Raised).unwrap(),
            Asked::List { epoch } => {
                let listed = store.list(user, epoch).await.unwrap();
                let shown = |id: &Uuid| listed.iter().any(|session: &Session| session.id == *id);
                let known =
                    self.names.iter().enumerate().filter(|(_, id)| shown(id)).map(|(number, _)| number);
                let known: Vec<usize> = known.collect();
                assert_eq!(known.len(), listed.len(), "a list names a session that was never opened");
                Told::Listed(known)
            }
            Asked::Live { epoch, .. } => {
                Told::Live(store.live(user, self.device, epoch).await.unwrap().is_some())
            }
        }
    }
}

/// Rounds to the nearest step of time, in seconds. The duration of the test itself is less than half a step.
fn rounded(left: std::time::Duration) -> u64 {
    (left.as_secs() + TICK / 2) / TICK * TICK
}
