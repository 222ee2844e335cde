//! What is reported about the tokens, as JSON.

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

use super::check::Check;
use super::explain::Finding;
use super::json::{self, Json, Members};
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
        [alone] => json::pretty(&object(alone)),
        several => {
            let tokens: Vec<_> = several.iter().map(object).collect();
            json::pretty(&BTreeMap::from([("tokens", tokens)]))
        }
    }
}

type Object = BTreeMap<&'static str, Box<RawValue>>;

fn object(reported: &Reported) -> Object {
    let mut object = Object::new();
    let mut set = |name, value: &dyn erased::Json| {
        object.insert(name, value.raw());
    };
    set("found_in", &reported.place);
    let (parts, findings, check) = match &reported.told {
        Told::Read { parts, findings, check } => (parts, findings, check),
        Told::Opaque(sentence) => {
            set("kind", &"opaque");
            set("text", sentence);
            return object;
        }
    };
    set("kind", &if parts.is_encrypted() { "encrypted" } else { "signed" });
    set("form", &match parts.form {
        Form::Compact => "compact",
        Form::Flattened => "flattened JSON",
        Form::General => "general JSON",
    });
    set("header", &parts.header.deduplicated());
    set("unprotected_header", &parts.unprotected.deduplicated());
    set("claims", &None::<Value>);
    set("payload", &None::<Value>);
    match &parts.payload {
        Payload::Claims(claims) => set("claims", &claims.deduplicated()),
        Payload::Json(json) => set("payload", &json.deduplicated()),
        Payload::Text(text) => set("payload", text),
        Payload::Bytes(_) | Payload::Detached | Payload::Encrypted(_) => {}
    }
    set("dates", &dates(parts));
    set("duplicates", &duplicates(parts));
    set("signature_bytes", &parts.signature.len());
    set("signature_holds", &check.as_ref().and_then(|check| check.holds));
    set("check", check);
    set("findings", findings);
    object
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

/// Values of any type that can be written as JSON.
mod erased {
    use super::{RawValue, to_raw_value};

    pub(super) trait Json {
        fn raw(&self) -> Box<RawValue>;
    }

    impl<T: serde::Serialize> Json for T {
        fn raw(&self) -> Box<RawValue> {
            to_raw_value(self).unwrap_or_else(|_| RawValue::NULL.to_owned())
        }
    }
}
