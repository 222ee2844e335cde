//! A model of one account while sessions are ended: every order of an ending, a login that races it, refreshes at both
//! servers, crashes, commands that are sent twice, and failovers.
//!
//! There are three devices: A's session is to be ended, C requests it, and B logs in meanwhile. No time passes here;
//! the other search covers that. As there, this crate's own code processes each command.

mod state;
mod steps;
mod story;

use lab4_hybrid::chain::Keys;
use lab4_hybrid::token::{FirstToken, VerifiedToken};
use uuid::Uuid;

use self::state::{B, DEVICES};

/// Which sessions are ended, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    LogOut,
    LogOutOthers,
    LogOutEverywhere,
    NewPassword,
    Deletion,
}

/// What can happen during the ending.
#[derive(Clone, Copy)]
pub(super) struct Affair {
    pub(super) ending: Ending,
    /// Device B logs in.
    pub(super) log_in: bool,
    /// How many failovers there are. Each loses at most `lost_writes` writes.
    pub(super) failovers: u8,
    pub(super) lost_writes: u8,
    /// An ending returns only after a replica has confirmed it.
    pub(super) waits: bool,
    /// A copy of a command may still be in transit when the ending has returned.
    pub(super) late_copies: bool,
    /// A failover takes longer than any command lives. (The deadlines ensure this.)
    pub(super) deadlines: bool,
    /// A refresh sends the epoch of the account's row. (It always does; without it, a search shows why.)
    pub(super) reads_row: bool,
    /// The store may lose only its copy of the epoch.
    pub(super) forgets_epoch: bool,
    /// How often tokens are presented.
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

/// How many tokens of a session a search may need. No time passes, so a session rotates once.
const TOKENS: usize = 4;

/// The account's devices, and what can happen.
pub(super) struct Account {
    affair: Affair,
    id: Uuid,
    firsts: [FirstToken; DEVICES],
    /// The tokens of each device; token *n* is at index *n* − 1.
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
