//! Tests with eight tabs at once.

use kit::Config;
use kit::config::Variables;

use crate::network::{Fate, What};
use crate::stage::{ACCESS, Stage};

const ANN: &str = "ann@example.test";

/// All tabs need a new token at the same moment, and the server has no window: presenting an ancestor ends the session.
async fn all_at_once(without: &str) -> Option<Stage> {
    let config = Config { variables: Variables::of(&[("AUTHLAB_REFRESH_WINDOW", "0")]), ..Config::default() };
    let mut stage = Stage::with(8, without, config).await?;
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS);
    stage.network.next("/auth/refresh", &[Fate::Late; 8]);
    for tab in stage.tabs() {
        stage.begin(tab, "me", "me()");
    }
    stage.network.until("/auth/refresh", What::Answered(200));
    Some(stage)
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_tabs_take_turns_and_a_server_in_strict_mode_lets_all_of_them_in() {
    let Some(mut stage) = all_at_once("").await else { return };
    stage.network.calm();
    for tab in stage.tabs() {
        assert_eq!(stage.came_of(tab, "me"), ANN);
    }
    assert!(!stage.network.raced(), "{:#?}", stage.network.seen());
    assert_eq!(stage.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_web_locks_eight_tabs_race() {
    let Some(mut stage) = all_at_once("locks").await else { return };
    while stage.network.count("/auth/refresh") < 8 {
        tokio::task::yield_now().await;
    }
    assert!(stage.network.raced());
    stage.network.calm();
    stage.came_of(7, "me");
}

/// The next number of a fixed pseudorandom sequence (the generator of Numerical Recipes).
fn next(state: &mut u32) -> usize {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*state >> 16) as usize
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_lost_or_late_or_reloaded_no_tab_is_logged_out() {
    const FATES: [Fate; 6] =
        [Fate::Pass, Fate::LostRequest, Fate::LostAnswer, Fate::LostBody, Fate::Unavailable, Fate::Late];
    let Some(mut stage) = Stage::new(8).await else { return };
    stage.sign_up(0, ANN);
    let mut dice = 12;
    for round in 0..12 {
        stage.clock.advance(ACCESS);
        let fates = [FATES[next(&mut dice) % 6], FATES[next(&mut dice) % 6]];
        stage.network.next("/auth/refresh", &fates);
        for tab in stage.tabs() {
            stage.begin(tab, "me", "me()");
        }
        let seen = stage.network.count("/auth/refresh");
        let reloaded = next(&mut dice) % 8;
        stage.reload(reloaded);
        stage.begin(reloaded, "me", "me()");
        let mut released = 0;
        for tab in stage.tabs() {
            while stage.tab(tab).eval("came.me === undefined") == true {
                // A late response is released only when every tab waits for it.
                released += 1;
                if released % 10 == 0 {
                    stage.network.release();
                }
            }
            assert_eq!(
                stage.came_of(tab, "me"),
                ANN,
                "round {round}, tab {tab}: {fates:?}, after {seen} refreshes"
            );
        }
        stage.network.calm();
    }
    assert_eq!(stage.sessions(), 1);
    stage.everywhere("!heard.some(change => change.status === 'out')");
}
