//! Tests of races over one Redis and two connections. Which request wins is random; the forbidden results do not depend
//! on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lab4_hybrid::store::{Refresh, Store};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::effort::effort;
use crate::fleet::{Account, Fleet, lets_in};

/// A window that is longer than the test takes, even on a slow machine.
const PATIENT: Duration = Duration::from_secs(600);
const RACERS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_racers_over_two_connections_never_fork_a_session() {
    let Some(fleet) = Fleet::start(PATIENT).await.map(Arc::new) else { return };
    let (rounds, start) = (effort(150, 10_000), Instant::now());
    for round in 0..rounds {
        let account = Arc::new(Account::new());
        let (_, token) = fleet.log_in(round, &account, 0).await.unwrap();
        let mut racers = JoinSet::new();
        for racer in 0..RACERS {
            let (fleet, account, token) = (fleet.clone(), account.clone(), token.clone());
            racers.spawn(async move {
                let first = fleet.show(racer, &account, &token, None).await;
                // A task that has an answer continues with it, while others still send their first request.
                let second = fleet.show(racer + 1, &account, &fleet.after(&token), None).await;
                (first, second)
            });
        }
        let (mut rotated, mut replayed, mut kept) = (0, 0, 0);
        while let Some(verdicts) = racers.join_next().await {
            let (first, second) = verdicts.unwrap();
            rotated += usize::from(matches!(first, Refresh::Rotated { .. }));
            replayed += usize::from(matches!(first, Refresh::Replayed { .. }));
            kept += usize::from(matches!(second, Refresh::Kept { .. }));
        }
        assert_eq!((rotated, replayed, kept), (1, RACERS - 1, RACERS), "round {round}");
    }
    println!(
        "{rounds} rounds of {RACERS} racers in {:.1?}: one rotation and one successor each",
        start.elapsed()
    );
}

/// The user presents the newest token while a thief presents the one before it, a window later.
#[tokio::test(flavor = "multi_thread")]
async fn a_reuse_ends_the_session_whoever_comes_first() {
    let Some(fleet) = Fleet::start(PATIENT).await.map(Arc::new) else { return };
    let (rounds, mut person_was_first) = (effort(100, 1000), 0);
    for round in 0..rounds {
        let account = Arc::new(Account::new());
        let (_, copied) = fleet.log_in(0, &account, 0).await.unwrap();
        assert!(lets_in(fleet.show(0, &account, &copied, None).await));
        let newest = fleet.after(&copied);
        fleet.clock.advance(PATIENT);
        let person = {
            let (fleet, account, newest) = (fleet.clone(), account.clone(), newest.clone());
            tokio::spawn(async move { fleet.show(1, &account, &newest, None).await })
        };
        assert_eq!(fleet.show(0, &account, &copied, None).await, Refresh::Reused, "round {round}");
        let person = person.await.unwrap();
        assert!(matches!(person, Refresh::Rotated { .. } | Refresh::Reused), "{person:?}");
        person_was_first += usize::from(lets_in(person));
        for token in [&copied, &newest, &fleet.after(&newest)] {
            assert_eq!(fleet.show(round, &account, token, None).await, Refresh::Reused);
        }
        assert_eq!(fleet.living(&account).await, Vec::<Uuid>::new());
    }
    println!("{rounds} reuses ended their sessions; the person had been first in {person_was_first}");
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    LogOut,
    LogOutOthers,
    LogOutEverywhere,
    NewPassword,
}

/// Ends a session in one of several ways, and returns the sessions that must stay alive.
async fn end(fleet: &Fleet, account: &Account, ending: Ending, session: Uuid, other: Uuid) -> Vec<Uuid> {
    let [store, _] = &fleet.stores;
    match ending {
        Ending::LogOut => {
            assert!(store.end(account.id, session).await.unwrap());
            vec![other]
        }
        Ending::LogOutOthers => {
            assert_eq!(store.end_others(account.id, other).await.unwrap(), 1);
            vec![other]
        }
        Ending::LogOutEverywhere => {
            store.end_all(account.id, account.raise()).await.unwrap();
            Vec::new()
        }
        Ending::NewPassword => {
            let epoch = account.raise();
            store.end_all(account.id, epoch).await.unwrap();
            vec![fleet.log_in(0, account, epoch).await.unwrap().0]
        }
    }
}

