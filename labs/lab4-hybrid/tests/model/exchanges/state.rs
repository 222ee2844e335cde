//! The state of all parties, in as few numbers as needed to tell two futures apart.

use super::Session;

pub(super) const TABS: usize = 3;
/// The numbers of tokens that can be superseded within a search.
pub(super) const NUMBERS: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// The primary's record of the session; `None` if the session is over.
    pub(super) record: Option<Record>,
    /// The record before the last write, and before the one before that: a replica may be that far behind.
    pub(super) replica: [Record; 2],
    pub(super) behind: u8,
    /// The number of the token in the browser's cookie.
    pub(super) cookie: Option<u8>,
    pub(super) tabs: [Tab; TABS],
    /// The key that the page has stored where a reload does not lose it; 0 for none.
    pub(super) pending: u8,
    /// A command whose caller has given up, and which the store will still run: its token and its key.
    pub(super) late: Option<(u8, u8)>,
    /// The tokens that the thief has, as a bit mask; then the token and the key that it copied; 0 for none.
    pub(super) stolen: u16,
    pub(super) copied: u8,
    pub(super) copied_key: u8,
    /// Whether the current token has been presented. Used only by the rule that needs it.
    pub(super) current_shown: bool,
    /// Which party used each token first, and how many ticks ago. Used only if there is a thief.
    pub(super) superseded: [Option<(Party, u8)>; NUMBERS],
    /// The token whose late use by a thief was not detected.
    pub(super) slipped: Option<u8>,
    pub(super) shows: u8,
    pub(super) ticks: u8,
    pub(super) failovers: u8,
    pub(super) wrong: Option<Wrong>,
}

/// A session's record. Times are in ticks before now; a window or more counts as long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Record {
    pub(super) generation: u8,
    pub(super) rotated: u8,
    pub(super) handed: u8,
    pub(super) key: Option<(Party, u8)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Party {
    Person,
    Thief,
}

/// A tab, and the progress of its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Tab {
    Idle,
    Asked { token: u8, key: u8, at: Place },
    Heard { token: u8, key: u8, told: Told, at: Place },
}

/// The server of an exchange, and for how many ticks the exchange has been in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) server: u8,
    pub(super) age: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Told {
    Rotated,
    Kept,
    /// The exchange that issued the token is repeated: the token stays, and the key is used up.
    Done,
    Replayed,
    Reused,
    Ended,
    /// The store has lost rotations: there is no verdict, and the tab keeps what it has.
    Ahead,
    Invalid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wrong {
    /// A legitimate tab was refused.
    LoggedOut(Told),
    /// A token was accepted although another party had superseded it a window ago.
    Unseen { token: u8, who: Party },
    /// The record contains two tokens that do not follow from its number.
    Forked,
    /// Two rotations within a window.
    TooOften,
    /// The store wrote although the token stays.
    KeptWrote,
}

impl State {
    pub(super) fn start(session: &Session) -> Self {
        let record = Record { generation: 1, rotated: session.window, handed: session.window, key: None };
        Self {
            record: Some(record),
            replica: [record; 2],
            behind: 0,
            cookie: Some(1),
            tabs: [Tab::Idle; TABS],
            pending: 0,
            late: None,
            stolen: 0,
            copied: 0,
            copied_key: 0,
            current_shown: false,
            superseded: [None; NUMBERS],
            slipped: None,
            shows: session.shows,
            ticks: session.ticks,
            failovers: session.failovers,
            wrong: None,
        }
    }

    /// The replica has all writes.
    pub(super) fn caught_up(&self) -> Self {
        let nothing = State::blank();
        Self { replica: [nothing; 2], behind: 0, ..*self }
    }

    /// A placeholder where there is no record.
    pub(super) fn blank() -> Record {
        Record { generation: 0, rotated: 0, handed: 0, key: None }
    }

    /// The primary has written, and a replica may be one more write behind. `most`: how many writes a failover may
    /// lose.
    pub(super) fn written(&self, record: Option<Record>, most: u8) -> Self {
        let mut after = Self { record, ..*self };
        if let Some(before) = self.record.filter(|_| most > 0) {
            after.replica = [before, if most > 1 { self.replica[0] } else { State::blank() }];
            after.behind = (self.behind + 1).min(most);
        }
        after
    }

    /// The state one tick later, for the store and for the observer.
    pub(super) fn aged(self, window: u8) -> Self {
        let aged = |age: u8| (age + 1).min(window);
        let record = self.record.map(|record| Record {
            rotated: aged(record.rotated),
            handed: aged(record.handed),
            ..record
        });
        let superseded = self.superseded.map(|one| one.map(|(who, age)| (who, aged(age))));
        Self { record, superseded, ..self }
    }

    /// A key that is used nowhere.
    pub(super) fn fresh_key(&self) -> u8 {
        let of_record = |record: &Record| record.key.map(|(_, key)| key);
        let recorded = self.record.iter().chain(&self.replica).filter_map(of_record);
        let under_way = self.tabs.iter().filter_map(Tab::key);
        let held = self.late.map(|(_, key)| key).into_iter().chain([self.copied_key]);
        let used: Vec<u8> = recorded.chain(under_way).chain(held).collect();
        (1..).find(|key| !used.contains(key)).unwrap_or_default()
    }

    /// Whether the thief has had every token up to this number, and the user has the last of them now.
    pub(super) fn coexist(&self, number: u8) -> bool {
        let current = self.record.is_some_and(|record| record.generation == number);
        let all = (1..=number).all(|token| self.stolen & (1 << token) != 0);
        current && all && self.cookie == Some(number)
    }
}

impl Tab {
    pub(super) fn key(&self) -> Option<u8> {
        match self {
            Self::Idle => None,
            Self::Asked { key, .. } | Self::Heard { key, .. } => Some(*key),
        }
    }

    pub(super) fn place(&self) -> Option<Place> {
        match self {
            Self::Idle => None,
            Self::Asked { at, .. } | Self::Heard { at, .. } => Some(*at),
        }
    }

    fn moved(self, by: impl Fn(Place) -> Place) -> Self {
        match self {
            Self::Idle => self,
            Self::Asked { token, key, at } => Self::Asked { token, key, at: by(at) },
            Self::Heard { token, key, told, at } => Self::Heard { token, key, told, at: by(at) },
        }
    }

    pub(super) fn aged(self, window: u8) -> Self {
        self.moved(|at| Place { age: (at.age + 1).min(window), ..at })
    }

    pub(super) fn at_the_other_server(self) -> Self {
        self.moved(|at| Place { server: 1 - at.server, ..at })
    }
}
