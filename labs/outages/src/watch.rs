//! Records what users notice of a fault: a steady load on both kinds of `/me`, and some users who keep using the store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use harness::Failure;
use measure::load::{self, Errors, FixedRate, Latencies, Load, Target};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::person::{Answer, Call, Person};
use super::stage::Stage;

/// The pause of a user between two calls.
const PAUSE: Duration = Duration::from_millis(30);
/// The load in requests per second: small, because servers, store and generator may share two cores.
const STATELESS_RPS: f64 = 200.0;
const STORE_RPS: f64 = 50.0;
pub(crate) const CONNECTIONS: usize = 8;
/// The length of one slice of load. The load is made in slices, because the length of a fault is not known beforehand.
const SLICE: Duration = Duration::from_secs(1);
/// This many good answers in a row for every user show that the fault is over.
const STREAK: usize = 5;

/// The kinds of users, the call that each makes, and how many there are.
const CAST: [(Cast, Call, usize); 4] = [
    (Cast::App, Call::Refresh, 2),
    (Cast::Page, Call::Refresh, 2),
    (Cast::App, Call::Sessions, 2),
    (Cast::Session, Call::Me, 3),
];

#[derive(Clone, Copy)]
enum Cast {
    App,
    Page,
    Session,
}

/// Users and load in the background, until `end` is called.
pub(crate) struct Watch {
    answers: Answers,
    people: JoinSet<()>,
    stop: watch::Sender<bool>,
    stateless: JoinHandle<Result<Loaded, Failure>>,
    store: JoinHandle<Result<Loaded, Failure>>,
}

/// All answers that were seen.
pub(crate) struct Seen {
    /// Each user's answers, in order.
    pub(crate) people: Vec<Vec<Answer>>,
    /// The answers to the hybrid's `/me`, which does not call the store.
    pub(crate) stateless: Loaded,
    /// The answers to the session design's `/me`, which calls the store.
    pub(crate) store: Loaded,
}

/// The results of the load generator, over all slices.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(crate) answered: u64,
    pub(crate) errors: Errors,
    pub(crate) latency: Latencies,
}

#[derive(Clone, Default)]
struct Answers(Arc<(Mutex<Vec<Vec<Answer>>>, Notify)>);

impl Watch {
    /// Starts users and load, and waits until every user gets good answers: a fault proves nothing if the servers did
    /// not work before.
    pub(crate) async fn begin(stage: &Stage) -> Result<Self, Failure> {
        let (stop, stopped) = watch::channel(false);
        let answers = Answers::default();
        let mut people = JoinSet::new();
        for (cast, call, count) in CAST {
            for _ in 0..count {
                let person = match cast {
                    Cast::App => stage.on_hybrid("mobile").await?,
                    Cast::Page => stage.on_hybrid("web").await?,
                    Cast::Session => stage.on_session().await?,
                };
                people.spawn(live(person, call, answers.seat(), answers.clone(), stopped.clone()));
            }
        }
        let stateless = stage.on_hybrid("mobile").await?.me_target()?;
        let store = stage.on_session().await?.me_target()?;
        let this = Self {
            answers,
            people,
            stateless: tokio::spawn(load_until(stateless, STATELESS_RPS, stopped.clone())),
            store: tokio::spawn(load_until(store, STORE_RPS, stopped)),
            stop,
        };
        if this.steady_since(Instant::now(), Duration::from_secs(10)).await {
            Ok(this)
        } else {
            Err(Failure::new("the servers did not answer all users even before the fault"))
        }
    }

    /// Waits until every user has had several good answers in a row after `since`; `false` if that takes longer than
    /// `patience`.
    pub(crate) async fn steady_since(&self, since: Instant, patience: Duration) -> bool {
        let steady = async {
            loop {
                let heard = self.answers.0.1.notified();
                if self.answers.lock().iter().all(|person| is_steady(person, since)) {
                    return;
                }
                heard.await;
            }
        };
        tokio::time::timeout(patience, steady).await.is_ok()
    }

    /// Stops users and load, and returns what was seen.
    pub(crate) async fn end(mut self) -> Result<Seen, Failure> {
        self.stop.send_replace(true);
        while self.people.join_next().await.is_some() {}
        let (stateless, store) = (self.stateless.await??, self.store.await??);
        let people = std::mem::take(&mut *self.answers.lock());
        Ok(Seen { people, stateless, store })
    }
}

fn is_steady(person: &[Answer], since: Instant) -> bool {
    let after = person.iter().rev().take_while(|answer| answer.started >= since);
    after.take_while(|answer| answer.is_good()).take(STREAK).count() == STREAK
}

async fn live(mut person: Person, call: Call, seat: usize, answers: Answers, stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let answer = person.ask(call).await;
        answers.lock()[seat].push(answer);
        answers.0.1.notify_waiters();
        tokio::time::sleep(PAUSE).await;
    }
}

async fn load_until(
    target: Target,
    rate_rps: f64,
    stopped: watch::Receiver<bool>,
) -> Result<Loaded, Failure> {
    let mut all = Loaded::default();
    while !*stopped.borrow() {
        all.merge(&slice(&target, rate_rps, CONNECTIONS, SLICE).await?);
    }
    Ok(all)
}

/// Sends requests at a fixed rate for a short time.
pub(crate) async fn slice(
    target: &Target,
    rate_rps: f64,
    connections: usize,
    duration: Duration,
) -> Result<Loaded, Failure> {
    let plan = FixedRate { grace: Duration::from_secs(2), ..FixedRate::new(rate_rps, connections, duration) };
    let run = load::run(target, &Load::Fixed(plan)).await?;
    Ok(Loaded { answered: run.answered, errors: run.errors, latency: run.latency })
}

impl Loaded {
    fn merge(&mut self, other: &Self) {
        self.answered += other.answered;
        self.errors.merge(&other.errors);
        self.latency.merge(&other.latency);
    }
}

impl Answers {
    fn lock(&self) -> MutexGuard<'_, Vec<Vec<Answer>>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seat(&self) -> usize {
        let mut people = self.lock();
        people.push(Vec::new());
        people.len() - 1
    }
}
