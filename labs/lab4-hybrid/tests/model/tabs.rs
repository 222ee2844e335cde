//! Eight tabs of one browser on a bad network: requests and responses are lost and overtake one another, and now and
//! then a tab logs in.
//!
//! All tabs share the cookies, one for each session, and one idempotency key for each token. As long as an exchange
//! takes less than half of the window, no tab is ever refused, whatever is lost.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lab4_hybrid::store::Refresh;
use proptest::prelude::{Strategy, prop, prop_oneof};
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use uuid::Uuid;

use crate::effort::effort;
use crate::fleet::{Account, Fleet, lets_in};

const TABS: usize = 8;
/// The length of a step of time, so long that the duration of the test itself changes nothing.
const TICK: Duration = Duration::from_secs(100);
const WINDOW_TICKS: u32 = 10;
/// The most ticks that pass during an exchange, which is less than half of the window.
const EXCHANGE_TICKS: u32 = 4;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A tab whose access token has expired sends the cookie.
    Ask(usize),
    /// A server processes the request.
    Execute(usize),
    /// The response arrives.
    Hear(usize),
    /// The request or the response is lost, and the tab gives up.
    Lose(usize),
    /// A tab logs in: the sessions of its cookies end, and the response arrives at once. Responses to earlier requests
    /// may still be pending.
    LogIn(usize),
    Pass,
}

/// A refresh in progress, with the cookies at the time when it was sent.
struct Exchange {
    cookies: BTreeMap<Uuid, String>,
    age: u32,
    outcome: Option<Outcome>,
}

/// The result of a refresh: the session that is alive, its verdict, and the token that was presented.
#[derive(Clone)]
struct Outcome {
    session: Uuid,
    token: String,
    verdict: Refresh,
}

struct Browser<'a> {
    fleet: &'a Fleet,
    account: Account,
    /// The cookies of the browser, by session.
    cookies: BTreeMap<Uuid, String>,
    /// The session of the last login.
    newest: Uuid,
    tabs: [Option<Exchange>; TABS],
    told: Counts,
}

/// How often each event happened, so that a test in which nothing happened fails.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    exchanges: usize,
    rotations: usize,
    replays: usize,
    lost: usize,
    log_ins: usize,
    outlived: usize,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (0..TABS).prop_map(Step::Ask),
        5 => (0..TABS).prop_map(Step::Execute),
        4 => (0..TABS).prop_map(Step::Hear),
        1 => (0..TABS).prop_map(Step::Lose),
        1 => (0..TABS).prop_map(Step::LogIn),
        5 => prop::strategy::Just(Step::Pass),
    ];
    prop::collection::vec(step, 40..400)
}

