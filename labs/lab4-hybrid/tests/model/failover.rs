//! Tests of a real failover that loses the writes that the old primary acknowledged last.
//!
//! The replica is promoted while the old primary still answers, as in a network partition. The old primary still
//! confirms writes to its callers, and they are lost when it goes down.

use std::path::Path;
use std::time::Duration;

use kit::Clock;
use kit::config::RedisTimes;
use lab4_hybrid::store::suite::{Factory, Stage};
use lab4_hybrid::store::{Memory, Policy, Redis, Refresh, Store, StoreError};

use crate::place::times;
use crate::servers::{Server, program};

const WINDOW: Duration = Duration::from_secs(10);

/// Two Redis servers, of which the second replicates the first.
struct Pair {
    primary: Server,
    replica: Server,
}

impl Pair {
    async fn start(program: &Path) -> Self {
        let pair = Self {
            primary: Server::start(program, false).await,
            replica: Server::start(program, false).await,
        };
        pair.replica.follow(&pair.primary).await;
        pair
    }

    /// Separates the replica: it has all writes up to here, and none that come later.
    async fn part(&self) {
        self.primary.tell::<()>("SET fence here PX 60000").await;
        assert_eq!(self.primary.tell::<u64>("WAIT 1 30000").await, 1);
        self.replica.tell::<()>("REPLICAOF NO ONE").await;
    }

    /// Stops the old primary, and connects the stage to the new one.
    async fn fail_over(self, stage: Stage<Redis>) -> (Server, Stage<Redis>) {
        let Self { primary, replica } = self;
        drop(primary);
        let store = connect(&replica, &stage).await;
        (replica, stage.over(store))
    }
}

/// Connects with a time-out that is long enough for slow machines, and no longer: an ending that no replica confirms
/// takes half of it.
async fn connect<S: Store>(server: &Server, stage: &Stage<S>) -> Redis {
    let times = RedisTimes { response: Duration::from_secs(4), ..times() };
    Redis::connect(&server.url(), times, stage.policy(), stage.clock.clone()).await.unwrap()
}

/// A stage whose clock and limits the later stores use.
async fn empty_stage() -> Stage<Memory> {
    struct InMemory;
    impl Factory for InMemory {
        type Store = Memory;
        async fn make(&self, policy: Policy, clock: Clock) -> Memory {
            Memory::new(policy, clock)
        }
    }
    Stage::usual(&InMemory).await
}

async fn stage_over(server: &Server) -> Stage<Redis> {
    let stage = empty_stage().await;
    let store = connect(server, &stage).await;
    stage.over(store)
}

fn lets_in(verdict: Refresh) -> bool {
    matches!(
        verdict,
        Refresh::Rotated { .. } | Refresh::Kept { .. } | Refresh::Done { .. } | Refresh::Replayed { .. }
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_rotation_logs_nobody_out_whether_or_not_its_answer_arrived() {
    let Some(program) = program() else { return };
    let pair = Pair::start(&program).await;
    let stage = stage_over(&pair.primary).await;
    let [(_, heard), (_, unheard)] = [stage.log_in().await, stage.log_in().await];
    pair.part().await;
    let second = stage.rotate(&heard).await;
    stage.rotate(&unheard).await;
    let (_server, stage) = pair.fail_over(stage).await;

    // One client has a token that this Redis never issued; a slower tab of the same browser still has the one before.
    assert!(matches!(stage.show(&second).await, Refresh::Kept { .. }));
    assert!(matches!(stage.show(&heard).await, Refresh::Replayed { .. }));
    // The other client never got its response, and gets the same one now.
    assert!(matches!(stage.show(&unheard).await, Refresh::Rotated { .. }));
    stage.pass(WINDOW);
    let third = stage.rotate(&second).await;
    stage.rotate(&stage.after(&unheard)).await;
    stage.pass(WINDOW);
    stage.rotate(&third).await;
    // The rules have not become weaker: a token that is two rotations old is a reuse.
    assert_eq!(stage.show(&heard).await, Refresh::Reused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_ending_of_all_sessions_stays_one_because_the_row_says_so() {
    let Some(program) = program() else { return };
    let pair = Pair::start(&program).await;
    let stage = stage_over(&pair.primary).await;
    let [(one, phone), (_, laptop)] = [stage.log_in().await, stage.log_in().await];
    pair.part().await;
    // Log out everywhere, a new password, a deletion: the row's epoch is 1, and so is that of the Redis that will be
    // lost.
    stage.store.end_all(stage.user, 1).await.unwrap();
    let (_server, stage) = pair.fail_over(stage).await;

    assert_eq!(stage.store.live(stage.user, one, 1).await.unwrap(), None);
    assert_eq!(stage.store.list(stage.user, 1).await.unwrap(), []);
    assert_eq!(stage.show_with(&phone, 1, None).await, Refresh::Ended);
    // A server that read the row before that does not accept it either.
    assert_eq!(stage.show_with(&phone, 0, None).await, Refresh::Ended);
    // The next login tells the new Redis, which then ends the other sessions by itself.
    let (_, after) = stage.log_in_under(1).await.unwrap();
    assert_eq!(stage.show_with(&laptop, 0, None).await, Refresh::Ended);
    assert!(lets_in(stage.show_with(&after, 1, None).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_ending_that_a_replica_confirmed_survives_and_one_that_none_did_is_no_success() {
    let Some(program) = program() else { return };
    let pair = Pair::start(&program).await;
    let stage = stage_over(&pair.primary).await;
    let [(confirmed, one), (unconfirmed, other)] = [stage.log_in().await, stage.log_in().await];
    assert!(stage.store.end(stage.user, confirmed).await.unwrap());
    pair.part().await;
    assert!(matches!(stage.store.end(stage.user, unconfirmed).await, Err(StoreError::Unconfirmed)));
    let (_server, stage) = pair.fail_over(stage).await;

    assert_eq!(stage.show(&one).await, Refresh::Ended);
    // The user got a 503 and not "logged out": the session is alive again, and a repeated request ends it.
    assert!(lets_in(stage.show(&other).await));
    assert!(stage.store.end(stage.user, unconfirmed).await.unwrap());
    assert_eq!(stage.show(&other).await, Refresh::Ended);
}

/// What cannot hold: there was no replica to confirm the ending.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_ending_without_a_replicas_word_is_undone_by_a_failover() {
    let Some(program) = program() else { return };
    let primary = Server::start(&program, false).await;
    // This store connected before there was a replica, so it waits for none.
    let stage = stage_over(&primary).await;
    let pair = Pair { primary, replica: Server::start(&program, false).await };
    pair.replica.follow(&pair.primary).await;
    let (session_id, token) = stage.log_in().await;
    pair.part().await;
    assert!(stage.store.end(stage.user, session_id).await.unwrap());
    assert_eq!(stage.show(&token).await, Refresh::Ended);
    let (_server, stage) = pair.fail_over(stage).await;
    assert!(lets_in(stage.show(&token).await), "it was ended, and lives again");
}

/// What cannot hold: if a failover loses the login, the session never existed. No attacker gains access by that, and
/// the user logs in once more.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_log_in_has_to_be_done_again() {
    let Some(program) = program() else { return };
    let pair = Pair::start(&program).await;
    let stage = stage_over(&pair.primary).await;
    pair.part().await;
    let (_, lost) = stage.log_in().await;
    stage.rotate(&lost).await;
    let (_server, stage) = pair.fail_over(stage).await;
    assert_eq!(stage.show(&lost).await, Refresh::Ended);
    let (_, again) = stage.log_in().await;
    stage.rotate(&again).await;
}
