//! Attack and defend: plays a lab's attack, first on a build where it succeeds, then on the learner's code.
//!
//! The attack consists of checks that judge the lab anyway. The weak build is the lab's own source in which the bodies
//! of a few functions are replaced, as in a starter; it is compiled in the learner's exercise under its feature `weak`.
//! So the difference between the two servers is exactly what lets the attacker in.

pub(super) mod told;

use std::fs;
use std::path::{Path, PathBuf};

use conformance::Outcome;
use harness::Failure;
use kit::design::Text;
use serde::Deserialize;

use super::build::{self, Built, Which};
use super::course::Lab;
use super::judge::{self, Finding};
use super::source;

/// The folder of the weak sources, below the project's folder; the exercises' `lib.rs` names it too.
const WEAK: &str = ".authlab/weak";

/// The attack on a lab, as its `lab.toml` describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attack {
    /// The names of the checks that try the attack.
    pub(crate) checks: Vec<String>,
    /// A text that says what the weak build does wrong.
    pub(crate) story: Text<String>,
    /// The functions that the weak build replaces.
    pub(crate) weak: Vec<WeakPart>,
}

/// One function of the weak build.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WeakPart {
    /// The file of the function: one of the files that a learner writes in, below `src`.
    pub(crate) file: PathBuf,
    /// The name of the anchor around the function in the lab's own source.
    pub(crate) anchor: String,
    pub(crate) body: String,
}

/// The result of an attack on both builds.
#[derive(Debug)]
pub(crate) struct Battle {
    /// The result of each check on the weak build, in the order of `lab.toml`.
    pub(crate) weak: Vec<Finding>,
    /// The results of the same checks on the learner's build.
    pub(crate) own: Own,
}

/// The result of the attack on the learner's build.
#[derive(Debug)]
pub(crate) enum Own {
    Findings(Vec<Finding>),
    /// The build failed: the compiler's errors.
    Errors(Vec<String>),
}

/// How an attack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    GotIn,
    KeptOut,
    /// The attacker gets in, and the design's own description says so.
    ByDesign,
    NotWritten,
    /// The server's answer did not decide it.
    Undecided,
    NotTried,
}

impl Way {
    /// The end of an attack, from the outcome of its check. `weakness`: the check shows a weakness that the design
    /// states.
    pub(crate) fn of(outcome: &Outcome, weakness: bool) -> Self {
        match (outcome, weakness) {
            (Outcome::Passed, false) => Self::KeptOut,
            (Outcome::Passed, true) => Self::ByDesign,
            (Outcome::Failed { .. }, _) if outcome.got_in() => Self::GotIn,
            // The server refused the attack, although not as the contract says.
            (Outcome::Failed { .. }, _) => Self::Undecided,
            (Outcome::NotWritten { .. }, _) => Self::NotWritten,
            (Outcome::Undecided { .. }, _) => Self::Undecided,
            (Outcome::Skipped { .. }, _) => Self::NotTried,
        }
    }

    /// The name in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GotIn => "got_in",
            Self::KeptOut => "kept_out",
            Self::ByDesign => "gets_in_by_design",
            Self::NotWritten => "not_written",
            Self::Undecided => "undecided",
            Self::NotTried => "not_tried",
        }
    }

    /// Whether the outcome says anything about the server. Without this test, a server that never answers would win
    /// every duel.
    pub(crate) fn is_decided(self) -> bool {
        !matches!(self, Self::Undecided | Self::NotTried)
    }

    /// Whether the server did all that can be asked of it: it kept the attack out, or the design states the weakness.
    pub(crate) fn is_defended(self) -> bool {
        matches!(self, Self::KeptOut | Self::ByDesign)
    }
}

impl Finding {
    pub(crate) fn way(&self) -> Way {
        Way::of(&self.outcome, self.weakness)
    }
}

impl Battle {
    /// Whether the learner's build kept out every attack that can be kept out.
    pub(crate) fn is_defended(&self) -> bool {
        match &self.own {
            Own::Findings(findings) => findings.iter().all(|finding| finding.way().is_defended()),
            Own::Errors(_) => false,
        }
    }
}

/// The paths of the replaced sources of the weak build, each once.
pub(crate) fn weak_files(lab: &Lab, root: &Path) -> Vec<PathBuf> {
    lab.attack.weak.iter().map(|part| root.join(WEAK).join(&part.file)).fold(Vec::new(), |mut files, file| {
        if !files.contains(&file) {
            files.push(file);
        }
        files
    })
}

/// Builds both servers, and plays the lab's attack on one after the other. `said` is called with each line about what
/// is being built.
pub(crate) async fn play(
    lab: &Lab,
    root: &Path,
    target_dir: &Path,
    colour: bool,
    said: &impl Fn(&str),
) -> Result<Battle, Failure> {
    let weak = on_weak_build(lab, root, target_dir, said).await?;
    let own = match build::build(root, target_dir, &lab.package, Which::Own, colour, said).await? {
        Built::Errors(errors) => Own::Errors(errors),
        Built::Program(program) => Own::Findings(judge::play(lab, &program, &lab.attack.checks).await?),
    };
    Ok(Battle { weak, own })
}

/// Builds the weak server, and plays the lab's attack on it.
pub(crate) async fn on_weak_build(
    lab: &Lab,
    root: &Path,
    target_dir: &Path,
    said: &impl Fn(&str),
) -> Result<Vec<Finding>, Failure> {
    write_weak_build(lab, root)?;
    match build::build(root, target_dir, &lab.package, Which::Weak, false, said).await? {
        Built::Program(program) => judge::play(lab, &program, &lab.attack.checks).await,
        Built::Errors(errors) => {
            let first = errors.into_iter().next().unwrap_or_default();
            Err(Failure::new(format!("the weak build of {} does not compile:\n{first}", lab.package)))
        }
    }
}

/// Writes the sources of the weak build: all files that a learner writes in. A file that already has the right contents
/// is not written again, because cargo rebuilds by the files' times.
pub(crate) fn write_weak_build(lab: &Lab, root: &Path) -> Result<(), Failure> {
    let folder = root.join(WEAK);
    fs::create_dir_all(&folder)?;
    for file in lab.files() {
        let (path, text) = (folder.join(file), source::weakened(lab, file)?);
        if !fs::read_to_string(&path).is_ok_and(|there| there == text) {
            fs::write(&path, text)?;
        }
    }
    Ok(())
}
