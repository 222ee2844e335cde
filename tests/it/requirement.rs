//! What a test needs of the machine and may not find there.
//!
//! A person without Docker should see `cargo test` pass, and see what it did not try. A machine that is there to judge
//! should not pass for what it did not try: `AUTHLAB_REQUIRE=docker,redis` turns each skip into a failure.

use std::fmt;
use std::io::Write;

/// A part of the machine that `AUTHLAB_REQUIRE` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A Docker daemon that has, or can pull, the Redis image.
    Docker,
    /// A `redis-server` or `valkey-server` on the `PATH`.
    Redis,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "docker",
            Self::Redis => "redis",
        })
    }
}

/// What was looked for, or nothing and a loud word about it. Where the part is required, nothing is a failure.
pub(crate) fn found_or_skip<T>(part: Part, search: Result<T, String>) -> Option<T> {
    let reason = match search {
        Ok(found) => return Some(found),
        Err(reason) => reason,
    };
    assert!(!required().contains(&part), "AUTHLAB_REQUIRE names `{part}`, and it is not to be had: {reason}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not `eprintln!`: the test harness keeps what that prints to itself unless the test fails.
    let said =
        writeln!(std::io::stderr(), "SKIPPED {test}: it needs {part}, and it is not to be had: {reason}");
    said.expect("stderr takes a line");
    None
}

fn required() -> Vec<Part> {
    #[expect(
        clippy::disallowed_methods,
        reason = "it says how to judge, not how the code under test behaves"
    )]
    match std::env::var("AUTHLAB_REQUIRE") {
        Ok(list) => parse(&list).expect("AUTHLAB_REQUIRE is a list of parts"),
        Err(std::env::VarError::NotPresent) => Vec::new(),
        Err(error) => panic!("AUTHLAB_REQUIRE cannot be read: {error}"),
    }
}

/// A word that is not known is refused: a misspelt requirement would let everything pass.
fn parse(list: &str) -> Result<Vec<Part>, String> {
    list.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(|word| match word {
            "docker" => Ok(Part::Docker),
            "redis" => Ok(Part::Redis),
            other => Err(format!("`{other}` is no part; the parts are `docker` and `redis`")),
        })
        .collect()
}

#[test]
fn a_requirement_is_a_list_of_known_parts() {
    assert_eq!(parse("docker, redis"), Ok(vec![Part::Docker, Part::Redis]));
    assert_eq!(parse(""), Ok(Vec::new()));
}

#[test]
fn a_misspelt_requirement_is_refused() {
    assert_eq!(parse("dokcer").unwrap_err(), "`dokcer` is no part; the parts are `docker` and `redis`");
}

#[test]
fn what_is_there_is_handed_on() {
    assert_eq!(found_or_skip(Part::Docker, Ok(7)), Some(7));
}
