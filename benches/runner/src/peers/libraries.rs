//! Measures libraries, including ours: the time that each takes to check the same token.
//!
//! Each language has a small program in `benches/peers/libraries` that checks the token repeatedly when it is told to,
//! and only then. All take turns in every round, ours in this process. The cost of a turn is the CPU time of its
//! process, read from outside in the same way for all: a busy machine disturbs it least, and a runtime's own threads are
//! counted.

mod program;

use std::hint::black_box;
use std::time::{Duration, Instant};

use harness::Failure;
use kit::Clock;
use kit::keyring::Keyring;
use kit::visible::visible;
use lab3_access::access_token::AccessTokens;
use lab4_hybrid::strict::StrictVerifier;
use measure::figures::Median;
use measure::process;
use measure::report::peers::{Libraries, LibraryTime};

use self::program::{Done, Offer, Program, Specimen, Turn};
use super::install::Installed;
use super::runtime::Runtime;
use crate::context::Bench;
use crate::issuance::{AUDIENCE, ISSUER, LEEWAY, TTL};

/// The folders below `benches/peers`, and the runtime that each needs.
pub(super) const FOLDERS: [(&str, Runtime); 4] = [
    ("libraries/node", Runtime::Node),
    ("libraries/python", Runtime::Python),
    ("libraries/go", Runtime::Go),
    ("libraries/rust", Runtime::Rust),
];
/// The number of operations that take turns; it serves to estimate the duration.
pub(crate) const WORKS: usize = 12;

/// The number of checks between two readings of the clock.
const BATCH: u64 = 100;

/// What takes a turn: a check of ours, or a library of a program.
enum Who<'a> {
    Ours(&'a dyn Fn()),
    Theirs { program: usize, library: String },
}

struct Entry<'a> {
    who: Who<'a>,
    told: LibraryTime,
    ns: Vec<f64>,
}

/// Times all libraries. Returns `None` when Ctrl-C came before the first round was over; programs that failed are listed
/// beside the results.
pub(super) async fn measure(
    bench: &Bench,
    installed: &[Installed],
) -> Result<Option<(Libraries, Vec<(String, Failure)>)>, Failure> {
    let keys = Keyring::random();
    let clock = Clock::system();
    let tokens = AccessTokens::new(&keys, ISSUER, AUDIENCE, TTL, LEEWAY, clock.clone());
    let strict = StrictVerifier::new(&keys, ISSUER, AUDIENCE, LEEWAY, clock)?;
    let specimen = Specimen::new(&keys, &tokens)?;
    let token = specimen.token.as_str();
    // Rejecting the token is fast and would give good figures, so make sure that both checks accept it.
    strict.check(token)?;
    tokens.check(token)?;

    let check_strictly = || drop(black_box(strict.check(black_box(token))));
    let check_by_library = || drop(black_box(tokens.check(black_box(token))));
    let mut entries = vec![
        Entry::ours("the hybrid's own check", env!("CARGO_PKG_VERSION"), &check_strictly),
        Entry::ours("jsonwebtoken for Rust, in the access lab", locked("jsonwebtoken"), &check_by_library),
    ];
    let (mut programs, mut failed) = (Vec::new(), Vec::new());
    for installed in installed {
        bench.timeline.stage(&format!("{}: starting", installed.name));
        match bench.stop.unless_told(Program::start(installed, &specimen)).await {
            None => return Ok(None),
            Some(Err(fault)) => failed.push((installed.name.clone(), fault)),
            Some(Ok((program, offers))) => {
                let program_index = programs.len();
                programs.push(program);
                entries
                    .extend(offers.into_iter().map(|offer| Entry::theirs(program_index, installed, offer)));
            }
        }
    }
    let timing = bench.stop.unless_told(rounds(bench, &mut entries, &mut programs));
    timing.await.transpose()?;
    if entries.iter().any(|entry| entry.ns.is_empty()) {
        return Ok(None);
    }
    let ours = entries[0].ns.clone();
    let timed = entries.into_iter().filter_map(|entry| entry.summed_up(&ours)).collect();
    Ok(Some((Libraries { token_bytes: specimen.token.len() as u64, timed }, failed)))
}

