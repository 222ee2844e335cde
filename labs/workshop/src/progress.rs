//! The learner's progress, stored by the steps' stable names in a file that git ignores.
//!
//! A step that the course no longer has stays in the file, because the next `git pull` may bring it back. Several
//! terminals may write the file: each change is made, under a lock, to what the file contains at that moment.

mod file;

use std::collections::BTreeMap;

use harness::Failure;
use kit::Clock;
use serde::{Deserialize, Serialize};

use self::file::File;
use super::course::{Course, Lab, Step};

/// The progress in all steps and labs, as this process last read or wrote it.
#[derive(Debug)]
pub(crate) struct Progress {
    stored: Stored,
    /// The name of the step that this process shows, if the learner moved to it by hand.
    here: Option<String>,
    file: File,
}

/// The contents of the progress file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    #[serde(default)]
    steps: BTreeMap<String, Record>,
    /// When the learner's own build first kept a lab's attack out, by the lab's name; milliseconds since the Unix
    /// epoch.
    #[serde(default)]
    defended_at_ms: BTreeMap<String, u64>,
    /// The name of the step to which the learner last moved by hand, in any terminal.
    #[serde(default)]
    here: Option<String>,
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
        let file = File::of(course);
        let stored = file.read()?;
        Ok(Self { here: stored.here.clone(), stored, file })
    }

    /// Applies a change to what the file contains now, and writes it back, while no other process can.
    fn change<T>(&mut self, change: impl FnOnce(&mut Stored) -> T) -> Result<T, Failure> {
        let locked = self.file.lock()?;
        let mut stored = self.file.read_locked(&locked)?;
        let changed = change(&mut stored);
        self.file.write(&stored)?;
        drop(locked);
        self.stored = stored;
        Ok(changed)
    }

    pub(crate) fn of(&self, step: &Step) -> Record {
        self.stored.steps.get(&step.id).copied().unwrap_or_default()
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
        let here = self.here.clone();
        self.change(|stored| stored.here = here)
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
        if self.of(step).passed_at_ms.is_some() {
            return Ok(());
        }
        self.change(|stored| {
            stored.of_mut(step).passed_at_ms.get_or_insert_with(|| Clock::system().now_ms());
        })
    }

    /// Notes that the learner took the lab's own solution.
    pub(crate) fn skip(&mut self, step: &Step) -> Result<(), Failure> {
        self.change(|stored| stored.of_mut(step).skipped = true)
    }

    /// Reveals one more hint, up to the number of hints that the step has. Returns how many are revealed now.
    pub(crate) fn hint(&mut self, step: &Step) -> Result<usize, Failure> {
        self.change(|stored| {
            let record = stored.of_mut(step);
            record.hints = (record.hints + 1).min(step.hints.len());
            record.hints
        })
    }

    /// When the learner's build first kept the lab's attack out; milliseconds since the Unix epoch.
    pub(crate) fn defended_at_ms(&self, lab: &Lab) -> Option<u64> {
        self.stored.defended_at_ms.get(&lab.id).copied()
    }

    /// Notes that the learner's build kept the lab's attack out. Only the first time is stored.
    pub(crate) fn defend(&mut self, lab: &Lab) -> Result<(), Failure> {
        self.change(|stored| {
            stored.defended_at_ms.entry(lab.id.clone()).or_insert_with(|| Clock::system().now_ms());
        })
    }

    /// Resets a lab's steps to not done. The hints stay revealed.
    pub(crate) fn reset(&mut self, lab: &Lab) -> Result<(), Failure> {
        self.here = None;
        self.change(|stored| {
            stored.defended_at_ms.remove(&lab.id);
            for step in &lab.steps {
                if let Some(record) = stored.steps.get_mut(&step.id) {
                    *record = Record { hints: record.hints, ..Record::default() };
                }
            }
            stored.here = None;
        })
    }
}

impl Stored {
    fn of_mut(&mut self, step: &Step) -> &mut Record {
        self.steps.entry(step.id.clone()).or_default()
    }
}

#[cfg(test)]
mod tests;
