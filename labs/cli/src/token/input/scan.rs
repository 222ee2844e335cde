//! Finds tokens in a text that contains other words.
//!
//! The header of a token is a JSON object, so its base64url starts with `ey` (`{"`) or `ew` (`{` and a line feed).

use std::collections::HashSet;

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
    let mut founds: Vec<Open> = Vec::new();
    let mut open: Option<Open> = None;
    let mut label: Option<&str> = None;
    let mut header: Option<&str> = None;
    for Word { text, follows } in words(text) {
        let is_part = follows && open.as_ref().is_some_and(Open::wants_more);
        if let Some((name, start)) = start(text)
            // A payload on its own line is an object too, but without an `alg`.
            && (!is_part || header_of(first_part(start)).is_some_and(|header| header.has("alg")))
        {
            founds.extend(open.take());
            let name = name.filter(|name| !name.is_empty()).or(label);
            open = Some(Open::new(place(header, name), start));
            label = None;
            continue;
        }
        match &mut open {
            Some(open) if is_part && text.bytes().all(is_of_a_token) => {
                open.add(text);
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
    let mut seen = HashSet::new();
    let founds = founds.into_iter().filter(|open| looks_like_a_token(&open.token));
    founds.map(|open| (open.place, open.token)).filter(|(_, token)| seen.insert(token.clone())).collect()
}

/// Whether a text starts with the header of a token and has a second part.
pub(super) fn looks_like_a_token(text: &str) -> bool {
    text.contains('.') && header_of(first_part(text)).is_some()
}

/// Whether a text may be an opaque value (RFC 6750 §2.1), and is not words or punctuation.
pub(super) fn is_opaque(text: &str) -> bool {
    let is_of_one = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=:%".contains(&byte);
    text.bytes().any(|byte| byte.is_ascii_alphanumeric()) && text.bytes().all(is_of_one)
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

/// A token that is being put together from words.
struct Open {
    place: Option<String>,
    token: String,
    /// What the header says about the rest, once the header is complete.
    rest: Option<Rest>,
}

/// How much of a token is needed behind its header.
enum Rest {
    /// A JWE: five parts, the last of 16 bytes or more.
    Encrypted,
    /// A JWS: three parts, the last of one of these lengths; of any length if there is none.
    Signed(&'static [usize]),
}

impl Open {
    fn new(place: Option<String>, start: &str) -> Self {
        let mut open = Self { place, token: String::new(), rest: None };
        open.add(start);
        open
    }

    fn add(&mut self, text: &str) {
        self.token.push_str(text);
        // The header is decoded once: this runs for every word of the input.
        if self.rest.is_none()
            && let Some((header, _)) = self.token.split_once('.')
        {
            self.rest = Some(header_of(header).map_or(Rest::Signed(&[]), |header| rest(&header)));
        }
    }

    /// Whether the token is surely not complete, so that the next line belongs to it.
    fn wants_more(&self) -> bool {
        let (parts, lengths): (_, &[usize]) = match &self.rest {
            None => return true,
            Some(Rest::Encrypted) => (5, &[]),
            Some(Rest::Signed(lengths)) => (3, lengths),
        };
        let (dots, last) =
            (self.token.matches('.').count(), self.token.rsplit('.').next().unwrap_or_default());
        let last_chars = last.trim_end_matches('=').len();
        let is_short = match parts {
            5 => last_chars < 22,
            _ => !lengths.contains(&last_chars) && lengths.iter().any(|length| last_chars < *length),
        };
        dots + 1 < parts || (dots + 1 == parts && is_short)
    }
}

/// What a header says about the rest of its token, from the length of the algorithm's signatures in base64url.
fn rest(header: &Members) -> Rest {
    if header.has("enc") {
        return Rest::Encrypted;
    }
    Rest::Signed(match header.str("alg").unwrap_or_default() {
        "HS256" => &[43],
        "HS384" => &[64],
        "HS512" | "ES256" | "ES256K" | "EdDSA" | "Ed25519" => &[86],
        "ES384" => &[128],
        "ES512" => &[176],
        // Keys with 2048, 3072, 4096 and 8192 bits.
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => &[342, 512, 683, 1366],
        _ => &[],
    })
}
