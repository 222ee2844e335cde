//! Whether what Redis answers is believed.
//!
//! A Redis that was restored from an old backup, or that came back empty, answers as quickly as any other, and wrongly. So
//! the watch of [`marker`](crate::marker) decides whether a link is believed, and the link asks before each call. A
//! connection that broke puts the belief in doubt: what answers on the next one may be another store, so callers wait
//! until the watch has looked at it. A link that nothing watches is believed as it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use redis::RedisResult;
use tokio::sync::{Notify, watch};

/// What a link's watch says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// No watch: every answer is believed.
    Unwatched,
    /// The store is the one that the accounts know.
    Believed,
    /// It has to be looked at first; callers wait.
    Doubted,
    /// It is another one, or an older one, and why.
    Refused(Arc<str>),
}

/// The belief in one link. Requests read one number, which changes only when the belief does.
#[derive(Debug)]
pub(super) struct Belief {
    state: watch::Sender<State>,
    /// How often the belief began and ended: even while answers are believed.
    turn: AtomicU64,
    look: Notify,
}

impl Default for Belief {
    fn default() -> Self {
        Self { state: watch::Sender::new(State::Unwatched), turn: AtomicU64::new(0), look: Notify::new() }
    }
}

impl Belief {
    /// Waits until there is a verdict. The number that comes back is for [`holds`](Self::holds).
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
                return Err(super::refused("nothing watches the store any more"));
            }
        }
    }

    /// Whether the store has been believed without a break since [`pass`](Self::pass): a command may have travelled on a
    /// connection that was made since.
    pub(super) fn holds(&self, turn: u64) -> bool {
        self.turn.load(Ordering::Acquire) == turn
    }

    /// From now on a watch decides.
    pub(super) fn begin(&self) {
        self.change(|state| (*state == State::Unwatched).then_some(State::Doubted));
    }

    /// The next answer may come from another store. The watch looks at once.
    pub(super) fn doubt(&self) {
        self.suspect();
        self.look.notify_one();
    }

    /// The watch itself has doubts: callers wait for its verdict.
    pub(super) fn suspect(&self) {
        self.change(|state| (*state == State::Believed).then_some(State::Doubted));
    }

    /// The store is the right one. `true`: it had been refused before.
    pub(super) fn believe(&self) -> bool {
        let before = self.change(|_| Some(State::Believed));
        matches!(before, State::Refused(_))
    }

    /// The store is not to be believed. `true`: that is news.
    pub(super) fn refuse(&self, problem: &str) -> bool {
        let refused = State::Refused(problem.into());
        let before = self.change(|_| Some(refused.clone()));
        before != refused
    }

    /// Why the store is not believed.
    pub(super) fn problem(&self) -> Option<String> {
        match &*self.state.borrow() {
            State::Refused(problem) => Some(problem.to_string()),
            _ => None,
        }
    }

    /// Whether the watch owes a verdict.
    pub(super) fn is_doubted(&self) -> bool {
        *self.state.borrow() == State::Doubted
    }

    /// Returns when a caller or the link has doubts.
    pub(super) async fn doubts(&self) {
        self.look.notified().await;
    }

    /// The number changes under the same lock as the state, so that the two never disagree for long.
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

    /// Whether a call waits, instead of passing or being refused.
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
