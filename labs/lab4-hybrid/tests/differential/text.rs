//! Changes bytes and characters: of the JSON, of the base64url, of the token as a whole.

use crate::random::Random;

const BYTES: &[u8] = b"\"\\{}[]:,.-+eE0129 \n\t\0\x01\x7f\x80\xc3\xff/unltrfa_=";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(crate) fn change_payload(random: &mut Random, payload: &mut Vec<u8>) {
    match random.below(10) {
        0 => {
            let before: &str = random.pick(&["\u{feff}", " ", "\n", "\0", "{", "[", "{},"]);
            drop(payload.splice(0..0, before.bytes()));
        }
        1 => payload.extend(random.pick(&["x", " ", "\n", "\0", "{}", "}", ",", "//"]).bytes()),
        2 => payload.truncate(random.below(payload.len())),
        3 => {
            let at = structural(random, payload);
            payload.insert(at, *random.pick(&[&b' ', &b'\n', &b'\t', &b'\r', &0x0b, &0x0c]));
        }
        4 => *payload = list_of_values(payload),
        5 => *payload = random.pick(&["{}", "[]", "", "null", "\"\"", "0", "{\"exp\":1}"]).into(),
        _ => {
            for _ in 0..=random.below(4) {
                change_byte(random, payload);
            }
        }
    }
}

fn change_byte(random: &mut Random, bytes: &mut Vec<u8>) {
    let (at, byte) = (random.below(bytes.len()), BYTES[random.below(BYTES.len())]);
    match (random.below(4), bytes.is_empty()) {
        (_, true) | (0, _) => bytes.insert(at, byte),
        (1, _) => bytes[at] = byte,
        (2, _) => drop(bytes.remove(at)),
        _ => bytes[at] ^= 1 << random.below(8),
    }
}

/// A position just before or after a structural character of JSON.
fn structural(random: &mut Random, payload: &[u8]) -> usize {
    let places: Vec<_> = (0..payload.len()).filter(|&at| b"{}:,\"".contains(&payload[at])).collect();
    places.get(random.below(places.len())).map_or(0, |at| at + random.below(2))
}

/// The claims' values without their names, as a list, in the order in which a struct might declare them.
fn list_of_values(payload: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<serde_json::Map<_, _>>(payload) {
        Ok(claims) => {
            let names = ["iss", "aud", "sub", "iat", "iat", "exp", "jti", "email", "sid", "epoch"];
            let values: Vec<_> = names.iter().filter_map(|name| claims.get(*name)).collect();
            serde_json::to_vec(&values).unwrap_or_default()
        }
        Err(_) => b"[]".to_vec(),
    }
}

pub(crate) fn changed_header(random: &mut Random, kid: &str, mut right: Vec<u8>) -> Vec<u8> {
    let (typ, alg) = (r#""typ":"at+jwt""#, r#""alg":"HS256""#);
    let changed = match random.below(16) {
        0 => format!(r#"{{{alg},{typ},"kid":"{kid}"}}"#),
        1 => format!(r#"{{{typ}, {alg}, "kid": "{kid}"}}"#),
        2 => format!(
            r#"{{{typ},{alg},"kid":"{kid}","crit":{}}}"#,
            random.pick(&["null", "[]", "[\"b64\"]", "1"])
        ),
        3 => format!(r#"{{{typ},{alg},"kid":"{kid}","b64":{}}}"#, random.pick(&["false", "true", "null"])),
        4 => format!(r#"{{{typ},{alg},"kid":"{kid}","jwk":{{"kty":"oct","k":"AAAA"}}}}"#),
        5 => format!(r#"{{{typ},{alg},"kid":"{kid}","jku":"http://127.0.0.1:1/"}}"#),
        6 => format!(
            r#"{{{typ},"alg":"{}","kid":"{kid}"}}"#,
            random.pick(&["none", "hs256", "HS512", "RS256", ""])
        ),
        7 => format!(
            r#"{{"typ":"{}",{alg},"kid":"{kid}"}}"#,
            random.pick(&["JWT", "AT+JWT", "", "at\\u002bjwt"])
        ),
        8 => format!(
            r#"{{{typ},{alg},"kid":{}}}"#,
            random.pick(&["2", "1", "null", "\"3\"", "\"02\"", "\"\\u0032\""])
        ),
        9 => format!(
            r#"{{{typ},{alg},"kid":"{kid}",{}}}"#,
            random.pick(&[typ, alg, "\"kid\":\"1\"", "\"kid\":\"2\""])
        ),
        10 => format!(r#"{{{typ},"kid":"{kid}"}}"#),
        11 => format!(r#"["at+jwt","HS256","{kid}"]"#),
        // The header of the other key, with this key's signature.
        12 => format!(r#"{{{typ},{alg},"kid":"{}"}}"#, if kid == "2" { "1" } else { "2" }),
        _ => {
            change_byte(random, &mut right);
            return right;
        }
    };
    changed.into_bytes()
}

/// Encodes the same bytes differently, or almost the same bytes.
pub(crate) fn change_encoding(random: &mut Random, part: &mut String) {
    let at = random.below(part.len());
    match random.below(8) {
        0 => part.push_str(random.pick(&["=", "==", "A", "AA", "AAA", "."])),
        1 => *part = part.replace('-', "+").replace('_', "/"),
        2 => part.insert_str(at, random.pick(&["\n", " ", "\r\n", "=", ".", "%2D", "\0", "é"])),
        3 => drop(part.pop()),
        4 if !part.is_empty() => drop(part.remove(at)),
        5 => part.clear(),
        _ => {
            // The unused bits of the last character, which a lax decoder ignores.
            let Some(last) = part.pop() else { return };
            let value = ALPHABET.iter().position(|byte| char::from(*byte) == last).unwrap_or(0);
            part.push(char::from(ALPHABET[value ^ (1 << random.below(4))]));
        }
    }
}

pub(crate) fn change_token(random: &mut Random, token: &mut String, other: &str) {
    let at = random.below(token.len());
    match random.below(9) {
        0..=2 => {
            let mut bytes = std::mem::take(token).into_bytes();
            for _ in 0..=random.below(3) {
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(7);
            }
            // One changed bit leaves ASCII characters ASCII; if the text was not ASCII, it is dropped.
            *token = String::from_utf8(bytes).unwrap_or_default();
        }
        3 => token.truncate(boundary(token, at)),
        4 => drop(token.drain(..boundary(token, at))),
        5 => {
            let (own, others): (Vec<_>, Vec<_>) = (token.split('.').collect(), other.split('.').collect());
            let part = |random: &mut Random, index: usize| {
                let from = if random.one_in(2) { &own } else { &others };
                from.get(if random.one_in(4) { random.below(3) } else { index }).copied().unwrap_or_default()
            };
            let parts: Vec<_> = (0..2 + random.below(3)).map(|index| part(random, index % 3)).collect();
            *token = parts.join(".");
        }
        6 => token.insert_str(
            boundary(token, at),
            random.pick(&[".", "..", " ", "\n", "é", "\u{2024}", "\0", "="]),
        ),
        7 => {
            *token = random
                .pick(&[&*format!(" {token}"), &*format!("{token}\n"), &*format!("Bearer {token}")])
                .into()
        }
        _ => {
            let parts: Vec<_> = token.splitn(3, '.').collect();
            if let [header, payload, signature] = parts[..] {
                *token = format!(
                    r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
                );
            }
        }
    }
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
