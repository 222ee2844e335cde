//! A model of the store's contract: an account that remembers everything.
//!
//! A store keeps a few fields of a session and must compute the right answer from them. A [`History`] keeps every event
//! of an account and looks each answer up in it, by rules that a reader can apply by hand:
//!
//! 1. A session that is over stays over, and the store says why for as long as it remembers.
//! 2. A session is over after it was ended; after its token was reused; when its account's epoch is above the one that
//!    it was opened under; and when it has passed its idle or absolute limit.
//! 3. The newest token rotates the session. There are two exceptions, in which the token stays: a response contained it
//!    less than a window ago, or the idempotency key is that of the exchange that issued it.
//! 4. The token before the newest gets the same response again: for a window after the rotation, and without a time
//!    limit with the idempotency key of that exchange.
//! 5. Any older token is a copy, and ends the session.
//! 6. A token one above the newest was issued by a Redis that a failover has replaced: it becomes the newest. A token
//!    further above shows that the store was restored to an earlier state, and is neither accepted nor refused.
//!
//! A failover that loses the last write is a history without its last events. Where the rules leave a choice (which of
//! two sessions of equal age is ended to make room, or whether a session that ended long ago is reported as expired),
//! all answers are allowed, each with the history that it leads to.

/// The length of a step of time, in seconds. All limits are multiples of it, so that the duration of the test itself
/// changes nothing.
pub(crate) const TICK: u64 = 100;
/// The window, in seconds, except in strict mode.
pub(crate) const WINDOW: u64 = 6 * TICK;
pub(crate) const IDLE: u64 = 72 * TICK;
pub(crate) const ABSOLUTE: u64 = 216 * TICK;
pub(crate) const SESSIONS: usize = 3;
pub(crate) const ENDED_REMEMBERED: u64 = 12 * TICK;
pub(crate) const EXPIRED_REMEMBERED: u64 = 36 * TICK;

/// A question to a store. Sessions are numbered in the order of logins, and tokens within their session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    LogIn { session: usize, epoch: u64 },
    Refresh { session: usize, number: u32, epoch: u64, key: Option<u8> },
    End { session: usize },
    EndOthers { keep: usize },
    EndAll { epoch: u64 },
    List { epoch: u64 },
    Live { session: usize, epoch: u64 },
}

/// A store's answer. `left` is how long the session lives if it is not used, in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Issued {
        left: u64,
    },
    Stale,
    Rotated {
        left: u64,
    },
    Kept {
        left: u64,
    },
    Done {
        left: u64,
    },
    Replayed {
        left: u64,
    },
    Refused(Why),
    /// The token is more than one rotation ahead of the record, so there is no verdict on it.
    Ahead,
    Ended(bool),
    EndedOthers(usize),
    Raised,
    Listed(Vec<usize>),
    Live(bool),
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Ended,
    Expired,
    Reused,
    Invalid,
}

/// An event in the history of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Began { session: usize, epoch: u64 },
    Given { session: usize, number: u32, how: How },
    Over { session: usize, why: Why },
    Raised { epoch: u64 },
}

/// How a token became the newest, or was issued again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Rotation { key: Option<u8> },
    Redone,
    Replay,
}

/// The past of an account, as one Redis knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    window: u64,
    events: Vec<(u64, Event)>,
}

/// An answer, and the history that it leads to.
pub(crate) type Possible = (Told, History);

impl History {
    pub(crate) fn new(window: u64) -> Self {
        Self { window, events: Vec::new() }
    }

    /// Every answer that the contract allows.
    pub(crate) fn answers(&self, now: u64, asked: Asked) -> Vec<Possible> {
        match asked {
            Asked::LogIn { session, epoch } => self.log_in(now, session, epoch),
            Asked::Refresh { session, number, epoch, key } => self.refresh(now, session, number, epoch, key),
            Asked::End { session } => {
                let lives = self.lives(session, now, 0);
                let after = if lives { self.over(now, session, Why::Ended) } else { self.clone() };
                vec![(Told::Ended(lives), after)]
            }
            Asked::EndOthers { keep } => {
                let others: Vec<usize> = self.living(now, 0).into_iter().filter(|one| *one != keep).collect();
                let ended =
                    others.iter().fold(self.clone(), |history, one| history.over(now, *one, Why::Ended));
                vec![(Told::EndedOthers(others.len()), ended)]
            }
            Asked::EndAll { epoch } => vec![(Told::Raised, self.raised(now, epoch))],
            Asked::List { epoch } => vec![(Told::Listed(self.living(now, epoch)), self.clone())],
            Asked::Live { session, epoch } => {
                vec![(Told::Live(self.lives(session, now, epoch)), self.clone())]
            }
        }
    }

    fn log_in(&self, now: u64, session: usize, epoch: u64) -> Vec<Possible> {
        if epoch < self.epoch() {
            return vec![(Told::Stale, self.clone())];
        }
        if self.lives(session, now, epoch) {
            // The same command is repeated: it is the same session.
            return vec![(Told::Issued { left: self.expires(session) - now }, self.clone())];
        }
        let raised = self.raised(now, epoch);
        let living = raised.living(now, epoch);
        let crowded = living.len() >= SESSIONS;
        let first = living.iter().map(|one| raised.expires(*one)).min();
        let roomy: Vec<History> = match first {
            Some(first) if crowded => {
                let oldest = living.iter().filter(|one| raised.expires(**one) == first);
                oldest.map(|one| raised.over(now, *one, Why::Ended)).collect()
            }
            _ => vec![raised],
        };
        let began = Event::Began { session, epoch };
        roomy.into_iter().map(|history| (Told::Issued { left: IDLE }, history.then(now, began))).collect()
    }

