//! Every `{{#include FILE:ANCHOR}}` names a file that is there and an anchor that holds lines.

use std::fs;
use std::path::Path;

use super::Fault;
use crate::page::Page;

/// The directives whose argument is a file.
const TAKE_A_FILE: &[&str] = &["include", "playground", "rustdoc_include"];

pub(super) fn faults(page: &Page) -> Vec<Fault> {
    let folder = page.file.parent().unwrap_or(Path::new("."));
    let mut faults = Vec::new();
    for (index, line) in page.text.lines().enumerate() {
        for (name, argument) in directives(line) {
            if let Err(what) = resolve(folder, name, argument) {
                faults.push(page.fault(index + 1, what));
            }
        }
    }
    faults
}

/// The directives of a line, by name and argument; a directive after a backslash is plain text.
fn directives(line: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{#") {
        let Some((directive, after)) = after.split_once("}}") else { break };
        if !before.ends_with('\\') {
            found.push(directive.split_once(char::is_whitespace).unwrap_or((directive, "")));
        }
        rest = after;
    }
    found
}

fn resolve(folder: &Path, name: &str, argument: &str) -> Result<(), String> {
    if name == "title" {
        return Ok(());
    }
    if !TAKE_A_FILE.contains(&name) {
        return Err(format!("mdBook has no directive `{name}`"));
    }
    let argument = argument.split_whitespace().next().unwrap_or_default();
    let (file, part) = argument.split_once(':').unwrap_or((argument, ""));
    let text = fs::read_to_string(folder.join(file))
        .map_err(|error| format!("{file} cannot be included: {error}"))?;
    // A part that starts with a number, or is empty, is a range of lines and not an anchor.
    let start = part.split(':').next().unwrap_or_default();
    let found = match start.parse::<usize>() {
        Ok(first) => text.lines().count() >= first,
        Err(_) if start.is_empty() => !text.trim().is_empty(),
        Err(_) => anchor_holds_lines(&text, start),
    };
    found.then_some(()).ok_or_else(|| format!("{file} has nothing at `{part}` to include"))
}

fn anchor_holds_lines(text: &str, anchor: &str) -> bool {
    let marks = |line: &str, mark: &str| {
        let named = line.split_once(mark).map(|(_, name)| name.trim_start());
        named.is_some_and(|name| {
            name.split(|c: char| !(c.is_alphanumeric() || "_-".contains(c))).next() == Some(anchor)
        })
    };
    let mut lines = text.lines().skip_while(|line| !marks(line, "ANCHOR:")).skip(1);
    let mut holds = false;
    // An anchor without an end includes the rest of the file, which is never intended, so it is a fault.
    lines.any(|line| {
        let end = marks(line, "ANCHOR_END:");
        holds |= !end && !line.trim().is_empty() && !line.contains("ANCHOR");
        end
    }) && holds
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "fn before() {}\n// ANCHOR: inside\nfn inside() {}\n// ANCHOR_END: inside\n// ANCHOR: empty\n\
                          // ANCHOR_END: empty\n// ANCHOR: open\nfn open() {}\n";

    /// The faults of a page of one line, in a folder with the file `code.rs`.
    fn said_of(line: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("code.rs"), SOURCE).unwrap();
        let page = Page { file: folder.path().join("page.md"), name: "page.md".into(), text: line.into() };
        faults(&page).into_iter().map(|fault| fault.what).collect()
    }

    #[test]
    fn what_is_there_can_be_included() {
        for line in [
            "{{#include code.rs}}",
            "{{#include code.rs:inside}}",
            "{{#rustdoc_include code.rs:inside}}",
            "{{#include code.rs:1:3}}",
            "{{#title A title}}",
            r"\{{#include no-directive.rs}}",
        ] {
            assert_eq!(said_of(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn a_file_with_crlf_has_the_same_anchors() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("code.rs"), SOURCE.replace('\n', "\r\n")).unwrap();
        let said = |argument| resolve(folder.path(), "include", argument);
        assert_eq!(said("code.rs:inside"), Ok(()));
        assert_eq!(said("code.rs:empty"), Err("code.rs has nothing at `empty` to include".into()));
    }

    #[test]
    fn a_missing_file_is_a_fault() {
        let said = said_of("{{#include gone.rs}}");
        assert!(said.len() == 1 && said[0].starts_with("gone.rs cannot be included: "), "{said:?}");
    }

    #[test]
    fn a_missing_an_empty_and_an_open_anchor_are_faults() {
        for anchor in ["gone", "insid", "empty", "open"] {
            let said = said_of(&format!("{{{{#include code.rs:{anchor}}}}}"));
            assert_eq!(said, [format!("code.rs has nothing at `{anchor}` to include")]);
        }
    }

    #[test]
    fn lines_beyond_the_end_and_an_unknown_directive_are_faults() {
        assert_eq!(said_of("{{#include code.rs:99}}"), ["code.rs has nothing at `99` to include"]);
        assert_eq!(said_of("{{#inlcude code.rs}}"), ["mdBook has no directive `inlcude`"]);
    }
}
