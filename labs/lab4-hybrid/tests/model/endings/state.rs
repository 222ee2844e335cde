//! Where the account, the store and everybody's requests stand.

pub(crate) const DEVICES: usize = 3;
pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;
pub(crate) const C: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(super) row: Row,
    pub(super) store: Kept,
    /// What the store had before its last write, and before the last but one.
    pub(super) replica: [Kept; 2],
    pub(super) behind: u8,
    pub(super) ending: Phase,
    /// The last command of the ending once more, by a connection that broke.
    pub(super) again: Option<u8>,
    pub(super) log_in: LogIn,
    /// The epoch that the server of each device's refresh has read from the row.
    pub(super) refreshes: [Option<u8>; DEVICES],
    /// The number of the token that each device holds.
    pub(super) held: [u8; DEVICES],
    /// Whose session was there when the ending began and must not outlive it.
    pub(super) covered: [bool; DEVICES],
    /// Whose session must not be harmed.
    pub(super) innocent: [bool; DEVICES],
    pub(super) shows: u8,
    pub(super) failovers: u8,
    pub(super) wrong: Option<Wrong>,
}

/// The account's row: the authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) epoch: u8,
    pub(super) deleted: bool,
}

/// What the store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kept {
    pub(super) epoch: u8,
    pub(super) sessions: [Option<Session>; DEVICES],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Session {
    pub(super) generation: u8,
    pub(super) epoch: u8,
}

/// How far the ending has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    NotBegun,
    /// The row says it.
    Written,
    /// The store says it, too.
    Applied,
    /// A deletion goes on: the row is gone.
    Gone,
    /// And the store is told so.
    GoneApplied,
    Returned,
    /// The server went down half way, and nobody was told anything.
    Crashed,
}

/// How far device B's log-in has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LogIn {
    NotBegun,
    /// The password fits, by the row of this epoch; `after` the ending had returned, or not.
    Checked {
        epoch: u8,
        after: bool,
    },
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wrong {
    /// A session that was ended has been refreshed.
    LivesOn { device: usize, after_failover: bool },
    /// A session that nobody ended is over.
    Harmed { device: usize },
    /// A log-in was told that its session is open, and it is over already.
    OpenedInVain,
}

impl State {
    pub(super) fn start(affair: &super::Affair) -> Self {
        let session = Some(Session { generation: 1, epoch: 0 });
        let mut sessions = [None; DEVICES];
        (sessions[A], sessions[C]) = (session, session);
        let store = Kept { epoch: 0, sessions };
        Self {
            row: Row { epoch: 0, deleted: false },
            store,
            replica: [store; 2],
            behind: 0,
            ending: Phase::NotBegun,
            again: None,
            log_in: LogIn::NotBegun,
            refreshes: [None; DEVICES],
            held: [1; DEVICES],
            covered: [false; DEVICES],
            innocent: [false; DEVICES],
            shows: affair.shows,
            failovers: affair.failovers,
            wrong: None,
        }
    }

    /// The store has written, and a replica may be a write further behind. What a replica can no longer lack is forgotten,
    /// so that states do not differ by it.
    pub(super) fn written(&self, store: Kept, most: u8) -> Self {
        let mut after = Self { store, ..*self };
        if store != self.store && self.failovers > 0 {
            after.behind = (self.behind + 1).min(most);
            after.replica = [self.store, if most > 1 { self.replica[0] } else { self.store }];
        }
        after
    }

    /// A replica has everything.
    pub(super) fn caught_up(&self) -> Self {
        Self { replica: [self.store; 2], behind: 0, ..*self }
    }

    /// Whether the ending has told whoever asked that it is done.
    pub(super) fn is_promised(&self) -> bool {
        self.ending == Phase::Returned
    }
}
