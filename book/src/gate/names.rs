//! What a page names exists: files of the project in `code`, and checks behind `--only`.

use std::fs;
use std::path::{Path, PathBuf};

use super::Fault;
use crate::page::Page;

/// Folders that a path in `code` may start with.
const FOLDERS: &[&str] = &["labs/", "tests/", "benches/", "book/", ".ci/"];

pub(super) fn faults(page: &Page) -> Vec<Fault> {
    let root = project();
    let mut faults = Vec::new();
    for (line, text) in page.prose() {
        for path in text.split('`').skip(1).step_by(2).filter(|code| is_path(code)) {
            if !root.join(path).exists() {
                faults.push(page.fault(line, format!("there is no {path}")));
            }
        }
    }
    let known = checks(&root);
    let lines = page.text.lines().enumerate();
    for (index, asked) in lines.flat_map(|(index, line)| asked(line).into_iter().map(move |id| (index, id))) {
        if !known.iter().any(|id| id == asked || id.starts_with(&format!("{asked}."))) {
            faults.push(page.fault(index + 1, format!("no check is called {asked}")));
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

/// The checks and topics that a command asks for.
fn asked(line: &str) -> Vec<&str> {
    let commands = line.split("cargo lab ").skip(1);
    let lists = commands.filter(|command| command.starts_with("check") || command.starts_with("attack"));
    let lists = lists.filter_map(|command| command.split_once("--only ")).map(|(_, rest)| rest);
    lists
        .filter_map(|rest| rest.split([' ', '`', '<', '|']).next())
        .flat_map(|list| list.split(','))
        .collect()
}

/// Every id among the checker's sources: two words with a dot between them, in quotes.
fn checks(root: &Path) -> Vec<String> {
    let folder = fs::read_dir(root.join("tests/src/checks")).into_iter().flatten().flatten();
    let texts = folder.filter_map(|entry| fs::read_to_string(entry.path()).ok());
    let ids = |text: String| {
        let quoted = text.split('"').skip(1).filter(|quoted| {
            let is_word =
                |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            quoted.split_once('.').is_some_and(|(topic, name)| is_word(topic) && is_word(name))
        });
        quoted.map(str::to_owned).collect::<Vec<_>>()
    };
    texts.flat_map(ids).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said_of(text: &str) -> Vec<String> {
        let page = Page { file: "a.md".into(), name: "a.md".into(), text: text.into() };
        faults(&page).into_iter().map(|fault| fault.what).collect()
    }

    #[test]
    fn files_and_checks_that_exist_can_be_named() {
        let text = "See `labs/kit/src/scheme.rs` and `labs/*.rs`.\n\
                    ```sh\ncargo lab check session --only logout.credential-dead,csrf --json\n```\n";
        assert_eq!(said_of(text), Vec::<String>::new());
    }

    #[test]
    fn a_file_and_a_check_that_are_not_there_are_faults() {
        assert_eq!(said_of("See `labs/kit/src/gone.rs`."), ["there is no labs/kit/src/gone.rs"]);
        let said = said_of("`cargo lab attack access --only logout.gone`");
        assert_eq!(said, ["no check is called logout.gone"]);
    }
}
