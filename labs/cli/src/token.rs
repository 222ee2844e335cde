//! `cargo lab token`: takes a token apart and explains its contents.
//!
//! Anyone who has the token can read everything in it but the signature; the command shows this first. It is the only
//! command that prints the contents of a credential, because that is its lesson; it prints no signature and no key, and
//! stores nothing. Every text of a token is escaped before it is printed, so that a token cannot write its own verdict on
//! the terminal.

mod algorithm;
mod base64url;
mod check;
mod claims;
mod explain;
mod input;
mod json;
mod jwks;
mod key;
mod parts;
mod report;
mod screen;
mod serialization;
mod time;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use harness::Failure;

use self::input::Content;
use self::key::Key;
use self::report::{Reported, Told};

/// Take a token apart and explain it
///
/// The input may be a JWT, an HTTP header, a cookie, a server's JSON answer, a curl command, or anything that contains
/// tokens; each token is explained in turn. The exit code is 1 if a signature was to be checked and is not valid.
#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    /// The token; `-` reads it from stdin, so that it does not stay in the shell's history
    #[arg(value_name = "JWT", required = true)]
    pub(crate) token: Vec<String>,
    /// A file with the key to check the signature: JWK, JWK Set, PEM, DER, or a secret as bytes or in base64
    ///
    /// Of a JWK Set, the key with the token's `kid` is used, or all keys if there is none. Of a private key, its public
    /// part is used. May be given several times.
    #[arg(long, value_name = "FILE", visible_alias = "secret-file")]
    pub(crate) key: Vec<PathBuf>,
    /// The URL of a JWK Set, on this machine only; download any other and pass it with --key
    #[arg(long, value_name = "URL")]
    pub(crate) jwks: Option<String>,
    /// A file with the payload of a token that contains none (RFC 7515 appendix F)
    #[arg(long, value_name = "FILE")]
    pub(crate) payload: Option<PathBuf>,
    /// Print what was found as JSON: an object, or of several tokens an object with the list `tokens`
    #[arg(long)]
    pub(crate) json: bool,
}

/// The most bytes that are read as a token. A token of the labs has at most 4 KiB; other servers' tokens may be longer.
const MAX_BYTES: usize = 64 * 1024;

/// The most bytes of a file with keys or with a payload.
const MAX_FILE_BYTES: usize = 1024 * 1024;

pub(crate) async fn run(arguments: TokenArguments) -> Result<ExitCode, Failure> {
    let text = match &arguments.token[..] {
        [dash] if dash == "-" => from_stdin()?,
        words => words.join(" "),
    };
    if text.len() > MAX_BYTES {
        return Err(Failure::new(format!(
            "the input is longer than {} KiB, and is not read",
            MAX_BYTES / 1024
        ))
        .advice("paste the token alone; a JWT of this size fits into no HTTP header"));
    }
    let founds = input::tokens(&text)?;
    let keys = keys(&arguments).await?;
    let payload = arguments.payload.as_deref().map(bytes_of).transpose()?;
    let now = kit::Clock::system().now_s();
    let reported: Vec<Reported> = founds
        .into_iter()
        .map(|found| {
            let told = match found.content {
                Content::Opaque(sentence) => Told::Opaque(sentence),
                Content::Readable(mut parts) => {
                    if let Some(payload) = &payload {
                        parts.attach(payload);
                    }
                    let findings = explain::token(&parts, now);
                    Told::Read {
                        findings,
                        check: keys.as_ref().map(|keys| check::check(&parts, keys)),
                        parts,
                    }
                }
            };
            Reported { place: found.place, told }
        })
        .collect();
    if arguments.json {
        harness::outln!("{}", report::json(&reported));
    } else {
        screen::print(&reported);
    }
    Ok(if reported.iter().all(Reported::is_fine) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn from_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    // One byte more than is accepted, so that a longer input is refused and not cut off.
    std::io::stdin().lock().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    let cut_off = bytes.len() > MAX_BYTES;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if cut_off => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        Err(_) => Err(Failure::new("stdin is not UTF-8 text, and a token is text")
            .advice("write the token to the file as plain text")),
    }
}

/// The keys that the user gave; `None` if no signature is to be checked.
async fn keys(arguments: &TokenArguments) -> Result<Option<Vec<Key>>, Failure> {
    if arguments.key.is_empty() && arguments.jwks.is_none() {
        return Ok(None);
    }
    let mut keys = Vec::new();
    for path in &arguments.key {
        keys.extend(from_file(path)?);
    }
    if let Some(url) = &arguments.jwks {
        keys.extend(jwks::fetch(url).await?);
    }
    Ok(Some(keys))
}

fn from_file(path: &Path) -> Result<Vec<Key>, Failure> {
    key::read(&bytes_of(path)?).map_err(|failure| {
        let reason = failure.to_string();
        Failure::new(format!(
            "no key can be read from {}: {}",
            path.display(),
            kit::visible::visible(&reason)
        ))
    })
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::new(format!("{} cannot be read ({error})", path.display())))?;
    if bytes.len() > MAX_FILE_BYTES {
        let most = MAX_FILE_BYTES / 1024;
        return Err(Failure::new(format!("{} is longer than {most} KiB, and is not read", path.display())));
    }
    Ok(bytes)
}
