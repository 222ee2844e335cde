//! Compares what was seen with what must hold. No function here contacts a server, so the tests below check each rule
//! with made-up answers.

use std::time::{Duration, Instant};

use super::person::Answer;
use super::row::Promise;
use super::watch::{Loaded, Seen};

/// The longest time in which a call must be answered.
const ANSWER: Duration = Duration::from_secs(1);
/// A refusal within this time was given without a call to the store.
const AT_ONCE: Duration = Duration::from_millis(100);
/// This many such refusals in a row show that the circuit breaker is open.
const IN_A_ROW: usize = 5;
/// The longest time from the fault to the first of these refusals.
const OPENS: Duration = Duration::from_secs(3);

/// The time when a fault began, and the time when its cause was removed.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub(crate) began: Instant,
    pub(crate) healed: Instant,
}

/// The promises for an outage of the store: all that users must, and must not, notice.
pub(crate) fn outage(seen: &Seen, window: Window, recovery: Duration) -> Vec<Promise> {
    let mut promises = harmless(seen);
    let felt: Vec<&Answer> = all(seen).filter(|answer| within(answer, window)).collect();
    let refused = felt.iter().filter(|answer| !answer.is_good()).count();
    promises.push(Promise::new("the fault causes refusals", format!("{refused} refusals"), refused > 0));
    promises.push(Promise::within(
        "each answer within 1 s",
        felt.iter().map(|answer| answer.took).max(),
        ANSWER,
    ));
    promises.push(Promise::within("refused at once after ≤ 3 s", opened_after(seen, window), OPENS));
    let must = format!("all users served {} s after the fault ends", recovery.as_secs());
    promises.push(Promise::within(&must, recovered_after(seen, window), recovery));
    promises
}

/// The promises that must hold in every fault of the store, however short.
pub(crate) fn harmless(seen: &Seen) -> Vec<Promise> {
    let count = |wrong: &dyn Fn(&Answer) -> bool| all(seen).filter(|answer| wrong(answer)).count();
    let answers = all(seen).count();
    let unauthorized = count(&|answer| answer.status == Some(401)) as u64 + status(&seen.store, 401);
    let cleared = count(&|answer| !answer.is_good() && answer.touches_cookie);
    let bad = count(&|answer| !answer.is_good());
    let unfair = count(&|answer| !answer.is_good() && !answer.is_fair_refusal());
    vec![
        Promise::new("no wrong 401", format!("{unauthorized} in {answers} answers"), unauthorized == 0),
        Promise::new("no cookie cleared", format!("{cleared}"), cleared == 0),
        Promise::new(
            "refusals are 503 with Retry-After",
            format!("{} of {bad}", bad - unfair),
            unfair == 0 && is_refused_with_503_alone(&seen.store),
        ),
        stateless(&seen.stateless),
    ]
}

/// The promise that the fault refused at least one request: without one, there is nothing to judge.
pub(crate) fn felt(seen: &Seen) -> Promise {
    let refused = all(seen).filter(|answer| !answer.is_good()).count();
    Promise::new("the fault causes refusals", format!("{refused} refusals"), refused > 0)
}

/// The promise that no request was refused.
pub(crate) fn unnoticed(seen: &Seen) -> Promise {
    let bad = all(seen).filter(|answer| !answer.is_good()).count();
    let seen_word = format!("{bad} refusals in {} answers", all(seen).count());
    Promise::new("no user notices", seen_word, bad == 0 && seen.store.errors.total() == 0)
}

/// The promise that every `/me` of the hybrid succeeded: it does not call the store, so no fault of the store may
/// affect it.
pub(crate) fn stateless(load: &Loaded) -> Promise {
    let (good, bad) = (load.answered, load.errors.total());
    let seen =
        format!("{good} of {} good, p99 {:.1} ms", good + bad, load.latency.quantile_us(0.99) / 1000.0);
    Promise::new("stateless /me keeps working", seen, good > 0 && bad == 0)
}

fn all(seen: &Seen) -> impl Iterator<Item = &Answer> {
    seen.people.iter().flatten()
}

fn within(answer: &Answer, window: Window) -> bool {
    answer.ended() >= window.began && answer.started < window.healed
}

fn status(load: &Loaded, status: u16) -> u64 {
    load.errors.unexpected_status.get(&status).copied().unwrap_or_default()
}

fn is_refused_with_503_alone(load: &Loaded) -> bool {
    load.errors.total() == status(load, 503)
}

