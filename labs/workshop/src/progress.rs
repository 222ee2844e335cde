//! The learner's progress, stored by the steps' stable names in a file that git ignores.
//!
//! A step that the course no longer has stays in the file, because the next `git pull` may bring it back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use harness::Failure;
use kit::Clock;
use serde::{Deserialize, Serialize};

use super::course::{Course, Lab, Step};

/// The path of the progress file, below the project's folder.
const FILE: &str = ".authlab/progress.json";

/// The progress in all steps and labs.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    #[serde(default)]
    steps: BTreeMap<String, Record>,
    /// When the learner's own build first kept a lab's attack out, by the lab's name; milliseconds since the Unix
    /// epoch.
    #[serde(default)]
    defended_at_ms: BTreeMap<String, u64>,
    /// The name of the step to which the learner moved by hand.
    #[serde(default)]
    here: Option<String>,
    #[serde(skip)]
    file: PathBuf,
}

/// The progress in one step.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// When all checks of the step first passed; milliseconds since the Unix epoch.
    pub(crate) passed_at_ms: Option<u64>,
    /// Whether the learner took the lab's own solution.
    pub(crate) skipped: bool,
    /// How many hints the learner has revealed.
    pub(crate) hints: usize,
}

impl Record {
    pub(crate) fn is_done(self) -> bool {
        self.skipped || self.passed_at_ms.is_some()
    }
}

impl Progress {
    /// Reads the progress file of a course. A record under an earlier name of a step becomes the record of that step.
    pub(crate) fn read(course: &Course) -> Result<Self, Failure> {
        let file = course.root.join(FILE);
        let mut progress = match fs::read_to_string(&file) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                Failure::new(format!(
                    "{} cannot be read ({error}); move the file away to start again",
                    file.display()
                ))
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(Failure::new(format!("{}: {error}", file.display()))),
        };
        for (_, step) in course.steps() {
            for before in &step.was {
                if let Some(record) = progress.steps.remove(before) {
                    progress.steps.entry(step.id.clone()).or_insert(record);
                }
            }
        }
        progress.file = file;
        Ok(progress)
    }

    /// Writes the file completely or not at all: writes a temporary file, then renames it.
    fn write(&self) -> Result<(), Failure> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let unfinished = self.file.with_extension("json.new");
        fs::write(&unfinished, serde_json::to_string_pretty(self)?)?;
        fs::rename(&unfinished, &self.file)?;
        Ok(())
    }

    pub(crate) fn of(&self, step: &Step) -> Record {
        self.steps.get(&step.id).copied().unwrap_or_default()
    }

    /// How many of these steps are done.
    pub(crate) fn done(&self, steps: &[Step]) -> usize {
        steps.iter().filter(|step| self.of(step).is_done()).count()
    }

    /// The step to work on: the one to which the learner moved by hand, else the first that is not done, else the last.
    pub(crate) fn current<'a>(&self, course: &'a Course) -> Result<(&'a Lab, &'a Step), Failure> {
        let chosen = self.here.as_deref().and_then(|id| course.step(id));
        let open = || course.steps().find(|(_, step)| !self.of(step).is_done());
        chosen
            .or_else(open)
            .or_else(|| course.steps().last())
            .ok_or_else(|| Failure::new("the course has no steps"))
    }

    /// Moves to a step by hand; `None` moves to the first step that is not done.
    pub(crate) fn go_to(&mut self, step: Option<&Step>) -> Result<(), Failure> {
        self.here = step.map(|step| step.id.clone());
        self.write()
    }

    /// Keeps a step current although it is done, until the program is started again or the learner moves on.
    pub(crate) fn stay_at(&mut self, step: &Step) {
        self.here = Some(step.id.clone());
    }

    /// Makes the first step that is not done the current one.
    pub(crate) fn leave(&mut self) {
        self.here = None;
    }

    /// Notes that all checks of a step pass. Only the time of the first pass is stored.
    pub(crate) fn pass(&mut self, step: &Step) -> Result<(), Failure> {
        let record = self.steps.entry(step.id.clone()).or_default();
        if record.passed_at_ms.is_some() {
            return Ok(());
        }
        record.passed_at_ms = Some(Clock::system().now_ms());
        self.write()
    }

    /// Notes that the learner took the lab's own solution.
    pub(crate) fn skip(&mut self, step: &Step) -> Result<(), Failure> {
        self.steps.entry(step.id.clone()).or_default().skipped = true;
        self.write()
    }

    /// Reveals one more hint, up to the number of hints that the step has. Returns how many are revealed now.
    pub(crate) fn hint(&mut self, step: &Step) -> Result<usize, Failure> {
        let record = self.steps.entry(step.id.clone()).or_default();
        record.hints = (record.hints + 1).min(step.hints.len());
        let hints = record.hints;
        self.write()?;
        Ok(hints)
    }

    /// When the learner's build first kept the lab's attack out; milliseconds since the Unix epoch.
    pub(crate) fn defended_at_ms(&self, lab: &Lab) -> Option<u64> {
        self.defended_at_ms.get(&lab.id).copied()
    }

    /// Notes that the learner's build kept the lab's attack out. Only the first time is stored.
    pub(crate) fn defend(&mut self, lab: &Lab) -> Result<(), Failure> {
        self.defended_at_ms.entry(lab.id.clone()).or_insert_with(|| Clock::system().now_ms());
        self.write()
    }

    /// Resets a lab's steps to not done. The hints stay revealed.
    pub(crate) fn reset(&mut self, lab: &Lab) -> Result<(), Failure> {
        self.defended_at_ms.remove(&lab.id);
        for step in &lab.steps {
            if let Some(record) = self.steps.get_mut(&step.id) {
                *record = Record { hints: record.hints, ..Record::default() };
            }
        }
        self.here = None;
        self.write()
    }
}
