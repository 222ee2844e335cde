//! Compares two verifiers on one token: the second must refuse every token that the first refuses.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use kit::keyring::{Keyring, KeyringError};
use kit::{Clock, Error, Principal};
use lab3_access::access_token::{AccessTokens, Checked};
use lab4_hybrid::strict::StrictVerifier;

use crate::claims::NAMES;
use crate::token::{KEYS, Stage, token};

/// The verifier under test: the user that it accepts, if it accepts the token.
pub(crate) type Verifier<'a> = dyn Fn(&str) -> Option<Principal> + 'a;

/// The reference, the strict verifier, and the clock of both.
pub(crate) struct Pair {
    pub(crate) reference: AccessTokens,
    strict: StrictVerifier,
    clock: Clock,
}

/// For each stage, how many tokens were refused by both verifiers, by the strict verifier alone, and by neither.
#[derive(Default)]
pub(crate) struct Tally {
    counts: [[u64; 3]; Stage::ALL.len()],
}

/// A token that the verifier under test accepted and should not have, or a good one that it refused.
#[derive(Debug)]
pub(crate) struct Disagreement {
    seed: u64,
    stage: Stage,
    token: String,
    now_s: u64,
    reference: Option<Principal>,
    verifier: Option<Principal>,
}

impl Pair {
    pub(crate) fn new() -> Result<Self, Error> {
        let keys = KEYS.map(|(kid, secret)| format!("{kid}={secret}")).join(",");
        let keys: Keyring = keys.parse().map_err(|error: KeyringError| Error::Internal(error.into()))?;
        let (clock, ttl, leeway) = (Clock::system(), Duration::from_secs(900), Duration::from_secs(5));
        // A day ahead of the system's time, so that a verifier that uses the wrong clock is detected.
        clock.advance(Duration::from_secs(86_400));
        let (issuer, audience) = NAMES;
        Ok(Self {
            reference: AccessTokens::new(&keys, issuer, audience, ttl, leeway, clock.clone()),
            strict: StrictVerifier::new(&keys, issuer, audience, leeway, clock.clone())?,
            clock,
        })
    }

    /// The strict verifier, as a function.
    pub(crate) fn strict(&self) -> impl Fn(&str) -> Option<Principal> {
        |token| self.strict.check(token).ok()
    }

    /// Compares a verifier with the reference, on the tokens of these seeds.
    pub(crate) fn run(
        &self,
        verifier: &Verifier<'_>,
        seeds: impl Iterator<Item = u64>,
    ) -> Result<Tally, Box<Disagreement>> {
        let mut tally = Tally::default();
        for seed in seeds {
            let _blamed = Blamed(seed);
            self.judge(verifier, seed, &mut tally)?;
        }
        Ok(tally)
    }

    /// Compares the strict verifier with the reference; the seeds are divided among all cores.
    pub(crate) fn run_on_every_core(&self, seeds: Range<u64>) -> Result<Tally, Box<Disagreement>> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let share = |core: usize| seeds.clone().skip(core).step_by(cores);
            let running: Vec<_> =
                (0..cores).map(|core| scope.spawn(move || self.run(&self.strict(), share(core)))).collect();
            let mut tally = Tally::default();
            for one in running {
                // A panic in a thread is passed on.
                tally.add(&one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(tally)
        })
    }

    fn judge(&self, verifier: &Verifier<'_>, seed: u64, tally: &mut Tally) -> Result<(), Box<Disagreement>> {
        loop {
            let now_s = self.clock.now_s();
            let (stage, token) = token(seed, now_s);
            let verified = verifier(&token);
            let reference = self.reference.check(&token).ok().map(principal);
            let counted = match (&reference, &verified) {
                (None, None) if stage != Stage::Plain => 0,
                (Some(_), None) if stage != Stage::Plain => 1,
                (Some(theirs), Some(ours)) if theirs == ours => 2,
                // The two verifiers ran at different moments: only within the same second is a difference a
                // disagreement.
                _ if self.clock.now_s() != now_s => continue,
                _ => {
                    let found = Disagreement { seed, stage, token, now_s, reference, verifier: verified };
                    return Err(Box::new(found));
                }
            };
            tally.counts[stage as usize][counted] += 1;
            return Ok(());
        }
    }
}

/// The result of both verifiers in one form.
pub(crate) fn principal(checked: Checked) -> Principal {
    let session_id = checked.session.map(|session| session.id);
    Principal { user_id: checked.user_id, email: checked.email, session_id, epoch: None }
}

impl Tally {
    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().flatten().zip(other.counts.iter().flatten()) {
            *mine += theirs;
        }
    }

    /// How many tokens of a stage were refused by both verifiers, by the strict verifier alone, and by neither.
    pub(crate) fn of(&self, stage: Stage) -> [u64; 3] {
        self.counts[stage as usize]
    }

    fn total(&self) -> [u64; 3] {
        [0, 1, 2].map(|index| self.counts.iter().map(|counts| counts[index]).sum())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10}{:>14}{:>20}{:>14}", "changed", "both refuse", "only strict does", "both accept")?;
        for stage in Stage::ALL {
            let [both, strict, neither] = self.of(stage);
            writeln!(f, "{:<10}{both:>14}{strict:>20}{neither:>14}", format!("{stage:?}"))?;
        }
        let [both, strict, neither] = self.total();
        writeln!(f, "{:<10}{both:>14}{strict:>20}{neither:>14}", "all")
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, stage, token, now_s, reference, verifier } = self;
        writeln!(f, "seed {seed}, changed {stage:?}, at {now_s}: {token}")?;
        writeln!(f, "  the reference says {reference:?}, the verifier {verifier:?}")?;
        write!(f, "  again: cargo run --release -p lab4-hybrid --example differential -- 1 {seed}")
    }
}

/// Prints the seed of a token if a verifier panics on it.
struct Blamed(u64);

impl Drop for Blamed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the token of seed {} made a verifier panic", self.0);
        }
    }
}