/// The time from the start of the fault to the first of several calls in a row that were refused at once, for the
/// slowest user.
fn opened_after(seen: &Seen, window: Window) -> Option<Duration> {
    let at_once = |answer: &Answer| answer.is_fair_refusal() && answer.took <= AT_ONCE;
    let opened = |person: &Vec<Answer>| {
        let felt: Vec<&Answer> = person.iter().filter(|answer| within(answer, window)).collect();
        let first = felt.windows(IN_A_ROW).find(|row| row.iter().all(|answer| at_once(answer)))?;
        Some(first[0].started.saturating_duration_since(window.began))
    };
    seen.people.iter().map(opened).collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// The time from the end of the fault to the first good answer after the last bad one, for the slowest user.
fn recovered_after(seen: &Seen, window: Window) -> Option<Duration> {
    let recovered = |person: &Vec<Answer>| {
        let streak =
            person.iter().rev().take_while(|answer| answer.is_good() && answer.ended() >= window.healed);
        Some(streak.last()?.ended().saturating_duration_since(window.healed))
    };
    seen.people.iter().map(recovered).collect::<Option<Vec<_>>>()?.into_iter().max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// The answers that one user got: when each call began and how long it took, in milliseconds, and its answer. The
    /// fault lasts from second 1 to second 6.
    fn story(calls: &[(u32, u32, Answer)]) -> (Seen, Window) {
        let start = Instant::now();
        let answers = calls.iter().map(|(at, took, answer)| Answer {
            started: start + MS * *at,
            took: MS * *took,
            ..answer.clone()
        });
        let mut stateless = Loaded { answered: 1, ..Loaded::default() };
        stateless.latency.record(MS);
        let seen = Seen { people: vec![answers.collect()], stateless, store: Loaded::default() };
        (seen, Window { began: start + MS * 1000, healed: start + MS * 6000 })
    }

    fn answer(status: u16) -> Answer {
        Answer {
            started: Instant::now(),
            took: Duration::ZERO,
            status: Some(status),
            says_when_to_retry: status == 503,
            touches_cookie: false,
        }
    }

    /// A fault that goes as it should: slow refusals, then fast ones, then good answers again.
    fn as_it_should() -> Vec<(u32, u32, Answer)> {
        let slow = [(1100, 500, answer(503)), (1700, 500, answer(503))];
        let fast = (0..20).map(|n| (2300 + n * 180, 1, answer(503)));
        [(900, 5, answer(200))].into_iter().chain(slow).chain(fast).chain([(6100, 5, answer(200))]).collect()
    }

    fn broken(calls: &[(u32, u32, Answer)]) -> Vec<String> {
        let (seen, window) = story(calls);
        let promises = outage(&seen, window, Duration::from_secs(2));
        promises.into_iter().filter(|promise| !promise.holds).map(|promise| promise.must).collect()
    }

    fn with(change: impl Fn(&mut Vec<(u32, u32, Answer)>)) -> Vec<String> {
        let mut calls = as_it_should();
        change(&mut calls);
        broken(&calls)
    }

    #[test]
    fn a_fault_that_goes_as_it_should_breaks_no_promise() {
        assert_eq!(broken(&as_it_should()), Vec::<String>::new());
    }

    #[test]
    fn each_wrong_turn_breaks_its_promise() {
        assert_eq!(
            with(|calls| calls[5].2 = answer(401)),
            ["no wrong 401", "refusals are 503 with Retry-After"]
        );
        assert_eq!(
            with(|calls| calls[5].2.touches_cookie = true),
            ["no cookie cleared", "refusals are 503 with Retry-After"]
        );
        assert_eq!(with(|calls| calls[5].2 = answer(500)), ["refusals are 503 with Retry-After"]);
        assert_eq!(
            with(|calls| calls[5].2.says_when_to_retry = false),
            ["refusals are 503 with Retry-After"]
        );
        assert_eq!(with(|calls| calls[5].2.status = None), ["refusals are 503 with Retry-After"]);
        assert_eq!(with(|calls| calls[1].1 = 1200), ["each answer within 1 s"]);
        assert_eq!(
            with(|calls| calls.iter_mut().for_each(|call| call.1 = 500)),
            ["refused at once after ≤ 3 s"]
        );
        assert_eq!(
            with(|calls| calls.last_mut().unwrap().0 = 8100),
            ["all users served 2 s after the fault ends"]
        );
        assert_eq!(
            with(|calls| calls.last_mut().unwrap().2 = answer(503)),
            ["all users served 2 s after the fault ends"]
        );
    }

    #[test]
    fn a_fault_that_nobody_felt_proves_nothing() {
        let calls: Vec<_> = (0..40).map(|n| (900 + n * 150, 5, answer(200))).collect();
        assert_eq!(broken(&calls), ["the fault causes refusals", "refused at once after ≤ 3 s"]);
    }

    #[test]
    fn one_failure_of_the_stateless_me_breaks_its_promise() {
        let (mut seen, _) = story(&as_it_should());
        assert!(stateless(&seen.stateless).holds);
        seen.stateless.errors.unexpected_status.insert(503, 1);
        assert!(!stateless(&seen.stateless).holds);
        assert!(!stateless(&Loaded::default()).holds, "nothing was asked");
    }

    #[test]
    fn the_loads_own_answers_are_judged_too() {
        let (mut seen, window) = story(&as_it_should());
        seen.store.errors.unexpected_status.insert(503, 9);
        assert!(outage(&seen, window, Duration::from_secs(2)).iter().all(|promise| promise.holds));
        seen.store.errors.unexpected_status.insert(401, 1);
        assert!(!outage(&seen, window, Duration::from_secs(2))[0].holds);
    }
}
