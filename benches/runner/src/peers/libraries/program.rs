//! A program of `benches/peers/libraries`: it exchanges lines of JSON with this process until its stdin ends.

use std::process::Stdio;
use std::time::Duration;

use harness::Failure;
use kit::keyring::Keyring;
use lab3_access::access_token::{AccessTokens, Grant, Session};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use uuid::Uuid;

use crate::issuance::{AUDIENCE, ISSUER};
use crate::peers::install::Installed;

/// Long enough for an interpreter to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The input that every program gets first.
#[derive(Serialize)]
pub(super) struct Specimen {
    pub(super) token: String,
    pub(super) key_hex: String,
    pub(super) issuer: &'static str,
    pub(super) audience: &'static str,
    pub(super) sub: Uuid,
}

/// A library that a program can time.
#[derive(Deserialize)]
pub(super) struct Offer {
    pub(super) library: String,
    pub(super) version: String,
}

/// One turn: the library to time, and for how long.
#[derive(Serialize)]
pub(super) struct Turn<'a> {
    pub(super) library: &'a str,
    pub(super) for_ms: u64,
}

/// The result of a turn.
#[derive(Deserialize)]
pub(super) struct Done {
    pub(super) checks: u64,
}

impl Specimen {
    pub(super) fn new(keys: &Keyring, tokens: &AccessTokens) -> Result<Self, Failure> {
        let sub = Uuid::new_v4();
        let session = Some(Session { id: Uuid::new_v4(), epoch: 3 });
        let token = tokens.issue(&Grant { user_id: sub, email: "somebody@example.test", session })?;
        let key_hex = keys.issuing().expose_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { token: token.into_exposed(), key_hex, issuer: ISSUER, audience: AUDIENCE, sub })
    }
}

/// A program that times libraries of its language. It ends with its stdin, so it does not outlive this process.
pub(super) struct Program {
    name: String,
    pub(super) pid: u32,
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    pub(super) async fn start(
        installed: &Installed,
        specimen: &Specimen,
    ) -> Result<(Self, Vec<Offer>), Failure> {
        let mut command = installed.command("verify");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let no_pipe = || Failure::new("a child process has no pipe");
        let stdin = child.stdin.take().ok_or_else(no_pipe)?;
        let lines = BufReader::new(child.stdout.take().ok_or_else(no_pipe)?).lines();
        let pid = child.id().ok_or_else(|| Failure::new("a child process ended at once"))?;
        let mut program = Self { name: installed.name.clone(), pid, child, stdin, lines };
        let offers = program.ask(specimen).await?;
        Ok((program, offers))
    }

    /// Sends one line and reads one line.
    pub(super) async fn ask<T: DeserializeOwned>(&mut self, what: &impl Serialize) -> Result<T, Failure> {
        let mut line = serde_json::to_string(what)?;
        line.push('\n');
        // If the program does not read the line, the missing response reports it.
        let _ = self.stdin.write_all(line.as_bytes()).await;
        let answer = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        let Ok(answer) = answer else {
            return Err(Failure::new(format!(
                "{} did not answer within {} s.",
                self.name,
                PATIENCE.as_secs()
            )));
        };
        if let Some(answer) = answer? {
            return Ok(serde_json::from_str(&answer)?);
        }
        let mut said = String::new();
        if let Some(stderr) = self.child.stderr.take() {
            stderr.take(4096).read_to_string(&mut said).await?;
        }
        let last = said.trim().lines().last().unwrap_or_default();
        Err(Failure::new(format!("{} ended without an answer: {last}", self.name)))
    }
}

#[cfg(test)]
mod tests {
    use kit::Clock;
    use kit::testing::{Part, found_or_skip};

    use super::super::per_check;
    use super::*;
    use crate::issuance::{LEEWAY, TTL};
    use crate::peers::install;
    use crate::peers::runtime::Runtime;

    #[tokio::test]
    async fn a_program_checks_the_token_that_its_library_takes_and_none_that_it_refuses() {
        let installed =
            install::install("libraries/python", Runtime::Python).await.map_err(|why| why.to_string());
        let Some(installed) = found_or_skip(Part::Python, installed) else { return };
        let keys = Keyring::random();
        let tokens = AccessTokens::new(&keys, ISSUER, AUDIENCE, TTL, LEEWAY, Clock::system());
        let mut specimen = Specimen::new(&keys, &tokens).unwrap_or_else(|why| panic!("{why}"));

        let started = Program::start(&installed, &specimen).await;
        let (mut program, offers) = started.unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(offers.iter().map(|offer| offer.library.as_str()).collect::<Vec<_>>(), ["PyJWT"]);
        let (pid, turn) = (program.pid, Turn { library: "PyJWT", for_ms: 5 });
        let ns = per_check(pid, program.ask(&turn)).await.unwrap_or_else(|why| panic!("{why}"));
        // More than a MAC alone takes, and less than a thousand times what Python takes on a current machine.
        assert!((200.0..30e6).contains(&ns), "{ns} ns");

        specimen.audience = "somebody-else";
        let Err(why) = Program::start(&installed, &specimen).await else { panic!("it timed a refusal") };
        assert!(why.to_string().contains("InvalidAudienceError"), "{why}");
    }
}
