//! The state of the account, the store and all requests.

pub(crate) const DEVICES: usize = 3;
pub(crate) const A: usize = 0;
pub(crate) const B: usize = 1;
pub(crate) const C: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(super) row: Row,
    pub(super) store: Kept,
    /// The store's content before its last write, and before the one before that.
    pub(super) replica: [Kept; 2],
    pub(super) behind: u8,
    pub(super) ending: Phase,
    /// The last command of the ending, which a broken connection may deliver once more.
    pub(super) again: Option<u8>,
    pub(super) log_in: LogIn,
    /// The epoch that the server of each device's refresh has read from the row.
    pub(super) refreshes: [Option<u8>; DEVICES],
    /// The number of the token that each device has.
    pub(super) held: [u8; DEVICES],
    /// For each device, whether its session existed when the ending began and must not outlive it.
    pub(super) covered: [bool; DEVICES],
    /// For each device, whether its session must not be ended.
    pub(super) innocent: [bool; DEVICES],
    pub(super) shows: u8,
    pub(super) failovers: u8,
    pub(super) wrong: Option<Wrong>,
}

/// The account's row, which is authoritative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) epoch: u8,
    pub(super) deleted: bool,
}

/// The content of the store.
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

/// The progress of the ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    NotBegun,
    /// The row has the new epoch.
    Written,
    /// The store has it, too.
    Applied,
    /// For a deletion: the row has been deleted.
    Gone,
    /// For a deletion: the store has been told.
    GoneApplied,
    Returned,
    /// The server crashed half way, and the client got no response.
    Crashed,
}

/// The progress of device B's login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LogIn {
    NotBegun,
    /// The password was correct, by the row with this epoch. `after`: whether the ending had returned before.
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
    /// A session that no client ended is over.
    Harmed { device: usize },
    /// A login was told that its session is open, but it is over already.
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

    /// The store has written, so a replica may be one more write behind. Content that a replica certainly has is
    /// forgotten, so that states do not differ by it.
    pub(super) fn written(&self, store: Kept, most: u8) -> Self {
        let mut after = Self { store, ..*self };
        if store != self.store && self.failovers > 0 {
            after.behind = (self.behind + 1).min(most);
            after.replica = [self.store, if most > 1 { self.replica[0] } else { self.store }];
        }
        after
    }

    /// A replica has all writes.
    pub(super) fn caught_up(&self) -> Self {
        Self { replica: [self.store; 2], behind: 0, ..*self }
    }

    /// Whether the client was told that the ending is done.
    pub(super) fn is_promised(&self) -> bool {
        self.ending == Phase::Returned
    }
}
