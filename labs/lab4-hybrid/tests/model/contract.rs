//! The contract, as an account that remembers everything.
//!
//! A store keeps a few fields of a session and must give the right answer from them. A [`History`] keeps whatever ever
//! happened to an account and looks each answer up in it, by rules that a person can follow with a finger on the page:
//!
//! 1. What is over stays over, and says why as long as that is remembered.
//! 2. A session is over once it was ended, once its token was reused, once its account's epoch is above the one that it
//!    began under, and once it has gone unused, or lived, for too long.
//! 3. The newest token moves the session on, unless an answer carried it less than a window ago, or the idempotency key is
//!    that of the exchange which made it the newest: then it stays.
//! 4. The one before it gets that same answer again, for a window from the first time, and for ever with the idempotency
//!    key that came with the exchange.
//! 5. Any older one is somebody's copy, and ends the session.
//! 6. One that is newer than the newest was given out by a Redis that a failover has replaced: it is the newest. One that
//!    is newer still shows that the store went back in time, and is neither taken nor refused.
//!
//! A failover that loses the last write is a history without its last events. Where the rules leave a choice (which of
//! two sessions of equal age makes room, whether a long-forgotten session is said to have expired), all answers are
//! possible, each with the history that it leads to.

/// Seconds of a step of time. All limits are multiples of it, so that the seconds a test really takes change nothing.
pub(crate) const TICK: u64 = 100;
/// The window, unless it is strict mode.
pub(crate) const WINDOW: u64 = 6 * TICK;
pub(crate) const IDLE: u64 = 72 * TICK;
pub(crate) const ABSOLUTE: u64 = 216 * TICK;
pub(crate) const SESSIONS: usize = 3;
pub(crate) const ENDED_REMEMBERED: u64 = 12 * TICK;
pub(crate) const EXPIRED_REMEMBERED: u64 = 36 * TICK;

/// What a store is asked. A session is a number in the order of log-ins; a token is its number in its session.
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

/// What it answers. `left` is how long the session will live unused, in seconds.
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
    /// The token is further than the record can be: no verdict on it.
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

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Began { session: usize, epoch: u64 },
    Given { session: usize, number: u32, how: How },
    Over { session: usize, why: Why },
    Raised { epoch: u64 },
}

/// How a token came to be the newest, or to be handed out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Rotation { key: Option<u8> },
    Redone,
    Replay,
}

/// An account's past, as one Redis knows it.
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
            // The same command once more: it is the same session.
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

/// What the pages say.
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

    /// When and how a token was handed out. The first of a session is not among them: the log-in gave it to one client.
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

    /// The key of the exchange that made `number`, for a repeat to show.
    fn key_served(&self, session: usize, number: u32) -> Option<u8> {
        match self.given(session, number).next()?.1 {
            How::Rotation { key } => key,
            How::Redone | How::Replay => None,
        }
    }

    /// When a session runs out: unused since its last rotation, or at the end of its life.
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
