//! Eight tabs of one browser on a bad network: requests and answers are lost, and overtake one another.
//!
//! All tabs share a cookie and, for each token, one idempotency key. As long as an exchange is shorter than half of the
//! window, whatever is lost, no tab is ever refused.

use std::time::{Duration, Instant};

use lab4_hybrid::store::Refresh;
use proptest::prelude::{Strategy, prop, prop_oneof};
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

use crate::effort::effort;
use crate::fleet::{Account, Fleet, lets_in};

const TABS: usize = 8;
/// A step of time. So long that the seconds which a test really takes change nothing.
const TICK: Duration = Duration::from_secs(100);
const WINDOW_TICKS: u32 = 10;
/// The most ticks that an exchange sees: it is shorter than half of the window.
const EXCHANGE_TICKS: u32 = 4;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A tab whose access token has run out shows the cookie.
    Ask(usize),
    /// A server gets round to it.
    Execute(usize),
    /// The answer arrives.
    Hear(usize),
    /// Whatever of the exchange is under way is lost, and the tab gives up.
    Lose(usize),
    Pass,
}

/// A refresh under way.
struct Exchange {
    token: String,
    age: u32,
    verdict: Option<Refresh>,
}

struct Browser<'a> {
    fleet: &'a Fleet,
    account: Account,
    cookie: String,
    tabs: [Option<Exchange>; TABS],
    told: Counts,
}

/// What was seen, so that nobody believes in a test in which nothing happened.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    exchanges: usize,
    rotations: usize,
    replays: usize,
    lost: usize,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (0..TABS).prop_map(Step::Ask),
        5 => (0..TABS).prop_map(Step::Execute),
        4 => (0..TABS).prop_map(Step::Hear),
        1 => (0..TABS).prop_map(Step::Lose),
        5 => prop::strategy::Just(Step::Pass),
    ];
    prop::collection::vec(step, 40..400)
}

impl Browser<'_> {
    async fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Ask(tab) => {
                let exchange = || Exchange { token: self.cookie.clone(), age: 0, verdict: None };
                let tab = &mut self.tabs[tab];
                if tab.is_none() {
                    *tab = Some(exchange());
                }
            }
            Step::Execute(tab) => self.execute(tab).await,
            Step::Hear(tab) => return self.hear(tab),
            Step::Lose(tab) => self.told.lost += usize::from(self.tabs[tab].take().is_some()),
            Step::Pass => {
                for tab in 0..TABS {
                    // No exchange takes longer: its answer is here by now.
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

    async fn execute(&mut self, tab: usize) {
        let Some(exchange) = &mut self.tabs[tab] else { return };
        if exchange.verdict.is_some() {
            return;
        }
        // The page keeps one key for as long as it has this cookie; here it is made of what tells the cookies apart.
        let key = &exchange.token[exchange.token.len() - 16..];
        let verdict = self.fleet.show(tab, &self.account, &exchange.token, Some(key)).await;
        exchange.verdict = Some(verdict);
        self.told.exchanges += 1;
        self.told.rotations += usize::from(matches!(verdict, Refresh::Rotated { .. }));
        self.told.replays += usize::from(matches!(verdict, Refresh::Replayed { .. }));
    }

    fn hear(&mut self, tab: usize) -> Result<(), String> {
        let Some(verdict) = self.tabs[tab].as_ref().and_then(|exchange| exchange.verdict) else {
            return Ok(());
        };
        let exchange = self.tabs[tab].take();
        match verdict {
            verdict if !lets_in(verdict) => Err(format!("tab {tab} was logged out: {verdict:?}")),
            Refresh::Kept { .. } => Ok(()),
            _ => {
                self.cookie = exchange.map_or_else(String::new, |exchange| self.fleet.after(&exchange.token));
                Ok(())
            }
        }
    }
}

async fn live(fleet: &Fleet, steps: &[Step]) -> Result<Counts, String> {
    let account = Account::new();
    let (_, cookie) = fleet.log_in(0, &account, 0).await.unwrap();
    let (tabs, told) = (Default::default(), Counts::default());
    let mut browser = Browser { fleet, account, cookie, tabs, told };
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
        });
        Ok(())
    });
    outcome.unwrap_or_else(|broken| panic!("{broken}"));
    let seen = all.get();
    assert!(seen.rotations > 0 && seen.replays > 0 && seen.lost > 0, "{seen:?} shows nothing");
    println!("{browsers} browsers with {TABS} tabs in {:.1?}: {seen:?}, nobody logged out", start.elapsed());
}
