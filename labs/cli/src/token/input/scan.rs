//! Finds tokens in a text that contains other words.
//!
//! The header of a token is a JSON object, so its base64url starts with `ey` (`{"`) or `ew` (`{` and a line feed).

use super::super::base64url;
use super::super::json::{Json, Members};

/// The characters between words.
const BETWEEN: &str = "\"'`,;<>(){}[]|&?\\";

/// The schemes that stand before a token in a header.
const SCHEMES: [&str; 5] = ["bearer", "dpop", "jwt", "token", "basic"];

/// A word, and whether only white space separates it from the word before.
struct Word<'a> {
    text: &'a str,
    follows: bool,
}

/// Every token in the text, with the name that stands before it: a header, a cookie, or a variable.
pub(super) fn candidates(text: &str) -> Vec<(Option<String>, String)> {
    let mut founds: Vec<(Option<String>, String)> = Vec::new();
    let mut open: Option<(Option<String>, String)> = None;
    let mut label: Option<&str> = None;
    let mut header: Option<&str> = None;
    for Word { text, follows } in words(text) {
        if let Some((name, start)) = start(text) {
            let is_part = follows && open.as_ref().is_some_and(|(_, token)| wants_more(token));
            // A payload on its own line is an object too, but without an `alg`.
            if !is_part || header_of(first_part(start)).is_some_and(|header| header.has("alg")) {
                founds.extend(open.take());
                let name = name.filter(|name| !name.is_empty()).or(label);
                open = Some((place(header, name), start.to_owned()));
                label = None;
                continue;
            }
        }
        match &mut open {
            Some((_, token)) if follows && wants_more(token) && text.bytes().all(is_of_a_token) => {
                token.push_str(text);
                continue;
            }
            _ => founds.extend(open.take()),
        }
        match text.strip_suffix(':') {
            Some("") => {}
            Some(name) => {
                header = Some(name);
                label = None;
            }
            None if SCHEMES.contains(&text.to_ascii_lowercase().as_str()) => {}
            None => label = Some(text.trim_end_matches('=')),
        }
    }
    founds.extend(open.take());
    founds.retain(|(_, token)| looks_like_a_token(token));
    let mut seen = Vec::new();
    founds.retain(|(_, token)| {
        let is_new = !seen.contains(token);
        seen.push(token.clone());
        is_new
    });
    founds
}

/// Whether a text starts with the header of a token and has a second part.
pub(super) fn looks_like_a_token(text: &str) -> bool {
    text.contains('.') && header_of(first_part(text)).is_some()
}

/// The text without a header's name, a scheme, quotes and punctuation around it.
pub(super) fn bare(text: &str) -> &str {
    let is_around = |character: char| character.is_whitespace() || BETWEEN.contains(character);
    let mut text = text.trim_matches(is_around);
    if let Some((name, value)) = text.split_once(':')
        && name.eq_ignore_ascii_case("authorization")
    {
        text = value.trim_matches(is_around);
    }
    if let Some((scheme, value)) = text.split_once(char::is_whitespace)
        && SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
    {
        text = value.trim_matches(is_around);
    }
    text
}

fn words(text: &str) -> Vec<Word<'_>> {
    let is_between = |character: char| character.is_whitespace() || BETWEEN.contains(character);
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|character| !is_between(character)) {
        let (gap, from) = rest.split_at(at);
        let (word, after) = from.split_at(from.find(is_between).unwrap_or(from.len()));
        words.push(Word { text: word, follows: gap.chars().all(char::is_whitespace) });
        rest = after;
    }
    words
}

/// Where a token may start in a word, and the name before it: `session=eyJ…`.
fn start(word: &str) -> Option<(Option<&str>, &str)> {
    let is_start = |text: &str| text.starts_with("ey") || text.starts_with("ew");
    if is_start(word) {
        return Some((None, word));
    }
    let at = word
        .char_indices()
        .find(|(at, character)| "=:#@".contains(*character) && is_start(&word[at + 1..]))?
        .0;
    let name = word[..at].rsplit(['#', '/']).next().unwrap_or_default();
    Some((Some(name), &word[at + 1..]))
}

/// How the place of a token is told.
fn place(header: Option<&str>, name: Option<&str>) -> Option<String> {
    let is_cookie = |header: &&str| ["cookie", "set-cookie"].contains(&header.to_ascii_lowercase().as_str());
    match (header, name) {
        (Some(header), Some(name)) if is_cookie(&header) => Some(format!("{header}: {name}")),
        (_, Some(name)) => Some(name.to_owned()),
        (Some(header), None) => Some(header.to_owned()),
        (None, None) => None,
    }
}

fn first_part(token: &str) -> &str {
    token.split('.').next().unwrap_or_default()
}

fn header_of(part: &str) -> Option<Members> {
    let text = String::from_utf8(base64url::decode(part).ok()?.bytes).ok()?;
    match Json::parse(&text) {
        Ok(Json::Object(header)) => Some(header),
        _ => None,
    }
}

fn is_of_a_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_+/=.".contains(&byte)
}

/// Whether a token is surely not complete, so that the next line belongs to it: it has too few parts, or a signature that
/// is too short for its algorithm.
fn wants_more(token: &str) -> bool {
    let (dots, last) = (token.matches('.').count(), token.rsplit('.').next().unwrap_or_default());
    let Some(header) = header_of(first_part(token)) else { return dots == 0 };
    if header.has("enc") {
        return dots < 4 || last.len() < 22;
    }
    let missing = match header.str("alg").unwrap_or_default() {
        "HS256" => last.len() < 43,
        "HS384" => last.len() < 64,
        "HS512" | "ES256" | "ES256K" | "EdDSA" | "Ed25519" => last.len() < 86,
        "ES384" => last.len() < 128,
        "ES512" => last.len() < 176,
        // The signatures of keys with 2048, 3072, 4096 and 8192 bits.
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => {
            ![342, 512, 683, 1366].contains(&last.trim_end_matches('=').len())
        }
        _ => false,
    };
    dots < 2 || (dots == 2 && missing)
}
