//! What people paste: a token, a header, a cookie, a server's JSON answer, a `curl` line, or several of them.

mod scan;

use harness::Failure;

use super::json::{Json, Members};
use super::parts::Parts;
use super::serialization;

/// A token, and where in the input it was found.
#[derive(Debug)]
pub(super) struct Found {
    /// For example `access_token`; `None` if the input is the token alone. It is a text from outside.
    pub(super) place: Option<String>,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    /// A token that can be read.
    Readable(Box<Parts>),
    /// A token without readable contents, and a sentence about it.
    Opaque(&'static str),
}

const REFRESH_TOKEN: &str = "this is a refresh token of the hybrid design: it is opaque on purpose and contains nothing to read; only the server that issued it can look it up";
const OPAQUE: &str = "this is no JWT but an opaque value, such as a session id or a refresh token: it contains nothing to read; only the server that issued it knows its meaning (RFC 7662 describes how an API asks that server)";
const PASETO: &str =
    "this is a PASETO, another format of tokens, which this command does not read; it reads JWT, JWS and JWE";
const KEY: &str = "this is a key, and no token; give the token here, and the key in a file with --key FILE";

/// All tokens in a text.
///
/// # Errors
/// The text contains no token that can be read; the message says what it is instead.
pub(super) fn tokens(text: &str) -> Result<Vec<Found>, Failure> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(Failure::new("there is no token in the input, which is empty")
            .advice("paste one, or pipe it into `cargo lab token -`"));
    }
    if text.contains("-----BEGIN ") {
        return Err(Failure::new(KEY));
    }
    let founds = match Json::parse(text) {
        Ok(Json::String(inner)) => return tokens(&inner),
        Ok(json @ (Json::Object(_) | Json::Array(_))) => in_json(&json)?,
        _ => in_text(text)?,
    };
    match &founds[..] {
        [Found { content: Content::Opaque(sentence), .. }] => Err(Failure::new(*sentence)),
        _ => Ok(founds),
    }
}

fn in_text(text: &str) -> Result<Vec<Found>, Failure> {
    // The payload of RFC 7797 may contain any character, so the text is first taken as it is.
    if let Ok(parts) = Parts::split(text)
        && parts.signature.is_ok()
    {
        return Ok(vec![Found { place: None, content: Content::Readable(Box::new(parts)) }]);
    }
    let text = percent_decoded(text);
    let candidates = scan::candidates(&text);
    if candidates.is_empty() {
        return Err(no_token(&text));
    }
    let alone = candidates.len() == 1;
    candidates
        .into_iter()
        .map(|(place, token)| {
            let parts = Parts::split(&token).map_err(|failure| match &place {
                Some(place) if !alone => Failure::new(format!("{}: {failure}", shown(place))),
                _ => failure,
            })?;
            Ok(Found { place, content: Content::Readable(Box::new(parts)) })
        })
        .collect()
}

/// Why a text contains no token.
fn no_token(text: &str) -> Failure {
    let word = scan::bare(text);
    let is_one_word = !word.contains(char::is_whitespace);
    if text
        .split(|character: char| !character.is_ascii_alphanumeric() && !".-_".contains(character))
        .any(|word| word.starts_with("rt1."))
    {
        return Failure::new(REFRESH_TOKEN);
    }
    if let Some(version) = word.strip_prefix('v').and_then(|rest| rest.get(1..))
        && (version.starts_with(".local.") || version.starts_with(".public."))
    {
        return Failure::new(PASETO);
    }
    match Parts::split(word) {
        _ if scan::is_opaque(word) && !word.contains('.') => Failure::new(OPAQUE),
        Err(failure) if is_one_word && word.contains('.') => failure,
        _ => Failure::new("this text contains no token: a JWT starts with `eyJ` and has two dots").advice(
            "copy all of it; a cookie or a token without dots is opaque, and contains nothing to read",
        ),
    }
}

/// The tokens among the strings of a JSON document, for example a server's answer to a login (RFC 6749 §5.1).
fn in_json(json: &Json) -> Result<Vec<Found>, Failure> {
    let mut founds = Vec::new();
    walk(json, "", &mut founds)?;
    if !founds.is_empty() {
        return Ok(founds);
    }
    let is_key = |object: &Members| object.has("kty") || object.has("keys");
    match json {
        Json::Object(object) if is_key(object) => Err(Failure::new(KEY)),
        _ => Err(Failure::new("this is JSON, and none of its strings is a token")
            .advice("paste the token itself, or an answer with an `access_token`")),
    }
}

fn walk(json: &Json, path: &str, founds: &mut Vec<Found>) -> Result<(), Failure> {
    let place = (!path.is_empty()).then(|| path.to_owned());
    match json {
        Json::Object(object) if serialization::is_one(object) => {
            let parts = serialization::parts(object)?;
            let count = parts.len();
            founds.extend(parts.into_iter().enumerate().map(|(index, parts)| Found {
                place: if count > 1 { Some(format!("{path}signatures[{index}]")) } else { place.clone() },
                content: Content::Readable(Box::new(parts)),
            }));
        }
        Json::Object(object) => {
            for (name, value) in object.iter() {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(value, &path, founds)?;
            }
        }
        Json::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                walk(element, &format!("{path}[{index}]"), founds)?;
            }
        }
        Json::String(text) => {
            let is_named_token = path.rsplit('.').next().is_some_and(|name| name.ends_with("token"));
            match in_text(text) {
                Ok(found) if scan::looks_like_a_token(scan::bare(text)) => {
                    founds.extend(found.into_iter().map(|found| Found { place: place.clone(), ..found }));
                }
                _ if is_named_token => {
                    let sentence = if text.starts_with("rt1.") { REFRESH_TOKEN } else { OPAQUE };
                    founds.push(Found { place, content: Content::Opaque(sentence) });
                }
                _ => {}
            }
        }
        _ => {}
    }
    Ok(())
}

/// The text with `%20` and the like decoded, as a URL or a cookie contains it. Characters beyond ASCII stay as they are.
fn percent_decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let hex = after.get(..2).filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii) {
            Some(byte) => {
                decoded.push(char::from(byte));
                rest = &after[2..];
            }
            None => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

/// A place, safe and short enough to print.
pub(super) fn shown(place: &str) -> String {
    kit::visible::excerpt(place, 60)
}

#[cfg(test)]
mod tests;
