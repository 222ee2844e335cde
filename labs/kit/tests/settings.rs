//! The settings are told in one place, the table in the README, and the table is held against what is read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use kit::Config;

/// Read by the log's own library, before there are settings.
const OF_THE_LOG: &str = "RUST_LOG";

/// The variables that `Config` asks for.
fn asked_for() -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::from([OF_THE_LOG.to_owned()]));
    Config::read(|name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    })
    .unwrap();
    asked.into_inner()
}

/// The words in backticks of the first column of the table that begins with this heading.
fn told(readme: &str) -> BTreeSet<String> {
    let rows = readme.lines().skip_while(|line| !line.starts_with("| variable |")).skip(2);
    let names = rows.take_while(|line| line.starts_with('|')).filter_map(|row| row.split('|').nth(1));
    names.flat_map(|names| names.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn the_readme_tells_of_each_setting_that_is_read_and_of_no_other() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let told = told(&std::fs::read_to_string(readme).unwrap());
    assert!(told.len() > 20, "the table is not seen: {told:?}");
    assert_eq!(told, asked_for());
}

#[test]
fn a_row_may_name_several_variables() {
    let table = "| variable | meaning |\n|---|---|\n| `A`, `B` | is `c` |\n| `D` | |\n\n| `E` | |";
    assert_eq!(told(table), ["A", "B", "D"].map(str::to_owned).into());
}
