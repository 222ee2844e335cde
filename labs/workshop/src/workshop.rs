//! A learner's position in the course, and the actions that are possible there.

use std::path::{Path, PathBuf};

use harness::Failure;
use harness::language::Language;

use super::attack::{self, Battle};
use super::build::{self, Built, Which};
use super::card::{Round, View, shown};
use super::course::{Course, Lab, Step};
use super::judge;
use super::progress::Progress;
use super::words::{WORDS, Words};
use super::{keep, line_endings, source};

/// The course, the learner's progress in it, and how to show and build it.
pub(crate) struct Workshop {
    pub(crate) course: Course,
    pub(crate) progress: Progress,
    pub(crate) language: Language,
    pub(crate) target_dir: PathBuf,
}

impl Workshop {
    pub(crate) fn open(language: Option<Language>, target_dir: Option<PathBuf>) -> Result<Self, Failure> {
        let course = Course::find()?;
        let mut progress = Progress::read(&course)?;
        let (_, step) = progress.current(&course)?;
        if progress.of(step).is_done() {
            progress.leave();
        }
        let target_dir = target_dir.unwrap_or_else(|| build::target_dir(&course.root));
        Ok(Self { course, progress, language: Language::chosen(language), target_dir })
    }

    /// The workshop's own texts.
    pub(crate) fn words(&self) -> &'static Words {
        self.language.choose(&WORDS)
    }

    /// The lab and the step that the learner works on.
    pub(crate) fn current(&self) -> Result<(&Lab, &Step), Failure> {
        self.progress.current(&self.course)
    }

    /// The names of all steps that are done.
    pub(crate) fn done(&self) -> Vec<String> {
        let done = self.course.steps().filter(|(_, step)| self.progress.of(step).is_done());
        done.map(|(_, step)| step.id.clone()).collect()
    }

    /// The card of the step that the learner works on.
    pub(crate) fn view<'a>(
        &'a self,
        round: Option<&'a Round>,
        busy: Option<&'a str>,
        said: Option<&'a str>,
        keys: bool,
    ) -> Result<View<'a>, Failure> {
        let (lab, step) = self.current()?;
        let text = line_endings::read(&lab.exercise(&step.file)).unwrap_or_default();
        Ok(View {
            course: &self.course,
            progress: &self.progress,
            lab,
            step,
            language: self.language,
            round,
            busy,
            line: source::line_to_write(step, &text),
            said,
            keys,
            board_is_silent: false,
        })
    }

    /// Notes each step whose checks all passed in a round: the current step, and the steps before it in the lab. The
    /// current step stays current, so that the learner sees its success.
    pub(crate) fn note(&mut self, round: &Round) -> Result<(), Failure> {
        let Round::Judged(findings) = round else { return Ok(()) };
        let passed = |id: &String| findings.iter().any(|finding| finding.id == id && finding.passed());
        let (lab, step) = self.progress.current(&self.course)?;
        self.progress.stay_at(step);
        for step in lab.steps_to(step) {
            if step.checks.iter().all(passed) {
                self.progress.pass(step)?;
            }
        }
        Ok(())
    }

    /// Reveals one more hint of the current step. Returns how many are revealed now.
    pub(crate) fn hint(&mut self) -> Result<usize, Failure> {
        let (_, step) = self.progress.current(&self.course)?;
        // Another terminal may have done the step meanwhile; the learner asked for a hint of this one.
        self.progress.stay_at(step);
        self.progress.hint(step)
    }

    /// Moves forward (or backward, if negative) by this number of steps.
    pub(crate) fn move_by(&mut self, steps: isize) -> Result<(), Failure> {
        let (_, step) = self.progress.current(&self.course)?;
        let all: Vec<&Step> = self.course.steps().map(|(_, step)| step).collect();
        let at = all.iter().position(|other| other.id == step.id).unwrap_or(0);
        let to = at.saturating_add_signed(steps).min(all.len().saturating_sub(1));
        self.progress.go_to(all.get(to).copied())
    }

    /// Moves to the step of this name, or to the first step that is not done in the lab of this name.
    pub(crate) fn go_to(&mut self, name: &str) -> Result<(), Failure> {
        if let Some((_, step)) = self.course.step(name) {
            return self.progress.go_to(Some(step));
        }
        let lab = self.course.lab(name)?;
        let open = lab.steps.iter().find(|step| !self.progress.of(step).is_done());
        self.progress.go_to(open.or(lab.steps.first()))
    }

    /// Replaces the functions of the current step by the lab's own. Returns the path of the copy of the learner's code,
    /// if a copy was made.
    pub(crate) fn apply_solution(&mut self) -> Result<Option<PathBuf>, Failure> {
        let (lab, step) = self.progress.current(&self.course)?;
        let text = line_endings::read(&lab.exercise(&step.file))?;
        keep::replace(lab, &step.file, &source::solved(lab, step, &text)?)
    }

    /// Calls [`apply_solution`](Self::apply_solution), notes the step as skipped, and moves to the next step.
    pub(crate) fn skip(&mut self) -> Result<Option<PathBuf>, Failure> {
        let kept = self.apply_solution()?;
        let (_, step) = self.progress.current(&self.course)?;
        self.progress.skip(step)?;
        self.progress.go_to(None)?;
        Ok(kept)
    }

    /// Writes a lab's starters back. Returns the paths of the copies of the learner's code.
    pub(crate) fn reset(&mut self, lab: Option<&str>) -> Result<Vec<PathBuf>, Failure> {
        let lab = match lab {
            Some(name) => self.course.lab(name)?,
            None => self.progress.current(&self.course)?.0,
        };
        let replaced =
            lab.files().into_iter().map(|file| keep::replace(lab, file, &source::starter(lab, file)?));
        let kept: Vec<Option<PathBuf>> = replaced.collect::<Result<_, _>>()?;
        self.progress.reset(lab)?;
        Ok(kept.into_iter().flatten().collect())
    }

    /// A sentence for the learner that says in which files the copies of their code are kept.
    pub(crate) fn told(&self, kept: &[PathBuf]) -> String {
        if kept.is_empty() {
            return self.words().no_code_to_keep.to_owned();
        }
        let paths: Vec<String> = kept.iter().map(|path| shown(path, &self.course.root)).collect();
        format!("{} {}", self.words().code_is_kept_in, paths.join(", "))
    }

    /// A task that builds the exercise of the current step and plays its checks, and those of the lab's earlier steps.
    pub(crate) fn round(&self, colour: bool) -> Result<Task, Failure> {
        let (lab, step) = self.current()?;
        let checks = lab.steps_to(step).iter().flat_map(|step| step.checks.clone()).collect();
        Ok(self.task(lab, checks, colour))
    }

    /// A task that builds a lab's two servers and plays its attack.
    pub(crate) fn attack(&self, lab: &Lab, colour: bool) -> Task {
        self.task(lab, lab.attack.checks.clone(), colour)
    }

    fn task(&self, lab: &Lab, checks: Vec<String>, colour: bool) -> Task {
        Task {
            root: self.course.root.clone(),
            target_dir: self.target_dir.clone(),
            folder: lab.folder.clone(),
            checks,
            colour,
        }
    }

    /// Notes that the learner's build kept a lab's attack out, if it did.
    pub(crate) fn note_battle(&mut self, lab: &str, battle: &Battle) -> Result<(), Failure> {
        match battle.is_defended() {
            true => self.progress.defend(self.course.lab(lab)?),
            false => Ok(()),
        }
    }
}

