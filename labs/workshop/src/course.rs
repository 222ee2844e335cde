//! The contents of `lab.toml`, of which each lab has one: the steps, the checks that each step turns green, and the
//! hints.

use std::fs;
use std::path::{Path, PathBuf};

use harness::Failure;
use kit::design::Text;
use serde::Deserialize;

use super::attack::Attack;
use super::line_endings;

/// All labs, in the order of their folders' names.
#[derive(Debug)]
pub(crate) struct Course {
    /// The folder of the project.
    pub(crate) root: PathBuf,
    pub(crate) labs: Vec<Lab>,
}

/// One lab, as its `lab.toml` describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lab {
    /// The lab's name on the command line, and the part of its steps' names before the dot.
    pub(crate) id: String,
    /// The package that a learner completes.
    pub(crate) package: String,
    pub(crate) judge: Judge,
    pub(crate) minutes: u32,
    /// The lab's page in the book, as a path below `src` without `.md`.
    pub(crate) page: String,
    pub(crate) title: Text<String>,
    /// What the learner is able to do after the lab.
    pub(crate) goal: Text<String>,
    pub(crate) steps: Vec<Step>,
    /// The attack on the lab, played once its steps are done.
    pub(crate) attack: Attack,
    /// The lab's folder, which contains `lab.toml`.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
}

/// How a learner's program is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Judge {
    /// The program is a command that answers questions on stdin.
    Pipe,
    /// The program is an HTTP server.
    Http,
}

/// One step of a lab.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// The stable name under which progress is stored, as `session.issue`.
    pub(crate) id: String,
    /// Names that the step had earlier.
    #[serde(default)]
    pub(crate) was: Vec<String>,
    /// The file to write in, below `src`.
    pub(crate) file: PathBuf,
    pub(crate) title: Text<String>,
    /// What the learner is to write.
    pub(crate) task: Text<String>,
    /// What the learner can observe once the step is written.
    pub(crate) surprise: Text<String>,
    /// The names of the checks that pass once the step is written.
    pub(crate) checks: Vec<String>,
    pub(crate) parts: Vec<Part>,
    /// Three hints: a nudge, a pointer, and nearly the answer.
    pub(crate) hints: Vec<Text<String>>,
}

/// One function that the learner writes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// The name of the anchor around the function in the lab's own source.
    pub(crate) anchor: String,
    /// The body of the function in the starter.
    pub(crate) starter: String,
}

impl Course {
    /// Reads the course of the project that contains the current folder; outside a project, of the source tree from
    /// which this program was built.
    pub(crate) fn find() -> Result<Self, Failure> {
        let here = std::env::current_dir()?;
        let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut places = here.ancestors().chain([built_from.as_path()]);
        let root = places.find(|place| place.join("labs/lab1-token/lab.toml").is_file());
        let root = root.ok_or_else(|| {
            Failure::new("the current folder is not part of the project; `cd` into your clone")
        })?;
        Self::read(&root.canonicalize()?)
    }

    pub(crate) fn read(root: &Path) -> Result<Self, Failure> {
        let mut folders: Vec<PathBuf> = fs::read_dir(root.join("labs"))?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()?;
        folders.sort();
        let described = folders.into_iter().filter(|folder| folder.join("lab.toml").is_file());
        let labs = described.map(Lab::read).collect::<Result<_, _>>()?;
        Ok(Self { root: root.to_owned(), labs })
    }

    /// Every step with its lab, in order.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (&Lab, &Step)> {
        self.labs.iter().flat_map(|lab| lab.steps.iter().map(move |step| (lab, step)))
    }

    /// The step of this name, with its lab.
    pub(crate) fn step(&self, id: &str) -> Option<(&Lab, &Step)> {
        self.steps().find(|(_, step)| step.id == id)
    }

    /// The lab of this name.
    pub(crate) fn lab(&self, id: &str) -> Result<&Lab, Failure> {
        self.labs.iter().find(|lab| lab.id == id).ok_or_else(|| {
            let names: Vec<&str> = self.labs.iter().map(|lab| lab.id.as_str()).collect();
            Failure::new(format!("there is no lab `{id}`; choose from {}", names.join(", ")))
        })
    }
}

impl Lab {
    pub(crate) fn read(folder: PathBuf) -> Result<Self, Failure> {
        let path = folder.join("lab.toml");
        let lab: Self = toml::from_str(&line_endings::read(&path)?)
            .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        Ok(Self { folder, ..lab })
    }

    /// The lab's steps from the first up to and including `step`.
    pub(crate) fn steps_to(&self, step: &Step) -> &[Step] {
        let at = self.steps.iter().position(|other| other.id == step.id).unwrap_or(0);
        &self.steps[..=at]
    }

    /// The path of the learner's copy of a step's file.
    pub(crate) fn exercise(&self, file: &Path) -> PathBuf {
        self.folder.join("exercise/src").join(file)
    }

