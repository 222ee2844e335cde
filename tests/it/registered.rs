//! Checks that a registered design is complete: the failure message lists what a new design still needs.
//!
//! The compiler asks for the fields of `DESIGN`, and the loops of `labs.rs` run every check, attacks included, on each store
//! of each design. This module checks what neither of them can see.

use std::fs;
use std::path::Path;

use harness::design::{DESIGNS, Design};
use kit::design::{State, Text};

/// What the project says of designs outside the labs' folders.
struct Written {
    readme: String,
    registry: String,
    /// For each language: the folder of its pages, and the list of them.
    books: [(&'static str, String); 2],
}

impl Written {
    fn read() -> Self {
        let text = |file: &str| {
            let file = project().join(file);
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
        };
        Self {
            readme: text("README.md"),
            registry: text("book/registry.json"),
            books: ["book/en/src", "book/ja/src"]
                .map(|folder| (folder, text(&format!("{folder}/SUMMARY.md")))),
        }
    }
}

fn project() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// What a design lacks, one line for each missing thing.
fn lacks(design: Design, written: &Written) -> Vec<String> {
    let mut missing = Vec::new();
    let mut ask = |is_there: bool, what: &str| {
        if !is_there {
            missing.push(format!("{design}: {what}"));
        }
    };
    let words = &design.words;
    for (what, text) in
        [("title", words.title), ("summary", words.summary), ("about", words.about), ("stored", words.stored)]
    {
        ask(!text.en.is_empty(), &format!("its words: no English `{what}`"));
        ask(is_japanese(text), &format!("its words: no Japanese `{what}`"));
    }
    for (outcome, text) in words.outcomes {
        ask(!text.en.is_empty() && is_japanese(*text), &format!("its words: `{outcome}` in both languages"));
    }
    ask(!design.variants.is_empty(), "`variants`: the benchmark does not measure it");
    if design.state == State::Sessions {
        ask(!design.stores.is_empty(), "`stores`: the contract is checked on no store");
        ask(design.watched.is_some(), "`watched`: its column of the playground shows no records");
    }
    let in_registry = format!("\"name\": \"{design}\",");
    ask(
        written.registry.contains(&in_registry),
        "book/registry.json: write it anew with `cargo lab registry > book/registry.json`",
    );
    if !design.is_baseline() {
        ask(
            written.readme.contains(&format!("| `{design}` |")),
            "README.md: its row in the table that `cargo lab designs --markdown` prints",
        );
    }
    ask(
        written.readme.contains(&format!("\n| {design}")),
        "README.md: its row in the table of measured figures, from a run of `cargo lab`",
    );
    for (folder, summary) in &written.books {
        let page = format!("{}.md", design.page);
        ask(
            project().join(folder).join(&page).is_file(),
            &format!("{folder}/{page}: the book's page about it"),
        );
        ask(summary.contains(&format!("({page})")), &format!("{folder}/SUMMARY.md: a line for {page}"));
    }
    missing
}

fn is_japanese(text: Text) -> bool {
    !text.ja.is_ascii()
}

#[test]
fn a_registered_design_lacks_nothing() {
    let written = Written::read();
    let missing: Vec<_> = DESIGNS.iter().flat_map(|design| lacks(*design, &written)).collect();
    assert!(missing.is_empty(), "still missing:\n  {}", missing.join("\n  "));
}

#[test]
fn what_is_not_documented_is_reported_as_missing() {
    let nothing = Written {
        readme: String::new(),
        registry: String::new(),
        books: [("book/en/src", String::new()), ("book/xx/src", String::new())],
    };
    let missing = lacks(DESIGNS[1], &nothing);
    assert_eq!(
        missing,
        [
            "session: book/registry.json: write it anew with `cargo lab registry > book/registry.json`",
            "session: README.md: its row in the table that `cargo lab designs --markdown` prints",
            "session: README.md: its row in the table of measured figures, from a run of `cargo lab`",
            "session: book/en/src/SUMMARY.md: a line for lab2-session.md",
            "session: book/xx/src/lab2-session.md: the book's page about it",
            "session: book/xx/src/SUMMARY.md: a line for lab2-session.md",
        ]
    );
}
