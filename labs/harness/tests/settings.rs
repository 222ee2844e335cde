//! The README's table is the one place that documents the settings; these tests compare it with what the code reads.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use harness::design::DESIGNS;
use kit::config::Variables;
use kit::{Clock, Config, Origins};

/// The variable that the log's own library reads, before there are settings.
const OF_THE_LOG: &str = "RUST_LOG";

/// The variables that a server of any design reads when it starts.
async fn asked_for() -> BTreeSet<String> {
    let asked = Arc::new(Mutex::new(BTreeSet::from([OF_THE_LOG.to_owned()])));
    let noted = Arc::clone(&asked);
    let variables = Variables::new(move |name| {
        noted.lock().unwrap().insert(name.to_owned());
        None
    });
    let config = Config::read(variables).unwrap();
    for design in DESIGNS {
        let origins = Origins::new(&[], SocketAddr::from(([127, 0, 0, 1], 8080)), design.name);
        let _router = design.router(&config, Clock::system(), origins).await.unwrap();
    }
    asked.lock().unwrap().clone()
}

/// The words in backticks in the first column of the README's table of variables.
fn told(readme: &str) -> BTreeSet<String> {
    let rows = readme.lines().skip_while(|line| !line.starts_with("| variable |")).skip(2);
    let names = rows.take_while(|line| line.starts_with('|')).filter_map(|row| row.split('|').nth(1));
    names.flat_map(|names| names.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_readme_tells_of_each_setting_that_is_read_and_of_no_other() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let told = told(&std::fs::read_to_string(readme).unwrap());
    assert!(told.len() > 20, "the table is not seen: {told:?}");
    assert_eq!(told, asked_for().await);
}

/// The fields of a struct, from its source.
fn fields(source: &str, of: &str) -> Vec<String> {
    let body = source.split(&format!("pub struct {of} {{")).nth(1).and_then(|rest| rest.split("\n}").next());
    let lines = body.unwrap_or_default().lines().filter_map(|line| line.trim().strip_prefix("pub "));
    lines.filter_map(|line| line.split(':').next()).map(str::to_owned).collect()
}

/// The code of the labs, without the module that defines the settings and without tests.
fn code() -> String {
    let labs = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<_> = ["kit", "lab2-session", "lab3-access", "lab4-hybrid", "cli"]
        .map(|member| labs.join(member).join("src"))
        .into();
    let mut code = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            match path.is_dir() {
                true if name != "config" && name != "tests" => folders.push(path),
                false if name.ends_with(".rs") && name != "config.rs" && name != "tests.rs" => {
                    let source = std::fs::read_to_string(&path).unwrap();
                    code.push_str(source.split("#[cfg(test)]\nmod tests {").next().unwrap());
                }
                _ => {}
            }
        }
    }
    code
}

/// Whether the code reads the field, and not one whose name only begins with it.
fn is_read(code: &str, field: &str) -> bool {
    let reads = format!(".{field}");
    code.split(&reads)
        .skip(1)
        .any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '('))
}

#[test]
fn every_setting_and_every_limit_is_read_by_the_code() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kit/src/config.rs");
    let (source, code) = (std::fs::read_to_string(source).unwrap(), code());
    for of in ["Config", "Limits", "RedisTimes", "LogInLimits"] {
        let fields = fields(&source, of);
        assert!(fields.len() > 3, "the fields of {of} are not seen: {fields:?}");
        let unread: Vec<_> = fields.iter().filter(|field| !is_read(&code, field)).collect();
        assert_eq!(unread, Vec::<&String>::new(), "no code reads these of {of}");
    }
}

#[test]
fn a_field_whose_name_only_begins_like_another_is_not_taken_for_it() {
    assert!(is_read("limits.body_bytes;", "body_bytes"));
    for code in ["limits.body_bytes_read", "body_bytes", "run.body_bytes()"] {
        assert!(!is_read(code, "body_bytes"), "{code}");
    }
}

#[test]
fn a_row_may_name_several_variables() {
    let table = "| variable | meaning |\n|---|---|\n| `A`, `B` | is `c` |\n| `D` | |\n\n| `E` | |";
    assert_eq!(told(table), ["A", "B", "D"].map(str::to_owned).into());
}
