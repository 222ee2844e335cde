//! Prints the tour's two tables, and which commands to try next.

use std::mem::discriminant;
use std::path::Path;

use anstyle::Style;
use harness::design::{DESIGNS, Design};
use harness::store::Ready;
use harness::terminal::{self, BAD, DIM, GOOD, heading, paint, sentence, table};
use kit::design::Role;
use measure::report::number::thousands;

use super::Tour;
use super::cost::{Cost, Doubted};
use super::logout::Verdict;

const STILL_IN: &str = "YES, still in";
const SHUT_OUT: &str = "no, shut out";

pub(crate) fn print(tour: &Tour, store: &Ready, path: &Path) {
    let machine = &tour.machine;
    harness::outln!("{DIM}store: {} · {} × {}{DIM:#}", tour.store, machine.logical_cpus, machine.cpu_model);
    if !store.misses.is_empty() {
        terminal::warn(&format!(
            "no Redis was found ({}), so everything is kept in memory",
            store.misses.join("; ")
        ));
    }
    if machine.build_profile != "release" {
        terminal::warn(
            "this is not a release build: the first table is right, but do not trust the times in the second",
        );
    }
    heading("1. The logout problem: a thief copied the credential, then its owner logged out");
    harness::out!("{}", paint(&logout(tour), &[(STILL_IN, BAD), (SHUT_OUT, GOOD)]));
    heading("2. What it costs to check a credential: GET /me");
    harness::outln!("{DIM} {}{DIM:#}", look_ups(store));
    harness::out!("{}", costs(tour, store));
    harness::outln!(
        "{DIM} p50 and p99 at {} requests/s each; rps is each design's limit.{DIM:#}",
        tour.latency_at_rps
    );
    for doubt in doubts(tour) {
        sentence(&doubt, DIM);
    }
    heading("What this says");
    for line in reading(tour) {
        sentence(&line, Style::new());
    }
    heading("Where to go from here");
    harness::outln!(" cargo lab play              a page: be the thief yourself, and move the clock");
    harness::outln!(" cargo lab check hybrid      every promise of the hybrid, tested over HTTP");
    harness::outln!(" cargo lab attack access     what an attacker tries, and what gets in");
    harness::outln!(" cargo lab serve hybrid      a server to try things on");
    harness::outln!(" cargo lab learn             the workshop: build these designs yourself");
    harness::outln!(" cargo lab bench             the whole measurement, as a report with charts");
    harness::outln!(" cargo lab doctor            the tools on this machine, and how to get others");
    harness::outln!("{DIM} the figures are in {}{DIM:#}", path.display());
}

fn logout(tour: &Tour) -> String {
    let row = |verdict: &Verdict| {
        let let_in = if verdict.thief_in_after_logout { STILL_IN } else { SHUT_OUT };
        let renew = if verdict.thief_can_renew { "YES" } else { "no" };
        let stays = verdict.seconds_logged_in.map_or("–".to_owned(), length);
        vec![
            verdict.design.to_owned(),
            let_in.to_owned(),
            length(verdict.seconds_let_in),
            renew.to_owned(),
            stays,
        ]
    };
    let header = ["design", "thief let in?", "for how long", "can renew?", "login lasts"];
    table(&header, header.len(), tour.logout.iter().map(row).collect())
}

fn costs(tour: &Tour, store: &Ready) -> String {
    let row = |cost: &Cost| {
        let trips = match store.url() {
            Some(_) => format!("{:.1}", cost.store_round_trips),
            None => "memory".to_owned(),
        };
        // A design that calls no store for a request has no figure here.
        let asks = Design::named(&cost.design).is_some_and(|design| design.asks_store());
        let trips = if !asks && store.url().is_none() { "–".to_owned() } else { trips };
        vec![
            cost.design.clone(),
            thousands(cost.throughput_rps),
            format!("{:.0} µs", cost.p50_us),
            format!("{:.0} µs", cost.p99_us),
            format!("{:.1} µs", cost.server_cpu_us),
            trips,
            format!("{:.2}", cost.ratio),
        ]
    };
    let look_up = if store.url().is_some() { "Redis trips" } else { "look-up" };
    let header = ["design", "rps", "p50", "p99", "server CPU", look_up, "of none"];
    table(&header, 1, tour.me.iter().map(row).collect())
}

