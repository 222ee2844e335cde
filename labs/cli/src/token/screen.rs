//! What is reported about the tokens, on a terminal of 80 columns.
//!
//! Every text of the token or of a key goes through `kit::visible` on its way here, or through `Json::pretty`.

use harness::outln;
use harness::terminal::{BAD, DIM, GOOD, heading};
use kit::visible::{excerpt, visible_lines};

use super::check::{Check, Tried};
use super::explain::Finding;
use super::input;
use super::json::Json;
use super::parts::{Parts, Payload};
use super::report::{Reported, Told};

const COLUMNS: usize = 80;

/// The most keys that are listed.
const MAX_LISTED: usize = 20;

pub(super) fn print(reported: &[Reported]) {
    for (index, Reported { place, told }) in reported.iter().enumerate() {
        let place = place.as_deref().map(|place| format!(", found in {}", input::shown(place)));
        if reported.len() > 1 {
            let (number, count) = (index + 1, reported.len());
            heading(&format!("Token {number} of {count}{}", place.unwrap_or_default()));
        } else if let Some(place) = place {
            outln!("{DIM}The token{place}{DIM:#}");
        }
        match told {
            Told::Opaque(sentence) => wrapped(" ", " ", sentence),
            Told::Read { parts, findings, check } => token(parts, findings, check.as_ref()),
        }
    }
}

fn token(parts: &Parts, findings: &[Finding], check: Option<&Check>) {
    heading("Header");
    outln!("{}", Json::Object(parts.header.clone()).pretty());
    if !parts.unprotected.is_empty() {
        heading("Unprotected header: not signed; anyone can change it");
        outln!("{}", Json::Object(parts.unprotected.clone()).pretty());
    }
    payload(parts);
    heading("Signature");
    match check {
        Some(check) => checked(check),
        None if parts.is_unsecured() => {
            outln!(" {BAD}none{BAD:#}: `alg` says that there is no signature to check");
        }
        None if parts.is_encrypted() => outln!(" none: the token is encrypted"),
        None => {
            outln!(
                " {} bytes {DIM}(not checked: give the key with --key FILE){DIM:#}",
                parts.signature_bytes()
            )
        }
    }
    heading("What the token says");
    for Finding { about, text, concern } in findings {
        let mark = if *concern { format!("{BAD}!{BAD:#}") } else { " ".to_owned() };
        wrapped(&format!(" {mark} {about:<10} "), &" ".repeat(14), text);
    }
}

fn payload(parts: &Parts) {
    match &parts.payload {
        Payload::Claims(claims) => {
            let protection =
                if parts.is_unsecured() { "neither signed nor encrypted" } else { "signed, not encrypted" };
            heading(&format!("Claims: {protection}; every holder of the token can read them"));
            outln!("{}", Json::Object(claims.clone()).pretty());
        }
        Payload::Json(json) => {
            heading("Payload: JSON, but no object, so no claims");
            outln!("{}", json.pretty());
        }
        Payload::Text(text) => {
            heading("Payload: a text that is not JSON");
            outln!("{}", visible_lines(text));
        }
        Payload::Bytes(count) => {
            heading("Payload");
            outln!(" {count} bytes that are not a text");
        }
        Payload::Detached => {
            heading("Payload");
            outln!(" not in the token");
        }
        Payload::Encrypted(count) => {
            heading("Payload");
            outln!(" {count} bytes, encrypted");
        }
    }
}

fn checked(check: &Check) {
    let Check { holds, sentence, tried } = check;
    let style = if *holds == Some(true) { GOOD } else { BAD };
    let (verdict, rest) = sentence.split_once(": ").unwrap_or((sentence, ""));
    wrapped(" ", " ", &format!("{style}{verdict}{style:#}: {rest}"));
    if *holds == Some(true) {
        tried.last().into_iter().for_each(|key| wrapped(" The key: ", "    ", &named(key)));
        return;
    }
    if !tried.is_empty() {
        outln!(" These keys were tried:");
    }
    for key in tried.iter().take(MAX_LISTED) {
        wrapped("  - ", "    ", &format!("{}: {}", named(key), key.result));
    }
    if tried.len() > MAX_LISTED {
        outln!("  - and {} more", tried.len() - MAX_LISTED);
    }
}

/// What a key says of itself.
fn named(Tried { key, kid, kty, alg, .. }: &Tried) -> String {
    let kid = kid.as_deref().map(|kid| format!("kid {}", excerpt(kid, 60)));
    let alg = alg.as_deref().map(|alg| excerpt(alg, 20));
    let names = [kid, key.map(str::to_owned), Some(excerpt(kty, 40)), alg];
    names.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Prints a text with these texts before its first line and before its other lines.
fn wrapped(first: &str, others: &str, text: &str) {
    let options = textwrap::Options::new(COLUMNS).initial_indent(first).subsequent_indent(others);
    for line in textwrap::wrap(text, options) {
        outln!("{}", line.trim_end());
    }
}