/// A round to be played. It owns all the data that it needs, so that it can run while the screen is redrawn.
pub(crate) struct Task {
    root: PathBuf,
    target_dir: PathBuf,
    folder: PathBuf,
    checks: Vec<String>,
    colour: bool,
}

impl Task {
    /// Builds the exercise and judges it. `said` is called with each line about what is being built.
    pub(crate) async fn play(self, said: impl Fn(&str)) -> Round {
        let done = self.try_to(said).await;
        done.unwrap_or_else(|failure| Round::Impossible(failure.to_string()))
    }

    /// Plays the attack on the weak build, and then on the learner's.
    pub(crate) async fn attack(self, said: impl Fn(&str)) -> Result<Battle, Failure> {
        let lab = Lab::read(self.folder.clone())?;
        attack::play(&lab, &self.root, &self.target_dir, self.colour, &said).await
    }

    async fn try_to(self, said: impl Fn(&str)) -> Result<Round, Failure> {
        let lab = Lab::read(self.folder.clone())?;
        match build::build(&self.root, &self.target_dir, &lab.package, Which::Own, self.colour, &said).await?
        {
            Built::Errors(errors) => Ok(Round::Errors(errors)),
            Built::Program(program) => self.judged(&lab, &program).await,
        }
    }

    async fn judged(&self, lab: &Lab, program: &Path) -> Result<Round, Failure> {
        Ok(Round::Judged(judge::play(lab, program, &self.checks).await?))
    }
}
