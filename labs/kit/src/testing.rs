//! What tests need from the machine and may not find there.
//!
//! For a learner without Docker, `cargo test` should pass, and say which tests it skipped. On a CI machine, a skipped test
//! must not count as passed: `AUTHLAB_REQUIRE=docker,redis` turns each skip into a failure.

pub mod browser;
mod durable_redis;
pub mod jws;
mod kept_log;

use std::fmt;
use std::io::Write;

pub use self::durable_redis::{DurableRedis, Saved};
pub use self::kept_log::KeptLog;
use crate::redis::discovery::{self, Found};

/// A part of the machine that `AUTHLAB_REQUIRE` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A Docker daemon that has, or can pull, the Redis image.
    Docker,
    /// A `redis-server` or `valkey-server` on the `PATH`.
    Redis,
    /// A `python3` on the `PATH`.
    Python,
    /// A Chromium on the `PATH`.
    Browser,
    /// An `haproxy` on the `PATH`.
    Haproxy,
    /// Node.js and npm on the `PATH`, and npm's registry within reach.
    Node,
    /// Go on the `PATH`, and the module proxy, or Debian's packages, within reach.
    Go,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Docker => "docker",
            Self::Redis => "redis",
            Self::Python => "python",
            Self::Browser => "browser",
            Self::Haproxy => "haproxy",
            Self::Node => "node",
            Self::Go => "go",
        })
    }
}

/// Starts a private Redis for one test, from the program on the `PATH`. Without one it returns `None`, after reporting the
/// skip.
pub async fn private_redis() -> Option<Found> {
    let started = match discovery::on_path() {
        Some(program) => discovery::from_program(&program).await,
        None => Err("neither valkey-server nor redis-server is on the PATH".into()),
    };
    found_or_skip(Part::Redis, started)
}

/// The result of a search, or `None` after reporting the skip on stderr.
///
/// # Panics
/// The part is required and missing: that is the test's failure.
pub fn found_or_skip<T>(part: Part, search: Result<T, String>) -> Option<T> {
    let reason = match search {
        Ok(found) => return Some(found),
        Err(reason) => reason,
    };
    assert!(!required().contains(&part), "AUTHLAB_REQUIRE names `{part}`, which is not available: {reason}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not `eprintln!`: the test harness captures its output unless the test fails.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: it needs {part}, which is not available: {reason}");
    None
}

#[expect(clippy::disallowed_methods, reason = "it says how to judge, not how the code under test behaves")]
fn required() -> Vec<Part> {
    match std::env::var("AUTHLAB_REQUIRE").as_deref().map(parse) {
        Ok(Ok(parts)) => parts,
        Ok(Err(sentence)) => panic!("AUTHLAB_REQUIRE: {sentence}"),
        Err(std::env::VarError::NotPresent) => Vec::new(),
        Err(error) => panic!("AUTHLAB_REQUIRE cannot be read: {error}"),
    }
}

/// Parses the value of `AUTHLAB_REQUIRE`. An unknown word is refused, because a misspelt requirement would be ignored.
fn parse(list: &str) -> Result<Vec<Part>, String> {
    crate::list::entries(list)
        .map(|word| match word {
            "docker" => Ok(Part::Docker),
            "redis" => Ok(Part::Redis),
            "python" => Ok(Part::Python),
            "browser" => Ok(Part::Browser),
            "haproxy" => Ok(Part::Haproxy),
            "node" => Ok(Part::Node),
            "go" => Ok(Part::Go),
            other => Err(format!(
                "`{other}` is not a part; the parts are `docker`, `redis`, `python`, `browser`, `haproxy`, `node` and `go`"
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_is_a_list_of_known_parts() {
        assert_eq!(parse("docker, redis,python"), Ok(vec![Part::Docker, Part::Redis, Part::Python]));
        assert_eq!(parse("haproxy"), Ok(vec![Part::Haproxy]));
        assert_eq!(parse(""), Ok(Vec::new()));
    }

    #[test]
    fn a_misspelt_requirement_is_refused() {
        assert!(parse("dokcer").unwrap_err().starts_with("`dokcer` is not a part"));
    }

    #[test]
    fn what_is_there_is_handed_on() {
        assert_eq!(found_or_skip(Part::Docker, Ok(7)), Some(7));
    }
}
