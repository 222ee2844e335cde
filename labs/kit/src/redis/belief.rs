//! Whether the server trusts the answers of Redis.
//!
//! A Redis that was restored from an old backup, or that came back empty, answers as quickly as any other, and wrongly. So
//! the watch of [`marker`](crate::marker) decides whether a link is trusted, and the link checks that before each call.
//! After a connection broke, the link is in doubt: another store may answer on the next connection, so callers wait until
//! the watch has checked it. A link without a watch is trusted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redis::RedisResult;
use tokio::sync::{Notify, watch};

/// The verdict of a link's watch.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// There is no watch: every answer is trusted.
    Unwatched,
    /// The store is the one that the accounts know.
    Believed,
    /// The watch has to check the store first; callers wait.
    Doubted,
    /// The store is a different one or an older one; contains the reason.
    Refused(Arc<str>),
}

/// The state of trust in one link. Requests read one number, which changes only when the state does.
#[derive(Debug)]
pub(super) struct Belief {
    state: watch::Sender<State>,
    /// Counts the changes between trusted and not trusted: an even number means that answers are trusted.
    turn: AtomicU64,
    look: Notify,
}

impl Default for Belief {
    fn default() -> Self {
        Self { state: watch::Sender::new(State::Unwatched), turn: AtomicU64::new(0), look: Notify::new() }
    }
}

impl Belief {
    /// Waits until there is a verdict. Returns a number for [`holds`](Self::holds), or an error if the store is refused.
    pub(super) async fn pass(&self) -> RedisResult<u64> {
        let turn = self.turn.load(Ordering::Acquire);
        if is_open(turn) {
            return Ok(turn);
        }
        let mut state = self.state.subscribe();
        loop {
            if let State::Refused(_) = &*state.borrow_and_update() {
                return Err(super::refused("the store is not the one that the accounts know"));
            }
            let turn = self.turn.load(Ordering::Acquire);
            if is_open(turn) {
                return Ok(turn);
            }
            if state.changed().await.is_err() {
                return Err(super::refused("the server no longer checks the store"));
            }
        }
    }

    /// Whether the store has been trusted without a break since [`pass`](Self::pass) returned this number: otherwise a
    /// command may have been sent on a connection that was opened since.
    pub(super) fn holds(&self, turn: u64) -> bool {
        self.turn.load(Ordering::Acquire) == turn
    }

    /// From now on, a watch decides.
    pub(super) fn begin(&self) {
        self.change(|state| (*state == State::Unwatched).then_some(State::Doubted));
    }

    /// The next answer may come from another store: callers wait, and the watch checks at once.
    pub(super) fn doubt(&self) {
        self.suspect();
        self.look.notify_one();
    }

    /// The watch itself has doubts: callers wait for its verdict.
    pub(super) fn suspect(&self) {
        self.change(|state| (*state == State::Believed).then_some(State::Doubted));
    }

    /// Trusts the store. Returns `true` if it had been refused before.
    pub(super) fn believe(&self) -> bool {
        let before = self.change(|_| Some(State::Believed));
        matches!(before, State::Refused(_))
    }

    /// Refuses the store. Returns `true` if it was not refused for this problem already.
    pub(super) fn refuse(&self, problem: &str) -> bool {
        let refused = State::Refused(problem.into());
        let before = self.change(|_| Some(refused.clone()));
        before != refused
    }

    /// Why the store is refused, if it is.
    pub(super) fn problem(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Refused(problem) => Some(problem.to_string()),
            _ => None,
        }
    }

    /// Whether the watch has to give a verdict.
    pub(super) fn is_doubted(&self) -> bool {
        *self.state.borrow() == State::Doubted
    }

    /// Waits until a caller or the link has doubts.
    pub(super) async fn doubts(&self) {
        self.look.notified().await;
    }

    /// Changes the state, and the number under the same lock, so that the two never disagree for long. Returns the state
    /// before.
    fn change(&self, next: impl Fn(&State) -> Option<State>) -> State {
        let mut before = State::Unwatched;
        self.state.send_if_modified(|state| {
            before = state.clone();
            let Some(next) = next(state).filter(|next| next != state) else { return false };
            if is_open_state(state) != is_open_state(&next) {
                self.turn.fetch_add(1, Ordering::AcqRel);
            }
            *state = next;
            true
        });
        before
    }
}

fn is_open(turn: u64) -> bool {
    turn.is_multiple_of(2)
}

fn is_open_state(state: &State) -> bool {
    matches!(state, State::Unwatched | State::Believed)
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    /// Whether a call waits, rather than passing or being refused.
    async fn waits(belief: &Belief) -> bool {
        let mut pass = pin!(belief.pass());
        poll_fn(|context| Poll::Ready(pass.as_mut().poll(context).is_pending())).await
    }

    #[tokio::test]
    async fn a_link_that_nothing_watches_is_believed_and_cannot_be_doubted() {
        let belief = Belief::default();
        belief.doubt();
        assert_eq!(belief.pass().await.unwrap(), 0);
        assert!(belief.holds(0));
    }

    #[tokio::test]
    async fn callers_wait_while_there_is_doubt_and_pass_or_fail_by_the_verdict() {
        let belief = Belief::default();
        belief.begin();
        assert!(waits(&belief).await);
        assert!(!belief.believe());
        let turn = belief.pass().await.unwrap();
        belief.doubt();
        assert!(waits(&belief).await && !belief.holds(turn));
        assert!(belief.refuse("it is empty") && !belief.refuse("it is empty"));
        assert!(belief.pass().await.is_err());
        assert_eq!(belief.problem().as_deref(), Some("it is empty"));
        assert!(belief.believe());
        assert!(belief.pass().await.is_ok() && !belief.holds(turn));
    }

    #[tokio::test]
    async fn a_refused_store_stays_refused_when_its_connection_breaks() {
        let belief = Belief::default();
        belief.begin();
        belief.refuse("it is empty");
        belief.doubt();
        assert!(belief.pass().await.is_err());
    }
}