/// Refreshes repeatedly until it is told that the session is over, and returns how many exchanges succeeded before. No
/// exchange that began after the ending had returned may succeed.
async fn refresh_until_over(
    fleet: Arc<Fleet>,
    account: Arc<Account>,
    racer: usize,
    token: String,
    returned: Arc<AtomicBool>,
) -> usize {
    let tokens = [fleet.after(&token), token];
    for exchange in 0.. {
        let too_late = returned.load(Ordering::SeqCst);
        // The parent writes and its successor only reads, so that both kinds race the ending.
        let verdict = fleet.show(racer, &account, &tokens[(exchange + 1) % 2], None).await;
        assert!(!(too_late && lets_in(verdict)), "{verdict:?} after the ending had returned");
        if !lets_in(verdict) {
            assert_eq!(verdict, Refresh::Ended);
            return exchange;
        }
    }
    unreachable!("a usize has run out")
}

async fn race_refreshes_against(ending: Ending) {
    let Some(fleet) = Fleet::start(PATIENT).await.map(Arc::new) else { return };
    let (rounds, mut let_in, mut met) = (effort(100, 1000), 0, 0);
    for round in 0..rounds {
        let account = Arc::new(Account::new());
        let (session, token) = fleet.log_in(0, &account, 0).await.unwrap();
        let (other, others) = fleet.log_in(1, &account, 0).await.unwrap();
        let returned = Arc::new(AtomicBool::new(false));
        let mut racers = JoinSet::new();
        for racer in 0..4 {
            let (fleet, account, token) = (fleet.clone(), account.clone(), token.clone());
            racers.spawn(refresh_until_over(fleet, account, racer, token, returned.clone()));
        }
        if round % 2 == 0 {
            // In every other round the refreshes get a head start.
            assert!(lets_in(fleet.show(1, &account, &token, None).await));
        }
        let mut live_on = end(&fleet, &account, ending, session, other).await;
        returned.store(true, Ordering::SeqCst);
        while let Some(exchanges) = racers.join_next().await {
            let exchanges = exchanges.unwrap();
            let_in += exchanges;
            met += usize::from(exchanges > 0);
        }
        live_on.sort_unstable();
        assert_eq!(fleet.living(&account).await, live_on, "{ending:?}, round {round}");
        assert_eq!(lets_in(fleet.show(0, &account, &others, None).await), live_on.contains(&other));
    }
    println!(
        "{ending:?}: {rounds} rounds, {let_in} refreshes before the endings returned, by {met} of {} racers; none after",
        rounds * 4
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_outlives_a_log_out() {
    race_refreshes_against(Ending::LogOut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_outlives_a_log_out_of_all_others() {
    race_refreshes_against(Ending::LogOutOthers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_outlives_a_log_out_everywhere() {
    race_refreshes_against(Ending::LogOutEverywhere).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_outlives_a_new_password() {
    race_refreshes_against(Ending::NewPassword).await;
}

/// A login reads the row together with the password's hash, spends time on verifying the hash, and then opens its
/// session.
#[tokio::test(flavor = "multi_thread")]
async fn no_log_in_from_before_an_ending_outlives_it() {
    let Some(fleet) = Fleet::start(PATIENT).await.map(Arc::new) else { return };
    let (rounds, mut ended, mut stale, mut fresh) = (effort(100, 1000), 0, 0, 0);
    for round in 0..rounds {
        let account = Arc::new(Account::new());
        // Three logins have read the row before the ending begins; the fourth may read it at any time.
        let (mut racers, read) = (JoinSet::new(), Arc::new(Barrier::new(4)));
        for racer in 0..4 {
            let (fleet, account, read) = (fleet.clone(), account.clone(), read.clone());
            racers.spawn(async move {
                let epoch = account.epoch();
                if racer > 0 {
                    read.wait().await;
                }
                (epoch, fleet.log_in(racer, &account, epoch).await)
            });
        }
        read.wait().await;
        fleet.stores[0].end_all(account.id, account.raise()).await.unwrap();
        let mut live_on = Vec::new();
        while let Some(racer) = racers.join_next().await {
            match racer.unwrap() {
                (_, None) => stale += 1,
                (0, Some((_, token))) => {
                    assert_eq!(fleet.show(round, &account, &token, None).await, Refresh::Ended);
                    ended += 1;
                }
                // This login read the row after everything was ended. If the password was changed, it used the new one.
                (_, Some((session, token))) => {
                    assert!(lets_in(fleet.show(round, &account, &token, None).await));
                    live_on.push(session);
                    fresh += 1;
                }
            }
        }
        live_on.sort_unstable();
        assert_eq!(fleet.living(&account).await, live_on, "round {round}");
    }
    println!(
        "{rounds} endings against 4 logins each: {ended} were ended, {stale} refused, {fresh} had begun afterwards"
    );
}
