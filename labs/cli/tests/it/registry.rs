//! What is written of the designs elsewhere is what the registry says.

use std::fs;
use std::path::Path;

use harness::design::DESIGNS;
use serde_json::Value;

use crate::program::run;

fn written(file: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn the_books_copy_of_the_registry_is_what_the_program_prints() {
    let printed = run(&["registry"]).stdout;
    let copy = written("book/registry.json");
    assert!(copy == printed, "book/registry.json is out of date: cargo lab registry > book/registry.json");
    let registry: Value = serde_json::from_str(&copy).unwrap();
    assert_eq!(registry["designs"].as_array().unwrap().len(), DESIGNS.len());
    let commands = registry["commands"].as_array().unwrap();
    assert!(
        commands.contains(&"verify-course".into()) && !commands.contains(&"registry".into()),
        "{commands:?}"
    );
}

#[test]
fn the_table_of_designs_in_the_readme_is_what_the_program_prints() {
    let table = run(&["designs", "--markdown"]).stdout;
    assert_eq!(table.lines().count(), 2 + DESIGNS.len() - 1, "{table}");
    assert!(
        written("README.md").contains(&table),
        "README.md does not have this table (cargo lab designs --markdown):\n{table}"
    );
}

#[test]
fn the_measured_table_at_the_top_of_the_readme_has_a_row_for_each_design() {
    let readme = written("README.md");
    let rows = readme.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let rows: Vec<_> = rows.take_while(|line| line.starts_with("| ")).collect();
    assert_eq!(rows.len(), DESIGNS.len(), "{rows:?}");
    for (row, design) in rows.iter().zip(DESIGNS) {
        assert!(row.starts_with(&format!("| {design}")), "{row} is not the row of {design}");
    }
}

#[test]
fn json_and_markdown_at_once_are_a_usage_error() {
    let ended = run(&["designs", "--json", "--markdown"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
}
