//! Every step that may come next in the search.

use std::time::Duration;

use lab4_hybrid::store::memory::bare::{Bare, Snapshot};
use lab4_hybrid::store::{Issue, Policy, Refresh};

use super::state::{A, B, C, DEVICES, Kept, LogIn, Phase, Row, Session, State, Wrong};
use super::{Account, Ending, story};
use crate::search::World;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LONG_AGO: Duration = DAY;
const POLICY: Policy = Policy {
    window: Duration::from_secs(10),
    idle: Duration::from_secs(14 * 86_400),
    absolute: Duration::from_secs(30 * 86_400),
    sessions_per_user: 50,
    ended_remembered: Duration::from_secs(900),
    expired_remembered: Duration::from_secs(3600),
};

#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// The next step of the ending.
    WriteRow,
    TellStore,
    DeleteRow,
    Return,
    /// The server that runs the ending crashes.
    Crash,
    /// The store runs a command a second time.
    RunAgain,
    CheckPassword,
    OpenSession,
    /// A refresh reads the row, and later contacts the store.
    ReadRow {
        device: usize,
    },
    Show {
        device: usize,
    },
    ForgetEpoch,
    FailOver {
        lost: u8,
    },
}

impl Account {
    fn ending_steps(&self, state: &State, found: &mut Vec<(Step, State)>) {
        let ending = self.affair.ending;
        match state.ending {
            Phase::NotBegun => {
                let mut after = State { ending: Phase::Written, ..*state };
                after.row.epoch += u8::from(ending.raises_epoch());
                after.covered = self.covered(state);
                after.innocent[A] = false;
                after.innocent[C] = ending == Ending::LogOut || ending == Ending::LogOutOthers;
                found.push((Step::WriteRow, after));
            }
            Phase::Written | Phase::Gone => {
                let next = if state.ending == Phase::Gone { Phase::GoneApplied } else { Phase::Applied };
                let told = self.told_store(state, self.target(state));
                let again = Some(self.target(state));
                found.push((Step::TellStore, State { ending: next, again, ..told }));
                found.push((Step::Crash, State { ending: Phase::Crashed, ..*state }));
            }
            Phase::Applied if ending == Ending::Deletion => {
                let row = Row { deleted: true, ..state.row };
                found.push((Step::DeleteRow, State { ending: Phase::Gone, row, ..*state }));
                found.push((Step::Crash, State { ending: Phase::Crashed, ..*state }));
            }
            Phase::Applied | Phase::GoneApplied => {
                // With `WAIT`, a replica has the primary's writes, and so has the replica that takes over.
                let seen = if self.affair.waits { state.caught_up() } else { *state };
                let again = state.again.filter(|_| self.affair.late_copies);
                found.push((Step::Return, State { ending: Phase::Returned, again, ..seen }));
            }
            Phase::Returned | Phase::Crashed => {}
        }
        if let Some(target) = state.again {
            found.push((Step::RunAgain, State { again: None, ..self.told_store(state, target) }));
        }
    }

    /// The epoch that the store is told.
    fn target(&self, state: &State) -> u8 {
        state.row.epoch + u8::from(state.row.deleted)
    }

    fn covered(&self, state: &State) -> [bool; DEVICES] {
        let opened = state.log_in == LogIn::Done;
        match self.affair.ending {
            Ending::LogOut => [true, false, false],
            // A login in progress is not among the existing sessions.
            Ending::LogOutOthers => [true, opened, false],
            // Also a device that has proved the password against the previous row.
            _ => [true, opened || matches!(state.log_in, LogIn::Checked { .. }), true],
        }
    }

    fn told_store(&self, state: &State, epoch: u8) -> State {
        let mut store = self.put_together(&state.store);
        match self.affair.ending {
            Ending::LogOut => drop(store.end(self.firsts[A].session_id)),
            Ending::LogOutOthers => drop(store.end_others(self.firsts[C].session_id)),
            _ => store.end_all(u64::from(epoch)),
        }
        self.written(state, &store)
    }

    fn log_in_steps(&self, state: &State, found: &mut Vec<(Step, State)>) {
        match state.log_in {
            LogIn::NotBegun if self.affair.log_in && !state.row.deleted => {
                let log_in = LogIn::Checked { epoch: state.row.epoch, after: state.is_promised() };
                found.push((Step::CheckPassword, State { log_in, ..*state }));
            }
            LogIn::Checked { epoch, after } => {
                let mut store = self.put_together(&state.store);
                let issued = store.issue(self.id, &self.firsts[B], u64::from(epoch));
                let mut opened = State { log_in: LogIn::Done, ..self.written(state, &store) };
                let issued = matches!(issued, Issue::Issued { .. });
                opened.innocent[B] = after && issued;
                let lives =
                    opened.store.sessions[B].is_some_and(|session| session.epoch >= opened.store.epoch);
                if issued && !lives {
                    opened.wrong = opened.wrong.or(Some(Wrong::OpenedInVain));
                }
                found.push((Step::OpenSession, opened));
            }
            LogIn::NotBegun | LogIn::Done => {}
        }
    }

