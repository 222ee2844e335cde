//! `cargo lab token JWT`: takes a token apart and explains its contents.
//!
//! Anyone who has the token can read everything in it but the signature; the command shows this first. It is the only
//! command that prints the contents of a credential, because that is its lesson; it prints no signature and stores
//! nothing.

mod explain;
mod parts;

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use harness::Failure;
use harness::terminal::{BAD, DIM, GOOD, heading};
use jsonwebtoken::crypto;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use self::explain::Finding;
use self::parts::Parts;

/// Take a token apart and explain it
#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    /// The token; `-` reads it from stdin, so that it does not stay in the shell's history
    #[arg(value_name = "JWT")]
    pub(crate) token: String,
    /// A file with the secret, to check the signature (HS256)
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The most bytes that are read as a token. A token of the labs has at most 4 KiB; other servers' tokens may be longer.
const MAX_BYTES: u64 = 64 * 1024;

pub(crate) fn run(arguments: TokenArguments) -> Result<ExitCode, Failure> {
    let text = if arguments.token == "-" { from_stdin()? } else { arguments.token };
    let parts = Parts::split(text.trim())?;
    let signature = match &arguments.secret_file {
        Some(path) => {
            let secret = std::fs::read(path)
                .map_err(|error| Failure::new(format!("{} cannot be read ({error})", path.display())))?;
            Some(holds(&parts, secret.trim_ascii_end())?)
        }
        None => None,
    };
    let findings = explain::token(&parts, kit::Clock::system().now_s());
    if arguments.json {
        let report = serde_json::json!({
            "header": parts.header, "claims": parts.claims, "signature_bytes": parts.signature_bytes,
            "signature_holds": signature, "findings": findings,
        });
        harness::outln!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&parts, &findings, signature)?;
    }
    Ok(if signature == Some(false) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Whether the signature is an HMAC of the first two parts under this secret. The algorithm is fixed to HS256, and
/// never taken from the token; a token that names another one is an error.
fn holds(parts: &Parts, secret: &[u8]) -> Result<bool, Failure> {
    let named = parts.header.get("alg").and_then(Value::as_str).unwrap_or_default();
    if named != "HS256" {
        return Err(Failure::new(format!("the token has alg `{named}`, and a secret can check HS256 only")));
    }
    let key = DecodingKey::from_secret(secret);
    Ok(crypto::verify(&parts.signature, parts.signed.as_bytes(), &key, Algorithm::HS256).unwrap_or(false))
}

fn print(parts: &Parts, findings: &[Finding], signature: Option<bool>) -> Result<(), Failure> {
    heading("Header");
    harness::outln!("{}", serde_json::to_string_pretty(&parts.header)?);
    heading("Claims: signed, not encrypted; every holder of the token can read them");
    harness::outln!("{}", serde_json::to_string_pretty(&parts.claims)?);
    heading("Signature");
    match signature {
        Some(true) => harness::outln!(
            " {GOOD}valid{GOOD:#}: it was made with this secret, and no byte has changed since"
        ),
        Some(false) => {
            harness::outln!(
                " {BAD}not valid{BAD:#}: it was made with another secret, or the token was changed"
            )
        }
        None => harness::outln!(
            " {} bytes {DIM}(not checked: give the secret with --secret-file FILE){DIM:#}",
            parts.signature_bytes
        ),
    }
    heading("What the token says");
    for Finding { about, text, concern } in findings {
        let mark = if *concern { format!("{BAD}!{BAD:#}") } else { " ".to_owned() };
        harness::outln!(" {mark} {about:<10} {text}");
    }
    Ok(())
}