    /// The path of the lab's own version of a step's file.
    pub(crate) fn reference(&self, file: &Path) -> PathBuf {
        self.folder.join("src").join(file)
    }

    /// The files that the learner writes in, each listed once.
    pub(crate) fn files(&self) -> Vec<&Path> {
        let mut files: Vec<&Path> = Vec::new();
        for step in &self.steps {
            if !files.contains(&step.file.as_path()) {
                files.push(&step.file);
            }
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::{judge, source};
    use super::*;

    fn course() -> Course {
        Course::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
    }

    #[test]
    fn each_step_has_a_name_of_its_own_and_checks_that_exist_and_that_no_other_step_has() {
        let course = course();
        let (mut steps, mut checks) = (HashSet::new(), HashSet::new());
        for (lab, step) in course.steps() {
            assert!(step.id.starts_with(&format!("{}.", lab.id)), "{}", step.id);
            assert!(steps.insert(&step.id), "{} is there twice", step.id);
            assert!(!step.checks.is_empty() && !step.parts.is_empty(), "{}", step.id);
            for check in &step.checks {
                assert!(judge::knows(lab.judge, check), "{check} of {}", step.id);
                assert!(
                    checks.insert((&lab.id, check)),
                    "{check} of {} belongs to another step too",
                    step.id
                );
            }
        }
        assert!(steps.len() >= 3, "the steps are not seen at all");
    }

    #[test]
    fn each_step_has_three_hints_and_everything_is_said_in_both_languages() {
        for (lab, step) in course().steps() {
            assert_eq!(step.hints.len(), 3, "{}", step.id);
            let texts = [&lab.title, &lab.goal, &step.title, &step.task, &step.surprise];
            for text in texts.into_iter().chain(&step.hints) {
                let Text { en, ja } = text;
                assert!(!en.is_empty() && en.is_ascii_or_typographic(), "{}: {en}", step.id);
                // The last hint may consist of code only, which is the same in both languages.
                assert!(!ja.is_empty() && (ja == en || !ja.is_ascii()), "{}: {ja}", step.id);
            }
        }
    }

    trait Typographic {
        fn is_ascii_or_typographic(&self) -> bool;
    }

    impl Typographic for str {
        fn is_ascii_or_typographic(&self) -> bool {
            self.chars().all(|character| character.is_ascii() || "§⊕‖→…×".contains(character))
        }
    }

    #[test]
    fn each_lab_has_an_attack_that_is_one_and_a_weak_build_that_is_another_than_its_own() {
        for lab in &course().labs {
            assert!(!lab.attack.checks.is_empty(), "{}", lab.id);
            for check in &lab.attack.checks {
                assert!(judge::tries(lab.judge, check), "{check} of {} tries nothing", lab.id);
            }
            let Text { en, ja } = &lab.attack.story;
            assert!(en.is_ascii() && !ja.is_ascii(), "{}", lab.id);
            for part in &lab.attack.weak {
                assert!(lab.files().contains(&part.file.as_path()), "{}", part.file.display());
                let weak = source::weakened(lab, &part.file).unwrap();
                let own = line_endings::read(&lab.reference(&part.file)).unwrap();
                assert_ne!(weak, source::without_tests(&own));
                assert!(!weak.contains("todo!("));
            }
        }
    }

    #[test]
    fn each_lab_has_its_page_in_both_books() {
        let course = course();
        for lab in &course.labs {
            for language in ["en", "ja"] {
                let page = course.root.join(format!("book/{language}/src/{}.md", lab.page));
                assert!(page.is_file(), "{}", page.display());
            }
        }
    }

    /// Skipped in a learner's clone (it has `.authlab`), because there the exercises contain the learner's own code.
    #[test]
    fn each_exercise_in_the_tree_is_the_starter_that_its_lab_gives() {
        let course = course();
        if course.root.join(".authlab").exists() {
            return;
        }
        for lab in &course.labs {
            for file in lab.files() {
                let (found, starter) =
                    (line_endings::read(&lab.exercise(file)), source::starter(lab, file).unwrap());
                let found = found.unwrap_or_default();
                assert!(
                    found == starter,
                    "{}: run `cargo lab reset {}`",
                    lab.exercise(file).display(),
                    lab.id
                );
            }
        }
    }

    #[test]
    fn a_starter_with_all_its_solutions_is_the_labs_own_source() {
        for lab in &course().labs {
            for file in lab.files() {
                let mut text = source::starter(lab, file).unwrap();
                assert!(text.contains("todo!("), "{}", lab.exercise(file).display());
                for step in lab.steps.iter().filter(|step| step.file == file) {
                    text = source::solved(lab, step, &text).unwrap();
                }
                let reference = line_endings::read(&lab.reference(file)).unwrap();
                assert!(!text.contains("todo!("), "{}", lab.exercise(file).display());
                assert_eq!(text, source::without_tests(&reference));
            }
        }
    }
}
