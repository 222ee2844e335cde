//! Checks that the things that a page names exist: files of the project in `code`, commands, checks and faults after
//! `--only`, tests and examples.

use std::fs;
use std::path::{Path, PathBuf};

use super::Fault;
use crate::page::Page;
use crate::registry::Registry;

/// The folders with which a path in `code` may start.
const FOLDERS: &[&str] = &["labs/", "tests/", "benches/", "book/", ".ci/"];

pub(super) fn faults(page: &Page, registry: &Registry) -> Vec<Fault> {
    let root = project();
    let mut faults = Vec::new();
    for (line, text) in page.prose() {
        for path in text.split('`').skip(1).step_by(2).filter(|code| is_path(code)) {
            if !root.join(path).exists() {
                faults.push(page.fault(line, format!("there is no {path}")));
            }
        }
    }
    for (index, line) in page.text.lines().enumerate() {
        let mut say = |what: String| faults.push(page.fault(index + 1, what));
        for asked in asked(line, &["check", "attack"]) {
            if !registry.checks.iter().any(|id| id == asked || id.starts_with(&format!("{asked}."))) {
                say(format!("no check is called {asked}"));
            }
        }
        for asked in asked(line, &["faults"]) {
            if !registry.faults.iter().any(|row| row == asked) {
                say(format!("`cargo lab faults` has no row {asked}"));
            }
        }
        for command in commands(line) {
            if !registry.commands.iter().any(|offered| offered == command) {
                say(format!("there is no `cargo lab {command}`"));
            }
        }
        for (package, name) in tests(line).chain(examples(line)) {
            if !holds(&root, package, name) {
                say(format!("{package} has no test or example {name}"));
            }
        }
    }
    faults
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn is_path(code: &str) -> bool {
    FOLDERS.iter().any(|folder| code.starts_with(folder)) && !code.contains([' ', '*', '{'])
}

fn text_of(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

/// The subcommands of `cargo lab` that a line names.
fn commands(line: &str) -> impl Iterator<Item = &str> {
    let after = line.split("cargo lab ").skip(1);
    let word = after
        .map(|rest| rest.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next().unwrap_or_default());
    word.filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// The packages and filters of `cargo test -p PACKAGE … FILTER`.
fn tests(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let commands = line
        .split("cargo test -p ")
        .skip(1)
        .map(|command| command.split(['`', '|']).next().unwrap_or(command));
    commands.filter_map(|command| {
        let mut words = command.split(' ').take_while(|word| *word != "--");
        Some((words.next()?, words.last()?)).filter(|(_, name)| !name.is_empty())
    })
}

/// The packages and names of `cargo run -p PACKAGE --example NAME`.
fn examples(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let commands = line
        .split("cargo run -p ")
        .skip(1)
        .map(|command| command.split(['`', '|']).next().unwrap_or(command));
    commands.filter_map(|command| command.split_once(" --example "))
}

/// Whether a package has a test, a module of tests or an example of this name.
fn holds(root: &Path, package: &str, name: &str) -> bool {
    let mut folders = vec![root.join("labs").join(package)];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.file_stem().is_some_and(|stem| stem == name) || has_function(&text_of(&path), name)
            {
                return true;
            }
        }
    }
    false
}

/// Whether the name of a function contains the filter, which is how `cargo test` applies it.
fn has_function(text: &str, filter: &str) -> bool {
    let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
    names.into_iter().any(|name| name.contains(filter))
}

/// The checks, topics or rows that a command names after `--only`.
fn asked<'a>(line: &'a str, of: &[&str]) -> Vec<&'a str> {
    let commands = line.split("cargo lab ").skip(1);
    let lists = commands.filter(|command| of.iter().any(|name| command.starts_with(name)));
    let lists = lists.filter_map(|command| command.split_once("--only ")).map(|(_, rest)| rest);
    lists
        .filter_map(|rest| rest.split([' ', '`', '<', '|']).next())
        .flat_map(|list| list.split(','))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said_of(text: &str) -> Vec<String> {
        let page = Page { file: "a.md".into(), name: "a.md".into(), text: text.into() };
        faults(&page, &Registry::committed().unwrap()).into_iter().map(|fault| fault.what).collect()
    }

    #[test]
    fn files_and_checks_that_exist_can_be_named() {
        let text = "See `labs/kit/src/scheme.rs` and `labs/*.rs`.\n\
                    ```sh\ncargo lab check session --only logout.credential-dead,csrf --json\n```\n";
        assert_eq!(said_of(text), Vec::<String>::new());
    }

    #[test]
    fn tests_examples_and_faults_that_exist_can_be_named_and_others_not() {
        let good = "| `cargo test -p lab4-hybrid --test model exhaustive -- --nocapture` |\n\
                    `cargo test -p lab3-access one_flipped_bit_anywhere_is_refused`\n\
                    `cargo run -p lab1-token --example guess`, `cargo lab faults --only clock,redis-killed`\n\
                    `cargo lab --json`, `cargo lab verify-course`, and `cargo lab`";
        assert_eq!(said_of(good), Vec::<String>::new());
        for (text, expected) in [
            (
                "`cargo test -p lab4-hybrid --test model exhausted -- --nocapture`",
                "lab4-hybrid has no test or example exhausted",
            ),
            (
                "`cargo test -p lab3-access two_flipped_bits`",
                "lab3-access has no test or example two_flipped_bits",
            ),
            ("`cargo run -p lab1-token --example guessed`", "lab1-token has no test or example guessed"),
            ("`cargo lab lern`", "there is no `cargo lab lern`"),
            ("`cargo lab faults --only clocks`", "`cargo lab faults` has no row clocks"),
        ] {
            assert_eq!(said_of(text), [expected]);
        }
    }

    #[test]
    fn a_file_and_a_check_that_are_not_there_are_faults() {
        assert_eq!(said_of("See `labs/kit/src/gone.rs`."), ["there is no labs/kit/src/gone.rs"]);
        let said = said_of("`cargo lab attack access --only logout.gone`");
        assert_eq!(said, ["no check is called logout.gone"]);
    }
}