/// Runs the rounds. The first is not counted, because some runtimes compile while they run.
async fn rounds(bench: &Bench, entries: &mut [Entry<'_>], programs: &mut [Program]) -> Result<(), Failure> {
    bench.timeline.stage("timing the libraries");
    let pass = bench.plan.libraries;
    for round in 0..=pass.rounds() {
        for place in 0..entries.len() {
            // The order rotates, because each turn changes what the next one finds in the cache.
            let index = (place + round) % entries.len();
            let entry = &mut entries[index];
            bench.timeline.detail(&format!(
                "timing {}, round {round} of {}",
                entry.told.library,
                pass.rounds()
            ));
            let ns = match &entry.who {
                Who::Ours(check) => {
                    per_check(std::process::id(), async { Ok(repeated(*check, pass.round())) }).await?
                }
                Who::Theirs { program, library } => {
                    let program = &mut programs[*program];
                    let turn = Turn { library, for_ms: pass.round().as_millis() as u64 };
                    per_check(program.pid, program.ask(&turn)).await?
                }
            };
            bench.timeline.passed(pass.round());
            if round > 0 {
                entry.ns.push(ns);
            }
        }
    }
    Ok(())
}

/// The CPU time of process `pid` for one of the checks that it does in the meantime, in ns.
async fn per_check(pid: u32, checking: impl Future<Output = Result<Done, Failure>>) -> Result<f64, Failure> {
    let before = process::cpu_time(pid)?;
    let done = checking.await?;
    let took = process::cpu_time(pid)?.saturating_sub(before);
    Ok(took.as_secs_f64() * 1e9 / done.checks.max(1) as f64)
}

fn repeated(check: &dyn Fn(), long: Duration) -> Done {
    let (start, mut checks) = (Instant::now(), 0);
    loop {
        (0..BATCH).for_each(|_| check());
        checks += BATCH;
        if start.elapsed() >= long {
            return Done { checks };
        }
    }
}

impl<'a> Entry<'a> {
    fn ours(library: &str, version: &str, check: &'a dyn Fn()) -> Self {
        Self::new(Who::Ours(check), library, version, "this program")
    }

    fn theirs(program: usize, installed: &Installed, offer: Offer) -> Self {
        let who = Who::Theirs { program, library: offer.library.clone() };
        Self::new(who, &offer.library, &offer.version, &installed.runs_on)
    }

    fn new(who: Who<'a>, library: &str, version: &str, runs_on: &str) -> Self {
        let nothing = Median::exactly(0.0);
        // The names come from programs in other languages.
        let told = LibraryTime {
            library: visible(library).into_owned(),
            version: visible(version).into_owned(),
            runs_on: runs_on.to_owned(),
            ns: nothing,
            times_ours: nothing,
        };
        Self { who, told, ns: Vec::new() }
    }

    /// Sums up the rounds. Each is paired with ours of the same round, because neighbours in time share their noise.
    fn summed_up(self, ours: &[f64]) -> Option<LibraryTime> {
        let times_ours = Median::of(self.ns.iter().zip(ours).map(|(own, ours)| own / ours))?;
        Some(LibraryTime { ns: Median::of(self.ns)?, times_ours, ..self.told })
    }
}

/// The version of a crate that this program was built with.
fn locked(name: &str) -> &'static str {
    let lock = include_str!("../../../../Cargo.lock");
    let after = lock.split_once(&format!("name = \"{name}\"\nversion = \"")).map(|(_, after)| after);
    after.and_then(|after| after.split('"').next()).unwrap_or("of the workspace")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_has_the_version_that_is_locked() {
        assert!(locked("jsonwebtoken").starts_with("11."), "{}", locked("jsonwebtoken"));
        assert_eq!(locked("no-crate-is-called-like-this"), "of the workspace");
    }

    #[test]
    fn a_library_is_paired_with_ours_round_by_round() {
        let check = || ();
        let mut entry = Entry::ours("quick", "1.0", &check);
        entry.ns = vec![200.0, 900.0, 400.0];
        let told = entry.summed_up(&[100.0, 300.0, 400.0]).unwrap();
        assert_eq!((told.ns.median, told.ns.min, told.ns.max), (400.0, 200.0, 900.0));
        assert_eq!((told.times_ours.median, told.times_ours.max), (2.0, 3.0));
        assert!(Entry::ours("untimed", "1.0", &check).summed_up(&[]).is_none());
    }
}