fn look_ups(store: &Ready) -> String {
    match store.url() {
        Some(_) => format!("sessions are in {}", store.description()),
        None => {
            "sessions are in each server's MEMORY: these are memory look-ups, not Redis look-ups".to_owned()
        }
    }
}

/// The figures in sentences, each computed from the results.
fn reading(tour: &Tour) -> Vec<String> {
    let verdict = |verdict: &Verdict| {
        let said = match (verdict.thief_in_after_logout, verdict.thief_can_renew) {
            (false, _) => "a logout ends the copy at once".to_owned(),
            (true, false) => {
                format!(
                    "the copy works for another {} after the logout and cannot be renewed",
                    length(verdict.seconds_let_in)
                )
            }
            (true, true) => {
                "the copy works after the logout and can be renewed: the logout ended nothing".to_owned()
            }
        };
        format!("{}: {said}.", verdict.design)
    };
    let mut lines: Vec<String> = tour.logout.iter().map(verdict).collect();
    let cpu = |design: &str| tour.me.iter().find(|cost| cost.design == design).map(|cost| cost.server_cpu_us);
    let of = |role| cpu(Design::in_role(role)?.name);
    let baseline = DESIGNS.iter().find(|design| design.is_baseline()).and_then(|design| cpu(design.name));
    if let (Some(none), Some(session), Some(hybrid)) =
        (baseline, of(Role::LookUp), of(Role::SignedAndRefreshed))
    {
        let (session, hybrid) = (session - none, hybrid - none);
        lines.push(format!(
            "Checking a session added {session:.1} µs of server CPU to a request; checking the hybrid's access token \
             added {hybrid:.1} µs. The hybrid calls its store only for a refresh, once in 15 minutes for each client, \
             and for a logout."
        ));
    }
    lines
}

/// One line for each kind of doubt: the designs that it concerns, and the worst case in words.
fn doubts(tour: &Tour) -> Vec<String> {
    let mut kinds: Vec<Vec<&Doubted>> = Vec::new();
    for doubted in &tour.doubts {
        let kind = discriminant(&doubted.doubt);
        match kinds.iter_mut().find(|same| same.iter().any(|one| discriminant(&one.doubt) == kind)) {
            Some(same) => same.push(doubted),
            None => kinds.push(vec![doubted]),
        }
    }
    kinds.iter().filter_map(|same| doubt(same)).collect()
}

fn doubt(same: &[&Doubted]) -> Option<String> {
    let mut designs: Vec<&str> = same.iter().filter_map(|doubted| doubted.design.as_deref()).collect();
    designs.sort_unstable();
    designs.dedup();
    let whose = if designs.is_empty() { String::new() } else { format!(" ({})", designs.join(", ")) };
    let worst = same.iter().max_by(|a, b| a.doubt.size().total_cmp(&b.doubt.size()))?;
    Some(format!("doubt{whose}: {}", worst.doubt))
}

fn length(seconds: u64) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match (seconds / 60, seconds % 60) {
        _ if seconds >= 2 * DAY && seconds.is_multiple_of(DAY) => format!("{} days", seconds / DAY),
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_numbers_read_as_people_write_them() {
        assert_eq!(length(0), "0 s");
        assert_eq!(length(899), "14 min 59 s");
        assert_eq!(length(900), "15 min");
        assert_eq!(length(2_592_000), "30 days");
        assert_eq!(thousands(101_234.4), "101,234");
        assert_eq!(thousands(999.0), "999");
    }
}
