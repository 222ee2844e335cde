//! What is reported about the tokens, as JSON.

use std::collections::BTreeMap;

use super::check::Check;
use super::explain::Finding;
use super::json::{Json, Members};
use super::parts::{Form, Parts, Payload};
use super::time::{self, Moment};

/// One token, and what there is to tell about it.
pub(super) struct Reported {
    pub(super) place: Option<String>,
    pub(super) told: Told,
}

pub(super) enum Told {
    Read {
        parts: Box<Parts>,
        findings: Vec<Finding>,
        /// `None` if no key was given.
        check: Option<Check>,
    },
    Opaque(&'static str),
}

impl Reported {
    /// Whether the signature is valid, or was not to be checked.
    pub(super) fn is_fine(&self) -> bool {
        match &self.told {
            Told::Read { check: Some(check), .. } => check.holds == Some(true),
            _ => true,
        }
    }
}

/// An object about one token, or an object with the list of several.
pub(super) fn json(reported: &[Reported]) -> String {
    match reported {
        [alone] => object(alone),
        several => Json::object([("tokens", Json::Array(several.iter().map(object).collect()))]),
    }
    .pretty()
}

fn object(reported: &Reported) -> Json {
    let place = ("found_in", Json::of(&reported.place));
    let (parts, findings, check) = match &reported.told {
        Told::Read { parts, findings, check } => (parts, findings, check),
        Told::Opaque(sentence) => {
            return Json::object([place, ("kind", Json::of("opaque")), ("text", Json::of(sentence))]);
        }
    };
    let null = Json::Word("null");
    let (claims, payload) = match &parts.payload {
        Payload::Claims(claims) => (Json::Object(claims.deduplicated()), null),
        Payload::Json(json) => (null, json.deduplicated()),
        Payload::Text(text) => (null, Json::of(text)),
        Payload::Bytes(_) | Payload::Detached | Payload::Encrypted(_) => (null.clone(), null),
    };
    let form = match parts.form {
        Form::Compact => "compact",
        Form::Flattened => "flattened JSON",
        Form::General => "general JSON",
    };
    Json::object([
        place,
        ("kind", Json::of(if parts.is_encrypted() { "encrypted" } else { "signed" })),
        ("form", Json::of(form)),
        ("header", Json::Object(parts.header.deduplicated())),
        ("unprotected_header", Json::Object(parts.unprotected.deduplicated())),
        ("claims", claims),
        ("payload", payload),
        ("dates", Json::of(&dates(parts))),
        ("duplicates", Json::of(&duplicates(parts))),
        ("signature_bytes", Json::of(&parts.signature_bytes())),
        ("signature_holds", Json::of(&check.as_ref().and_then(|check| check.holds))),
        ("check", Json::of(check)),
        ("findings", Json::of(findings)),
    ])
}

/// The claims that are dates, in UTC.
fn dates(parts: &Parts) -> BTreeMap<&'static str, String> {
    let Payload::Claims(claims) = &parts.payload else { return BTreeMap::new() };
    let date = |name| Some((name, time::date(Moment::read(claims.get(name)?).seconds()?)?));
    ["exp", "iat", "nbf", "auth_time"].into_iter().filter_map(date).collect()
}

/// The values of each name that occurs twice or more.
fn duplicates(parts: &Parts) -> BTreeMap<&'static str, BTreeMap<String, Vec<Json>>> {
    let of = |members: &Members| members.duplicates().into_iter().collect::<BTreeMap<_, _>>();
    let claims = match &parts.payload {
        Payload::Claims(claims) => of(claims),
        _ => BTreeMap::new(),
    };
    [("header", of(&parts.header)), ("claims", claims)]
        .into_iter()
        .filter(|(_, duplicates)| !duplicates.is_empty())
        .collect()
}