impl Browser<'_> {
    async fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Ask(tab) => {
                let exchange = || Exchange { cookies: self.cookies.clone(), age: 0, outcome: None };
                let tab = &mut self.tabs[tab];
                if tab.is_none() {
                    *tab = Some(exchange());
                }
            }
            Step::Execute(tab) => self.execute(tab).await,
            Step::Hear(tab) => return self.hear(tab),
            Step::Lose(tab) => self.told.lost += usize::from(self.tabs[tab].take().is_some()),
            Step::LogIn(tab) => self.log_in(tab).await,
            Step::Pass => {
                for tab in 0..TABS {
                    // No exchange takes longer, so its response arrives now.
                    if self.tabs[tab].as_ref().is_some_and(|exchange| exchange.age == EXCHANGE_TICKS) {
                        self.execute(tab).await;
                        self.hear(tab)?;
                    }
                }
                self.fleet.clock.advance(TICK);
                self.tabs.iter_mut().flatten().for_each(|exchange| exchange.age += 1);
            }
        }
        Ok(())
    }

    async fn log_in(&mut self, tab: usize) {
        for session in self.cookies.keys() {
            self.fleet.end(tab, &self.account, *session).await;
        }
        let (session, token) = self.fleet.log_in(tab, &self.account, 0).await.unwrap();
        self.cookies = BTreeMap::from([(session, token)]);
        self.newest = session;
        self.told.log_ins += 1;
    }

    async fn execute(&mut self, tab: usize) {
        let Some(exchange) = &mut self.tabs[tab] else { return };
        if exchange.outcome.is_some() {
            return;
        }
        // The newest session that is alive: a newer session has a greater id.
        for (session, token) in exchange.cookies.iter().rev() {
            // The page keeps one key for as long as it has this token; here the key is computed from the end of the
            // token.
            let key = &token[token.len() - 16..];
            let verdict = self.fleet.show(tab, &self.account, token, Some(key)).await;
            self.told.exchanges += 1;
            self.told.rotations += usize::from(matches!(verdict, Refresh::Rotated { .. }));
            self.told.replays += usize::from(matches!(verdict, Refresh::Replayed { .. }));
            exchange.outcome = Some(Outcome { session: *session, token: token.clone(), verdict });
            if lets_in(verdict) {
                break;
            }
        }
    }

    fn hear(&mut self, tab: usize) -> Result<(), String> {
        let Some(heard) = self.tabs[tab].as_ref().and_then(|exchange| exchange.outcome.clone()) else {
            return Ok(());
        };
        let sent = self.tabs[tab].take();
        let knew_newest = sent.is_some_and(|exchange| exchange.cookies.contains_key(&self.newest));
        let is_newest = heard.session == self.newest;
        self.told.outlived += usize::from(lets_in(heard.verdict) && !is_newest);
        match heard.verdict {
            // Another tab has logged in meanwhile.
            verdict if !lets_in(verdict) && !knew_newest => Ok(()),
            verdict if !lets_in(verdict) => Err(format!("tab {tab} was logged out: {verdict:?}")),
            _ if knew_newest && !is_newest => Err(format!("tab {tab} was answered for a session before")),
            Refresh::Kept { .. } | Refresh::Done { .. } => Ok(()),
            _ => {
                self.cookies.insert(heard.session, self.fleet.after(&heard.token));
                Ok(())
            }
        }
    }
}

async fn live(fleet: &Fleet, steps: &[Step]) -> Result<Counts, String> {
    let account = Account::new();
    let (newest, token) = fleet.log_in(0, &account, 0).await.unwrap();
    let (tabs, told) = (Default::default(), Counts::default());
    let cookies = BTreeMap::from([(newest, token)]);
    let mut browser = Browser { fleet, account, cookies, newest, tabs, told };
    for (number, step) in steps.iter().enumerate() {
        browser.take(*step).await.map_err(|broken| format!("step {number}, {step:?}: {broken}"))?;
    }
    for tab in 0..TABS {
        browser.execute(tab).await;
        browser.hear(tab)?;
    }
    Ok(browser.told)
}

#[test]
fn no_tab_of_eight_is_logged_out_by_a_network_that_loses_and_shuffles() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(fleet) = runtime.block_on(Fleet::start(TICK * WINDOW_TICKS)) else { return };
    let (browsers, start) = (effort(60, 3000), Instant::now());
    let mut runner = TestRunner::new(Config {
        cases: browsers,
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::default()
    });
    let all = std::cell::Cell::new(Counts::default());
    let outcome = runner.run(&steps(), |steps| {
        let one = runtime.block_on(live(&fleet, &steps)).map_err(TestCaseError::fail)?;
        let before = all.get();
        all.set(Counts {
            exchanges: before.exchanges + one.exchanges,
            rotations: before.rotations + one.rotations,
            replays: before.replays + one.replays,
            lost: before.lost + one.lost,
            log_ins: before.log_ins + one.log_ins,
            outlived: before.outlived + one.outlived,
        });
        Ok(())
    });
    outcome.unwrap_or_else(|broken| panic!("{broken}"));
    let seen = all.get();
    let all_seen = [seen.rotations, seen.replays, seen.lost, seen.log_ins, seen.outlived];
    assert!(all_seen.iter().all(|count| *count > 0), "{seen:?} shows nothing");
    println!("{browsers} browsers with {TABS} tabs in {:.1?}: {seen:?}, no user logged out", start.elapsed());
}