    fn refresh_steps(&self, state: &State, found: &mut Vec<(Step, State)>) {
        for device in 0..DEVICES {
            let Some(epoch) = state.refreshes[device] else {
                let has_token = device != B || state.log_in == LogIn::Done;
                // If there is no row, the server answers without the store.
                if has_token && state.shows > 0 && !state.row.deleted {
                    let mut after = State { shows: state.shows - 1, ..*state };
                    after.refreshes[device] = Some(state.row.epoch);
                    found.push((Step::ReadRow { device }, after));
                }
                continue;
            };
            let brought = if self.affair.reads_row { u64::from(epoch) } else { 0 };
            let mut store = self.put_together(&state.store);
            let token = &self.chains[device][usize::from(state.held[device]) - 1];
            let verdict = store.refresh(token, brought, None);
            let mut after = self.written(state, &store);
            after.refreshes[device] = None;
            let moved_on = matches!(verdict, Refresh::Rotated { .. } | Refresh::Replayed { .. });
            after.held[device] += u8::from(moved_on);
            let lives = moved_on || matches!(verdict, Refresh::Kept { .. } | Refresh::Done { .. });
            let after_failover = state.failovers < self.affair.failovers;
            if lives && state.is_promised() && state.covered[device] {
                after.wrong = after.wrong.or(Some(Wrong::LivesOn { device, after_failover }));
            }
            if !lives && state.innocent[device] {
                after.wrong = after.wrong.or(Some(Wrong::Harmed { device }));
            }
            found.push((Step::Show { device }, after));
        }
    }

    fn mishaps(&self, state: &State, found: &mut Vec<(Step, State)>) {
        let calm = |mut after: State| {
            // When the new primary answers, commands in transit are past their deadline.
            if self.affair.deadlines {
                after.refreshes = [None; DEVICES];
            }
            after
        };
        if self.affair.forgets_epoch && state.store.epoch > 0 {
            let store = Kept { epoch: 0, ..state.store };
            found.push((Step::ForgetEpoch, calm(State { store, ..*state })));
        }
        if state.failovers == 0 {
            return;
        }
        for (lost, store) in (1..).zip(state.replica).take(usize::from(state.behind)) {
            let mut after = State { store, failovers: state.failovers - 1, ..*state };
            after = after.caught_up();
            if self.affair.waits && state.ending == Phase::Applied {
                // No replica confirms: the call fails, and the client repeats it.
                after.ending = Phase::Written;
            }
            found.push((Step::FailOver { lost }, calm(after)));
        }
    }

    fn written(&self, state: &State, store: &Bare) -> State {
        let sessions = std::array::from_fn(|device| {
            let session = store.snapshot(self.firsts[device].session_id)?;
            Some(Session { generation: session.generation as u8, epoch: session.epoch as u8 })
        });
        state.written(Kept { epoch: store.epoch() as u8, sessions }, self.affair.lost_writes)
    }

    fn put_together(&self, of: &Kept) -> Bare {
        let mut store = Bare::new(POLICY, u64::from(of.epoch));
        for (device, session) in of.sessions.iter().enumerate() {
            let Some(session) = session else { continue };
            let generation = u32::from(session.generation);
            let [current, next, _] = *self.chains[device][generation as usize - 1].digests();
            // No time passes: a session that was rotated was rotated just now.
            let ago = if generation == 1 { LONG_AGO } else { Duration::ZERO };
            let (rotated_ago, handed_ago, epoch) = (ago, ago, u64::from(session.epoch));
            let snapshot =
                Snapshot { generation, current, next, rotated_ago, handed_ago, epoch, attempt: None };
            store.put(self.firsts[device].session_id, &snapshot);
        }
        store
    }
}

impl Ending {
    fn raises_epoch(self) -> bool {
        matches!(self, Self::LogOutEverywhere | Self::NewPassword | Self::Deletion)
    }
}

impl World for Account {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State::start(&self.affair)
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut found = Vec::new();
        self.ending_steps(state, &mut found);
        self.log_in_steps(state, &mut found);
        self.refresh_steps(state, &mut found);
        self.mishaps(state, &mut found);
        found
    }

    fn wrong(&self, state: &State) -> Option<String> {
        state.wrong.map(story::of_wrong)
    }

    fn nameless(&self, state: State) -> State {
        state
    }

    fn told(&self, before: &State, step: Step, after: &State) -> String {
        story::told(self.affair.ending, before, step, after)
    }
}
