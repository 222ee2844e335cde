//! Attack and defend: what is tried against a lab, first where it gets in, then against what the learner wrote.
//!
//! The attack is nothing but checks that judge the lab anyway. The weak build is the lab's own source with the bodies of a
//! few functions replaced, as a starter is, and compiled in the learner's exercise under its feature `weak`: what differs
//! between the two servers is what gets the attacker in.

pub(super) mod told;

use std::fs;
use std::path::{Path, PathBuf};

use conformance::Outcome;
use harness::Failure;
use harness::language::Text;
use serde::Deserialize;

use super::build::{self, Built, Which};
use super::course::Lab;
use super::judge::{self, Finding};
use super::source;

/// Where weak sources are written, below the project's folder; the exercises' `lib.rs` names it too.
const WEAK: &str = ".authlab/weak";

/// What is tried against a lab.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attack {
    /// The checks that try it.
    pub(crate) checks: Vec<String>,
    /// What the weak build does.
    pub(crate) story: Text,
    /// Where it does it.
    pub(crate) weak: Vec<WeakPart>,
}

/// A function of the weak build.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WeakPart {
    /// One of the files that a learner writes in, below `src`.
    pub(crate) file: PathBuf,
    /// The anchor around it in the lab's own source.
    pub(crate) anchor: String,
    pub(crate) body: String,
}

/// What came of an attack.
#[derive(Debug)]
pub(crate) struct Battle {
    /// Each attack on the weak build, in the order of `lab.toml`.
    pub(crate) weak: Vec<Finding>,
    /// The same on the learner's.
    pub(crate) own: Own,
}

/// What the learner's build answered.
#[derive(Debug)]
pub(crate) enum Own {
    Findings(Vec<Finding>),
    /// The compiler's errors.
    Errors(Vec<String>),
}

/// How an attack ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    GotIn,
    KeptOut,
    /// It gets in, and the design says so itself.
    ByDesign,
    NotWritten,
    /// The server did not say.
    Undecided,
    NotTried,
}

impl Way {
    /// How a check that tries an attack, or shows a stated weakness, ended for the attacker.
    pub(crate) fn of(outcome: &Outcome, weakness: bool) -> Self {
        match (outcome, weakness) {
            (Outcome::Passed, false) => Self::KeptOut,
            (Outcome::Passed, true) => Self::ByDesign,
            (Outcome::Failed { .. }, _) => Self::GotIn,
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

    /// Whether it says anything of the server. One that is silent would win every duel otherwise.
    pub(crate) fn is_decided(self) -> bool {
        !matches!(self, Self::Undecided | Self::NotTried)
    }

    /// Whether nothing more can be asked of a server than this.
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
    /// Whether the learner's build kept out whatever can be kept out.
    pub(crate) fn is_defended(&self) -> bool {
        match &self.own {
            Own::Findings(findings) => findings.iter().all(|finding| finding.way().is_defended()),
            Own::Errors(_) => false,
        }
    }
}

/// The weak build's sources.
pub(crate) fn weak_files(lab: &Lab, root: &Path) -> Vec<PathBuf> {
    lab.attack.weak.iter().map(|part| root.join(WEAK).join(&part.file)).fold(Vec::new(), |mut files, file| {
        if !files.contains(&file) {
            files.push(file);
        }
        files
    })
}

/// Builds both, and plays the lab's attack against one after the other. `said` hears what is going on.
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

/// Builds the weak one, and plays the lab's attack against it.
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

/// Writes the sources of the weak build, all that a learner writes in among them. What is there already is left alone: a
/// build goes by the times of files.
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
