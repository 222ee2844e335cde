//! One account while something ends: every order of an ending, a log-in that races it, refreshes at both servers, crashes,
//! commands that are sent twice, and failovers.
//!
//! Three devices: A's session is to end, C is the one that asks, B logs in meanwhile. Time does not pass here; that is the
//! other search's matter. What the store makes of a command is this crate's own code, as there.

mod state;
mod steps;
mod story;

use lab4_hybrid::chain::Keys;
use lab4_hybrid::token::{FirstToken, VerifiedToken};
use uuid::Uuid;

use self::state::{B, DEVICES};

/// What ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    LogOut,
    LogOutOthers,
    LogOutEverywhere,
    NewPassword,
    Deletion,
}

/// What can happen meanwhile.
#[derive(Clone, Copy)]
pub(super) struct Affair {
    pub(super) ending: Ending,
    /// Device B logs in.
    pub(super) log_in: bool,
    /// How many failovers there are, and how many writes each loses at most.
    pub(super) failovers: u8,
    pub(super) lost_writes: u8,
    /// An ending is answered only when a replica has it.
    pub(super) waits: bool,
    /// A copy of a command may still be on its way when the ending has returned.
    pub(super) late_copies: bool,
    /// A failover takes longer than any command lives. (It does, by the deadline.)
    pub(super) deadlines: bool,
    /// A refresh brings the epoch of the account's row along. (It does; this is to see why.)
    pub(super) reads_row: bool,
    /// The store may lose its copy of the epoch alone.
    pub(super) forgets_epoch: bool,
    /// How often tokens are shown.
    pub(super) shows: u8,
}

pub(super) const QUIET: Affair = Affair {
    ending: Ending::LogOut,
    log_in: true,
    failovers: 0,
    lost_writes: 0,
    waits: false,
    late_copies: true,
    deadlines: true,
    reads_row: true,
    forgets_epoch: false,
    shows: 3,
};

/// Tokens of a session that a search may need. Time stands still, so a session rotates once.
const TOKENS: usize = 4;

/// The account's devices and an affair.
pub(super) struct Account {
    affair: Affair,
    id: Uuid,
    firsts: [FirstToken; DEVICES],
    /// The token of number *n* of a device at *n* − 1.
    chains: [Vec<VerifiedToken>; DEVICES],
}

impl Account {
    pub(super) fn in_an(affair: Affair) -> Self {
        let (keys, id) = (Keys::derive(&kit::keyring::Keyring::random()).unwrap(), Uuid::new_v4());
        let firsts = [(); DEVICES].map(|()| keys.first_token(id, kit::ClientKind::Mobile).unwrap());
        let chains = firsts.each_ref().map(|first| {
            let mut chain = vec![keys.verify(first.token.expose()).unwrap()];
            while chain.len() < TOKENS {
                chain.push(keys.verify(chain[chain.len() - 1].successor().expose()).unwrap());
            }
            chain
        });
        Self { affair, id, firsts, chains }
    }
}
