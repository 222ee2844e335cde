//! Runs the commands whose output the book shows. A block `sh,run` is executed, and the block after it is the expected
//! output. In it, `…` stands for text that differs from run to run, such as times, ports and random names; a line that
//! is only `…` stands for any number of lines.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::page::Page;

/// A command and the output that the book shows for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Where the block is: the page's name and the line.
    pub(crate) at: String,
    /// The command line.
    pub(crate) command: String,
    /// The expected output.
    pub(crate) output: String,
    /// Whether the command takes longer than a moment.
    pub(crate) slow: bool,
}

/// The commands of these pages, each listed once.
pub(crate) fn all(pages: &[Page]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for page in pages {
        let fences = page.fences();
        for (index, fence) in fences.iter().enumerate().filter(|(_, fence)| fence.is("run")) {
            let output = fences.get(index + 1).filter(|next| next.language() == "text");
            let run = Run {
                at: format!("{}:{}", page.name, fence.line),
                command: fence.body.trim().to_owned(),
                output: output.map(|next| next.body.clone()).unwrap_or_default(),
                slow: fence.is("slow"),
            };
            if !runs.iter().any(|known| known.command == run.command && known.output == run.output) {
                runs.push(run);
            }
        }
    }
    runs
}

impl Run {
    /// Runs the command in the project's root, where `cargo lab` is replaced by a program that is built already.
    /// Returns the output if it differs from the expected one, otherwise `None`.
    pub(crate) fn surprise(&self, root: &Path, lab: &Path) -> Result<Option<String>> {
        let quoted = format!("'{}'", lab.display());
        let line = self.command.replace("cargo lab", &quoted);
        let done = Command::new("sh").arg("-c").arg(line).current_dir(root).env("NO_COLOR", "1").output();
        let done = done.with_context(|| format!("`{}` cannot be run", self.command))?;
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        Ok((!fits(&self.output, &said)).then_some(said))
    }
}

/// Whether an output matches the expected one.
fn fits(expected: &str, said: &str) -> bool {
    let lines = |text: &str| text.trim().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    lines_fit(&lines(expected), &lines(said))
}

fn lines_fit(expected: &[String], said: &[String]) -> bool {
    match expected.split_first() {
        None => said.is_empty(),
        Some((line, rest)) if line.trim() == "…" => {
            (0..=said.len()).any(|skipped| lines_fit(rest, &said[skipped..]))
        }
        Some((line, rest)) => {
            said.split_first().is_some_and(|(first, after)| line_fits(line, first) && lines_fit(rest, after))
        }
    }
}

fn line_fits(expected: &str, said: &str) -> bool {
    let Some((start, rest)) = expected.split_once('…') else { return expected == said };
    let Some(after) = said.strip_prefix(start) else { return false };
    after.char_indices().map(|(at, _)| at).chain([after.len()]).any(|at| line_fits(rest, &after[at..]))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::lang::Lang;

    #[test]
    fn an_output_fits_but_for_what_is_left_open() {
        for (expected, said) in [
            ("one\ntwo\n", "one\ntwo\n"),
            ("took … s\n", "took 1.3 s\n"),
            ("a\n…\nd\n", "a\nb\nc\nd\n"),
            ("a\n…\nd\n", "a\nd\n"),
            ("…\n", ""),
            ("at …:… now\n", "at 127.0.0.1:80 now   \n\n"),
        ] {
            assert!(fits(expected, said), "{expected} / {said}");
        }
        for (expected, said) in
            [("one\n", "one\ntwo\n"), ("one\n", ""), ("took … s\n", "took 1.3 ms\n"), ("a\n…\nd\n", "a\nb\n")]
        {
            assert!(!fits(expected, said), "{expected} / {said}");
        }
    }

    #[test]
    fn a_command_is_found_with_its_output_and_once() {
        let text = "```sh,run\ncargo lab doctor\n```\n\n```text\n…\n```\n\n```sh\ncargo lab\n```\n";
        let page = || Page { file: "a.md".into(), name: "a.md".into(), text: text.into() };
        let run = Run {
            at: "a.md:1".into(),
            command: "cargo lab doctor".into(),
            output: "…\n".into(),
            slow: false,
        };
        assert_eq!(all(&[page(), page()]), [run]);
    }

    #[test]
    fn a_surprise_is_told() {
        let run = |output: &str| Run {
            at: "a.md:1".into(),
            command: "cargo lab two".into(),
            output: output.into(),
            slow: false,
        };
        let surprise = |output: &str| run(output).surprise(Path::new("."), Path::new("echo")).unwrap();
        assert_eq!(surprise("two\n"), None);
        assert_eq!(surprise("three\n"), Some("two\n".into()));
    }

    /// The program as built from the current sources. Cargo has no way to ask for another package's program in a test,
    /// so this builds it.
    fn lab() -> PathBuf {
        let mut built = Command::new(env!("CARGO"));
        built.args(["build", "--quiet", "--package", "authlab"]);
        assert!(built.status().unwrap().success(), "the program of the labs cannot be built");
        let test = std::env::current_exe().unwrap();
        test.parent()
            .unwrap()
            .parent()
            .unwrap()
            .join("authlab")
            .with_extension(std::env::consts::EXE_EXTENSION)
    }

    #[test]
    fn the_commands_of_the_book_say_what_the_book_says() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let lab = lab();
        for language in Lang::ALL {
            for run in all(&Page::all(&language.folder()).unwrap()).iter().filter(|run| !run.slow) {
                let surprise = run.surprise(&root, &lab).unwrap();
                assert_eq!(surprise, None, "{}: {}\nexpected:\n{}", run.at, run.command, run.output);
            }
        }
    }
}