    fn refresh(&self, now: u64, session: usize, number: u32, epoch: u64, key: Option<u8>) -> Vec<Possible> {
        if let Some((at, why)) = self.why_over(session) {
            let forgotten = now >= at + ENDED_REMEMBERED && why != Why::Ended;
            let answers = [why, Why::Ended].into_iter().take(1 + usize::from(forgotten));
            return answers.map(|why| (Told::Refused(why), self.clone())).collect();
        }
        let refused = |why| (Told::Refused(why), self.over(now, session, why));
        let Some((_, began_under)) = self.began(session) else {
            return vec![(Told::Refused(Why::Ended), self.clone())];
        };
        if began_under < epoch.max(self.epoch()) {
            return vec![refused(Why::Ended)];
        }
        if now >= self.expires(session) {
            let forgotten = now >= self.expires(session) + EXPIRED_REMEMBERED;
            let answers = [Why::Expired, Why::Ended].into_iter().take(1 + usize::from(forgotten));
            return answers.map(refused).collect();
        }
        vec![self.exchange(now, session, number, key)]
    }

    fn exchange(&self, now: u64, session: usize, number: u32, key: Option<u8>) -> Possible {
        let given = |number, how| (now, Event::Given { session, number, how });
        let mut history = self.clone();
        if number == self.newest(session) + 1 {
            history.events.push(given(number, How::Redone));
        }
        let newest = history.newest(session);
        if number == newest {
            let handed_out = history.given(session, newest).last().map(|(at, _)| at);
            let same_key = key.is_some() && key == history.key_served(session, newest);
            if same_key {
                return (Told::Done { left: history.expires(session) - now }, history);
            }
            if handed_out.is_some_and(|at| now - at < self.window) {
                return (Told::Kept { left: history.expires(session) - now }, history);
            }
            history.events.push(given(newest + 1, How::Rotation { key }));
            return (Told::Rotated { left: history.expires(session) - now }, history);
        }
        if number + 1 == newest {
            let superseded = history.given(session, newest).next().map(|(at, _)| at);
            let same_key = key.is_some() && key == history.key_served(session, newest);
            if same_key || superseded.is_some_and(|at| now - at < self.window) {
                history.events.push(given(newest, How::Replay));
                return (Told::Replayed { left: history.expires(session) - now }, history);
            }
        }
        if number < newest {
            return (Told::Refused(Why::Reused), history.over(now, session, Why::Reused));
        }
        (Told::Ahead, history)
    }
}

/// Look-ups in the history.
impl History {
    fn then(&self, now: u64, event: Event) -> Self {
        let mut history = self.clone();
        history.events.push((now, event));
        history
    }

    fn over(&self, now: u64, session: usize, why: Why) -> Self {
        self.then(now, Event::Over { session, why })
    }

    fn raised(&self, now: u64, epoch: u64) -> Self {
        if epoch > self.epoch() { self.then(now, Event::Raised { epoch }) } else { self.clone() }
    }

    fn epoch(&self) -> u64 {
        let raised = self.events.iter().map(|(_, event)| match event {
            Event::Raised { epoch } => *epoch,
            _ => 0,
        });
        raised.max().unwrap_or(0)
    }

    fn began(&self, asked: usize) -> Option<(u64, u64)> {
        self.events.iter().find_map(|(at, event)| match event {
            Event::Began { session, epoch } if *session == asked => Some((*at, *epoch)),
            _ => None,
        })
    }

    fn why_over(&self, asked: usize) -> Option<(u64, Why)> {
        self.events.iter().find_map(|(at, event)| match event {
            Event::Over { session, why } if *session == asked => Some((*at, *why)),
            _ => None,
        })
    }

    /// When and how a token was issued. A session's first token is not included, because the login issued it to a
    /// single client.
    fn given(&self, asked: usize, wanted: u32) -> impl Iterator<Item = (u64, How)> {
        self.events.iter().filter_map(move |(at, event)| match event {
            Event::Given { session, number, how } if (*session, *number) == (asked, wanted) => {
                Some((*at, *how))
            }
            _ => None,
        })
    }

    fn newest(&self, asked: usize) -> u32 {
        (2..).take_while(|number| self.given(asked, *number).next().is_some()).last().unwrap_or(1)
    }

    /// The idempotency key of the exchange that issued token `number`, which a repeated exchange presents.
    fn key_served(&self, session: usize, number: u32) -> Option<u8> {
        match self.given(session, number).next()?.1 {
            How::Rotation { key } => key,
            How::Redone | How::Replay => None,
        }
    }

    /// When a session expires: at its idle limit after the last rotation, or at its absolute limit.
    fn expires(&self, asked: usize) -> u64 {
        let began = self.began(asked).map_or(0, |(at, _)| at);
        let used = self.events.iter().filter_map(|(at, event)| match event {
            Event::Given { session, how: How::Rotation { .. }, .. } if *session == asked => Some(*at),
            _ => None,
        });
        (used.max().unwrap_or(began) + IDLE).min(began + ABSOLUTE)
    }

    fn lives(&self, session: usize, now: u64, epoch: u64) -> bool {
        let began = self.began(session).is_some_and(|(_, under)| under >= epoch.max(self.epoch()));
        began && self.why_over(session).is_none() && now < self.expires(session)
    }

    fn living(&self, now: u64, epoch: u64) -> Vec<usize> {
        let began = self.events.iter().filter_map(|(_, event)| match event {
            Event::Began { session, .. } => Some(*session),
            _ => None,
        });
        began.filter(|session| self.lives(*session, now, epoch)).collect()
    }
}
