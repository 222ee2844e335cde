//! The model's access tokens: HS256 by hand, checked against a list of issued tokens, plus each way to check too little.

use std::net::SocketAddr;

use aws_lc_rs::{aead, hmac};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use conformance::Design;

use super::model::{ABSOLUTE, Model};

fn hs256(key: &[u8], input: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), input.as_bytes()).as_ref().to_vec()
}

fn decoded(part: &str) -> Option<Value> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn encoded(json: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

/// The content of a JWE that is encrypted with a key of zeros.
fn opened(token: &str) -> Option<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    let &[header, "", vector, text, tag] = parts.as_slice() else { return None };
    let [vector, text, tag] = [vector, text, tag].map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    let mut sealed = [text?, tag?].concat();
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, &[0; 32]).unwrap());
    let nonce = aead::Nonce::try_assume_unique_for_key(&vector?).ok()?;
    serde_json::from_slice(key.open_in_place(nonce, aead::Aad::from(header), &mut sealed).ok()?).ok()
}

/// The address from which, according to the token, its key can be loaded.
pub(crate) fn address_in(token: &str) -> Option<SocketAddr> {
    let header = decoded(token.split('.').next()?)?;
    let url = header.get("jku").or(header.get("x5u"))?.as_str()?;
    url.trim_start_matches("http://").split('/').next()?.parse().ok()
}

impl Model {
    fn key(&self) -> Vec<u8> {
        if self.is("guessable-key") { b"secret".to_vec() } else { self.secret.clone() }
    }

    pub(crate) fn issue_access(&mut self, user: &str, email: &str, sid: &str, epoch: u64) -> String {
        let typ = if self.is("typ-is-jwt") { "JWT" } else { "at+jwt" };
        let now = self.now_seconds();
        let jti = if self.is("jti-constant") { "1".to_owned() } else { self.random() };
        let exp = now + self.lifetime(sid);
        let mut claims = json!({"iss": "fake", "aud": "fake", "sub": user, "iat": now, "exp": exp, "jti": jti, "email": email});
        if self.design == Design::Hybrid {
            claims["sid"] = json!(sid);
            claims["epoch"] = json!(epoch);
        }
        if self.is("claims-too-many") {
            claims["role"] = json!("user");
        }
        let input =
            format!("{}.{}", encoded(&json!({"alg": "HS256", "kid": "k1", "typ": typ})), encoded(&claims));
        let signature = hs256(&self.key(), &input);
        let token = format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
        self.issued.push(token.clone());
        token
    }

    /// The lifetime of a new access token of this session, in seconds.
    pub(crate) fn lifetime(&self, sid: &str) -> u64 {
        let session = self.sessions.get(sid).filter(|_| self.design == Design::Hybrid);
        let Some(session) = session.filter(|_| !self.is("access-outlives-session")) else { return 900 };
        ((session.created + ABSOLUTE - self.now()) as u64).min(900)
    }

    /// The claims of a token that is accepted, without checking `exp`.
    pub(crate) fn claims_of(&self, token: &str) -> Option<Value> {
        if self.design == Design::Session {
            return None;
        }
        self.believed(token).or_else(|| {
            // Only a token that was issued is accepted: no byte may differ.
            self.issued
                .iter()
                .any(|issued| issued == token)
                .then(|| decoded(token.split('.').nth(1)?))
                .flatten()
        })
    }

    /// The claims that a faulty server accepts.
    fn believed(&self, token: &str) -> Option<Value> {
        if self.is("encrypted-claims-believed") {
            return opened(token);
        }
        let parts: Vec<&str> = token.split('.').collect();
        let real = |token: &str| self.issued.iter().any(|issued| issued == token);
        if let (Some(header), Some(claims), Some(signature)) = (
            parts.first().and_then(|part| decoded(part)),
            parts.get(1).and_then(|part| decoded(part)),
            parts.get(2),
        ) {
            let input = format!("{}.{}", parts[0], parts[1]);
            let sealed = |key: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(hs256(key, &input)) == *signature;
            let given = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let raw = BASE64_URL_SAFE_NO_PAD.decode(signature);
            let right = hs256(&self.key(), &input);
            let in_part = |index: usize, part: &str| {
                self.issued.iter().any(|token| token.split('.').nth(index) == Some(part))
            };
            let lets_in = match self.fault {
                "alg-none-taken" => given("alg").eq_ignore_ascii_case("none"),
                "alg-chosen-by-token" => given("alg") != "HS256" && sealed(b""),
                "typ-unread" => given("typ") != "at+jwt" && sealed(b""),
                "kid-from-file" => given("kid") != "k1" && sealed(b""),
                "crit-unread" => header.get("crit").is_some() && sealed(b""),
                "guessable-key" => sealed(b"secret"),
                "own-key-taken" => header
                    .get("jwk")
                    .and_then(|jwk| jwk.get("k"))
                    .and_then(Value::as_str)
                    .is_some_and(|key| sealed(&BASE64_URL_SAFE_NO_PAD.decode(key).unwrap_or_default())),
                "role-believed" => claims.get("role").is_some(),
                "parts-judged-alone" => (0..3).all(|index| in_part(index, parts[index])),
                "signature-compared-short" => {
                    given("alg") == "HS256"
                        && raw.is_ok_and(|raw| raw.iter().zip(&right).all(|(a, b)| a == b))
                }
                "signature-half-compared" => raw.is_ok_and(|raw| raw.len() == 32 && raw[..16] == right[..16]),
                "parts-too-many" => parts.len() > 3 && real(&parts[..3].join(".")),
                "last-bits-unread" => {
                    parts.len() == 3
                        && self.issued.iter().any(|token| {
                            token.rsplit_once('.').is_some_and(|(issued, right)| {
                                issued == input
                                    && right[..42] == signature[..42.min(signature.len())]
                                    && signature.len() == 43
                            })
                        })
                }
                _ => false,
            };
            let three = parts.len() == 3 || self.is("parts-too-many");
            if lets_in && three && token.len() <= 4096 {
                return Some(claims);
            }
        }
        let close = |issued: &&String| {
            let (Some(first), Some(last)) = (issued.find('.'), issued.rfind('.')) else { return false };
            let pairs = issued.bytes().zip(token.bytes()).enumerate();
            let differing: Vec<usize> = pairs.filter(|(_, (a, b))| a != b).map(|(at, _)| at).collect();
            issued.len() == token.len() && differing.len() == 1 && (first..last).contains(&differing[0])
        };
        let issued = match self.fault {
            "one-character-forgiven" => self.issued.iter().find(close).cloned(),
            "padding-forgiven" => {
                let trimmed = token.replace('=', "");
                real(&trimmed).then_some(trimmed)
            }
            "json-serialization-taken" => self.json_serialized(token),
            _ => None,
        }?;
        decoded(issued.split('.').nth(1)?)
    }

    fn json_serialized(&self, token: &str) -> Option<String> {
        let text =
            BASE64_URL_SAFE_NO_PAD.decode(token).or_else(|_| BASE64_STANDARD_NO_PAD.decode(token)).ok()?;
        let json: Value = serde_json::from_slice(&text).ok()?;
        let text = |name: &str| json.get(name).and_then(Value::as_str);
        let compact = format!("{}.{}.{}", text("protected")?, text("payload")?, text("signature")?);
        self.issued.contains(&compact).then_some(compact)
    }
}
