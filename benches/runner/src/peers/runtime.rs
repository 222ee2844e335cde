//! The runtime that a peer needs on this machine: a program in a recent enough version.

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use harness::Failure;
use tokio::process::Command;

/// How long a program may take to print its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// A runtime that peers run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runtime {
    Node,
    Python,
    Go,
    /// Rust, for libraries that the project itself does not use.
    Rust,
}

/// The first two numbers of a version; the third is not needed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32);

/// A runtime that is installed and recent enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Present {
    /// The name and version that it prints, such as `node v22.1.0`.
    pub(crate) said: String,
    pub(crate) version: Version,
}

impl Runtime {
    /// The programs that must be on the PATH; the first is the one whose version counts.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Node => &["node", "npm"],
            Self::Python => &["python3"],
            Self::Go => &["go"],
            Self::Rust => &["cargo"],
        }
    }

    fn asked_with(self) -> &'static str {
        match self {
            Self::Node | Self::Python | Self::Rust => "--version",
            Self::Go => "version",
        }
    }

    /// The oldest version that the pinned packages work with.
    fn oldest(self) -> Version {
        match self {
            Self::Node => Version(20, 0),
            Self::Python => Version(3, 10),
            Self::Go => Version(1, 19),
            Self::Rust => Version(1, 89),
        }
    }

    fn get_it(self) -> &'static str {
        match self {
            Self::Node => "apt install nodejs npm · brew install node",
            Self::Python => "apt install python3 python3-venv · brew install python",
            Self::Go => "apt install golang-go · brew install go",
            Self::Rust => "https://rustup.rs",
        }
    }

    /// Looks for the runtime on this machine.
    pub(crate) async fn look(self) -> Result<Present, Failure> {
        let mut said = None;
        for program in self.programs() {
            let Some(words) = says(program, self.asked_with()).await else {
                return self.judged(program, None);
            };
            said.get_or_insert(words);
        }
        self.judged(self.programs()[0], said.as_deref())
    }

    /// Whether a program that prints `said` as its version is recent enough; `said` is `None` when there is no such
    /// program.
    fn judged(self, program: &str, said: Option<&str>) -> Result<Present, Failure> {
        let (oldest, get_it) = (self.oldest(), self.get_it());
        let Some(said) = said else {
            return Err(Failure::new(format!(
                "It needs {self} {oldest} or newer, and no `{program}` answers: {get_it}."
            )));
        };
        let Some(version) = version_in(said) else {
            return Err(Failure::new(format!(
                "It needs {self} {oldest} or newer, and `{program}` says `{said}`: {get_it}."
            )));
        };
        if version < oldest {
            return Err(Failure::new(format!(
                "It needs {self} {oldest} or newer, and this one is {version}: {get_it}."
            )));
        }
        // Go and Python print their own names.
        let said = if self == Self::Node { format!("{self} {said}") } else { said.to_owned() };
        Ok(Present { said, version })
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Node => "Node.js",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::Rust => "Rust",
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The first `digits.digits` of a text.
fn version_in(said: &str) -> Option<Version> {
    let mut words = said.split(|letter: char| !(letter.is_ascii_digit() || letter == '.'));
    words.find_map(|word| {
        let mut numbers = word.split('.').map(str::parse);
        Some(Version(numbers.next()?.ok()?, numbers.next()?.ok()?))
    })
}

async fn says(program: &str, argument: &str) -> Option<String> {
    which::which(program).ok()?;
    let mut command = Command::new(program);
    // `npm version` exists too, but has another meaning.
    let argument = if program == "npm" { "--version" } else { argument };
    command.arg(argument).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output.status.success().then(|| text.lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_that_is_new_enough_is_taken_and_says_what_it_is() {
        let said = |runtime: Runtime, said| runtime.judged(runtime.programs()[0], Some(said)).unwrap();
        let node = said(Runtime::Node, "v20.20.2");
        assert_eq!((node.said.as_str(), node.version), ("Node.js v20.20.2", Version(20, 20)));
        assert_eq!(said(Runtime::Python, "Python 3.10.0").version, Version(3, 10));
        assert_eq!(said(Runtime::Go, "go version go1.19.8 linux/amd64").version, Version(1, 19));
        // Versions are compared as numbers: as texts, 3.9 would be the newer one.
        assert!(Version(3, 9) < Version(3, 10));
    }

    #[test]
    fn one_that_is_missing_too_old_or_unknown_is_told_with_the_way_to_get_it() {
        let told = |runtime: Runtime, program, said| match runtime.judged(program, said) {
            Err(failure) => failure.to_string(),
            Ok(present) => panic!("{present:?} was taken"),
        };
        assert_eq!(
            told(Runtime::Node, "npm", None),
            "It needs Node.js 20.0 or newer, and no `npm` answers: apt install nodejs npm · brew install node."
        );
        assert_eq!(
            told(Runtime::Python, "python3", Some("Python 3.9.18")),
            "It needs Python 3.10 or newer, and this one is 3.9: apt install python3 python3-venv · brew install python."
        );
        assert_eq!(
            told(Runtime::Go, "go", Some("gc, some day")),
            "It needs Go 1.19 or newer, and `go` says `gc, some day`: apt install golang-go · brew install go."
        );
    }

    #[tokio::test]
    async fn a_program_that_is_not_on_the_path_says_nothing() {
        assert_eq!(says("no-program-is-called-like-this", "--version").await, None);
    }
}
