//! Plays a step's checks against a learner's program.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use conformance::{AccountsAfter, Options, Outcome, Target};
use harness::Failure;
use harness::server;
use lab1_token::judge::{self, Verdict};
use serde_json::{Value, json};

use super::course::{Judge, Lab};

/// How long the program may take to answer one question on stdin.
const PATIENCE: Duration = Duration::from_secs(5);

/// The result of one check.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) attack: bool,
    /// Whether the check passes when the attacker gets in: it shows a weakness that the design states of itself.
    pub(crate) weakness: bool,
    pub(crate) gains: &'static str,
    pub(crate) read: &'static str,
    pub(crate) outcome: Outcome,
}

impl Finding {
    pub(crate) fn passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }
}

/// Whether a check of this name exists for this kind of program.
#[cfg(test)]
pub(crate) fn knows(judge: Judge, id: &str) -> bool {
    match judge {
        Judge::Pipe => judge::CHECKS.iter().any(|check| check.id == id),
        Judge::Http => conformance::checks().iter().any(|check| check.id == id),
    }
}

/// Whether the check of this name tries an attack, or shows a weakness that the design states.
#[cfg(test)]
pub(crate) fn tries(judge: Judge, id: &str) -> bool {
    match judge {
        Judge::Pipe => judge::CHECKS.iter().any(|check| check.id == id && check.attack),
        Judge::Http => {
            conformance::checks().iter().any(|check| check.id == id && (check.attack || check.weakness))
        }
    }
}

/// Plays these checks against the program, and returns the findings in the order of `ids`.
pub(crate) async fn play(lab: &Lab, program: &Path, ids: &[String]) -> Result<Vec<Finding>, Failure> {
    let mut findings = match lab.judge {
        Judge::Pipe => {
            let (program, ids) = (program.to_owned(), ids.to_vec());
            tokio::task::spawn_blocking(move || by_pipe(&program, &ids)).await??
        }
        Judge::Http => by_http(program, ids).await?,
    };
    findings.sort_by_key(|finding| ids.iter().position(|id| id == finding.id));
    Ok(findings)
}

async fn by_http(program: &Path, ids: &[String]) -> Result<Vec<Finding>, Failure> {
    let server = server::Process::start(tokio::process::Command::new(program), "learner's").await?;
    let target = Target::discover(&server.url).await?.reached_directly();
    // The server was started for these checks and ends with this function, so its accounts need not be deleted.
    let options =
        Options { only: ids.to_vec(), accounts: AccountsAfter::EndWithServer, ..Options::default() };
    let report = conformance::run(&target, &options, |_| {}).await?;
    let found = report.results.into_iter().map(|result| Finding {
        id: result.id,
        title: result.title,
        attack: result.attack,
        weakness: result.weakness,
        gains: result.gains,
        read: result.read,
        outcome: result.outcome,
    });
    Ok(found.collect())
}

fn by_pipe(program: &Path, ids: &[String]) -> Result<Vec<Finding>, Failure> {
    let mut answering = Answering::start(program)?;
    let wanted = judge::CHECKS.iter().filter(|check| ids.iter().any(|id| id == check.id));
    let found = wanted.map(|check| Finding {
        id: check.id,
        title: check.title,
        attack: check.attack,
        weakness: false,
        gains: check.gains,
        read: check.read,
        outcome: match judge::play(check, |question| answering.ask(question)) {
            Verdict::Passed => Outcome::Passed,
            Verdict::Failed { sent, expected, received } => {
                Outcome::Failed { sent, expected, received, status: None, refused: false }
            }
            Verdict::NotWritten { text } => Outcome::NotWritten { text },
        },
    });
    Ok(found.collect())
}

/// A child process that reads questions on stdin and writes answers to stdout. It is killed when this value is dropped.
struct Answering {
    child: Child,
    answers: Receiver<String>,
}

impl Answering {
    fn start(program: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Failure::new(format!("{}: {error}", program.display())))?;
        let stdout = child.stdout.take().ok_or_else(|| Failure::new("a child process has no stdout"))?;
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, answers })
    }

    fn ask(&mut self, question: &Value) -> Value {
        let asked =
            self.child.stdin.as_mut().map(|stdin| writeln!(stdin, "{question}").and_then(|()| stdin.flush()));
        match self.answers.recv_timeout(PATIENCE) {
            Ok(line) => serde_json::from_str(&line).unwrap_or_else(|_no_json| json!({ "panicked": line })),
            Err(_) if matches!(asked, Some(Ok(()))) => {
                // A function that does not end would make every other question wait too, so the program is killed.
                let _already_gone = self.child.kill();
                json!({ "panicked": format!("no answer within {} s", PATIENCE.as_secs()) })
            }
            Err(_) => json!({ "panicked": "the program has ended" }),
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_gone = self.child.wait();
    }
}
