//! Makes a token from a seed: unchanged, or changed at one stage of its making, sometimes at two. A token that is
//! changed before signing is correctly signed, so that only the rule under test can refuse it.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::claims::{self, Member};
use crate::random::Random;
use crate::text;

/// The keys that both verifiers have, by `kid`; the first one issues.
pub(crate) const KEYS: [(&str, &str); 2] =
    [("2", "fedcba9876543210fedcba9876543210"), ("1", "0123456789abcdef0123456789abcdef")];

/// The stage at which a token was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Plain,
    Claims,
    Payload,
    Header,
    Encoding,
    Signing,
    Token,
}

impl Stage {
    pub(crate) const ALL: [Self; 7] =
        [Self::Plain, Self::Claims, Self::Payload, Self::Header, Self::Encoding, Self::Signing, Self::Token];

    /// Picks a stage at random. Claims and payloads are picked more often, because verifiers check them last.
    fn picked(random: &mut Random) -> Self {
        match random.below(16) {
            0 => Self::Plain,
            1..=5 => Self::Claims,
            6..=9 => Self::Payload,
            10..=11 => Self::Header,
            12 => Self::Encoding,
            13 => Self::Signing,
            _ => Self::Token,
        }
    }
}

/// The token of a seed at a time, and the stage of its change. With the same seed, another time makes the same changes.
pub(crate) fn token(seed: u64, now_s: u64) -> (Stage, String) {
    let mut random = Random::new(seed);
    let stage = Stage::picked(&mut random);
    let second = if stage != Stage::Plain && random.one_in(6) { Stage::picked(&mut random) } else { stage };
    (stage, made(&mut random, now_s, &|at| at == stage || at == second))
}

fn made(random: &mut Random, now_s: u64, changed: &dyn Fn(Stage) -> bool) -> String {
    let (kid, secret) = if random.one_in(4) { KEYS[1] } else { KEYS[0] };
    let mut members = claims::plain(random, now_s);
    if changed(Stage::Claims) {
        for _ in 0..=random.below(2) {
            claims::change(random, &mut members, now_s);
        }
    }
    let mut payload = rendered(&members).into_bytes();
    if changed(Stage::Payload) {
        text::change_payload(random, &mut payload);
    }
    let mut header = format!(r#"{{"typ":"at+jwt","alg":"HS256","kid":"{kid}"}}"#).into_bytes();
    if changed(Stage::Header) {
        header = text::changed_header(random, kid, header);
    }
    let (mut header, mut payload) = (URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    if changed(Stage::Encoding) {
        let part = if random.one_in(3) { &mut header } else { &mut payload };
        text::change_encoding(random, part);
    }
    let message = format!("{header}.{payload}");
    let signature = if changed(Stage::Signing) {
        otherwise_signed(random, &message, secret)
    } else {
        sign(&message, secret)
    };
    let mut token = format!("{message}.{signature}");
    if changed(Stage::Token) {
        // The plain token whose parts are swapped in is another user's.
        let other = if random.one_in(3) { made(random, now_s, &|_| false) } else { token.clone() };
        text::change_token(random, &mut token, &other);
    }
    token
}

fn rendered(members: &[Member]) -> String {
    let mut json = String::with_capacity(512);
    json.push('{');
    for (index, (name, value)) in members.iter().enumerate() {
        json.push_str(if index == 0 { "\"" } else { ",\"" });
        json.push_str(name);
        json.push_str("\":");
        json.push_str(value);
    }
    json.push('}');
    json
}

fn sign(message: &str, secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(mac(hmac::HMAC_SHA256, message, secret))
}

fn mac(algorithm: hmac::Algorithm, message: &str, secret: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), message.as_bytes())
}

fn otherwise_signed(random: &mut Random, message: &str, secret: &str) -> String {
    let right = mac(hmac::HMAC_SHA256, message, secret);
    let right = right.as_ref();
    match random.below(10) {
        0 => sign(message, KEYS[random.below(2)].1),
        1 => sign(message, random.pick(&["", "secret", "fedcba9876543210fedcba987654321"])),
        2 => URL_SAFE_NO_PAD.encode(mac(hmac::HMAC_SHA512, message, secret)),
        3 => URL_SAFE_NO_PAD.encode(mac(hmac::HMAC_SHA384, message, secret)),
        4 => URL_SAFE_NO_PAD.encode(&right[..random.below(33)]),
        5 => URL_SAFE_NO_PAD.encode([right, &[0]].concat()),
        6 => sign(message.split('.').nth(random.below(2)).unwrap_or_default(), secret),
        7 => right.iter().map(|byte| format!("{byte:02x}")).collect(),
        8 => URL_SAFE_NO_PAD.encode([0; 32]),
        _ => {
            let mut signature = sign(message, secret);
            text::change_encoding(random, &mut signature);
            signature
        }
    }
}
