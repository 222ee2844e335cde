//! JSON exactly as a token contains it.
//!
//! `serde_json::Value` keeps the last of two members with one name and rounds large numbers, and a reader of a token must
//! see both: two servers can read different values from such a token.

use std::fmt;

use kit::visible::is_invisible;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;

/// How deep arrays and objects may be nested, which bounds the recursion.
const MAX_DEPTH: usize = 64;

/// The character that looks like a blank and that Japanese text contains.
const IDEOGRAPHIC_SPACE: char = '\u{3000}';

/// A JSON value with every member, and with numbers as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    /// `null`, `true` or `false`.
    Word(&'static str),
    /// A number, as it is written.
    Number(String),
    String(String),
    Array(Vec<Json>),
    Object(Members),
}

/// The members of an object, sorted by name. Members with one name keep their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Members(Vec<(String, Json)>);

impl Json {
    /// Parses a JSON text. The error says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        read(text, 0)
    }

    /// A value of the program as JSON; `null` if it has no form in JSON.
    pub(super) fn of(value: &(impl Serialize + ?Sized)) -> Self {
        let text = serde_json::to_string(value).ok();
        text.and_then(|text| Self::parse(&text).ok()).unwrap_or(Self::Word("null"))
    }

    /// An object with these members.
    pub(super) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        let mut members = members.map(|(name, value)| (name.to_owned(), value)).to_vec();
        members.sort_by(|one, other| one.0.cmp(&other.0));
        Self::Object(Members(members))
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// What kind of value this is, with its article.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Word("null") => "null",
            Self::Word(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The names that occur twice or more in one object, at any depth, each with its values.
    pub(super) fn duplicates(&self) -> Vec<(String, Vec<Json>)> {
        match self {
            Self::Array(elements) => elements.iter().flat_map(Self::duplicates).collect(),
            Self::Object(members) => members.duplicates(),
            _ => Vec::new(),
        }
    }

    /// The value as most parsers read it: of several members with one name, the last one.
    pub(super) fn deduplicated(&self) -> Self {
        match self {
            Self::Array(elements) => Self::Array(elements.iter().map(Self::deduplicated).collect()),
            Self::Object(members) => Self::Object(members.deduplicated()),
            other => other.clone(),
        }
    }

    /// The text in one line, with every invisible character escaped.
    pub(super) fn one_line(&self) -> String {
        printable(&serde_json::to_string(self).unwrap_or_default())
    }

    /// The text in several lines, with every invisible character escaped.
    pub(super) fn pretty(&self) -> String {
        printable(&serde_json::to_string_pretty(self).unwrap_or_default())
    }
}

impl Members {
    /// The value of a member; of several with this name, the last one, as most parsers do.
    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    pub(super) fn str(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, Json)> {
        self.0.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These members and those of another object.
    pub(super) fn joined(&self, other: &Self) -> Self {
        let mut members = [self.0.as_slice(), &other.0].concat();
        members.sort_by(|one, other| one.0.cmp(&other.0));
        Self(members)
    }

    pub(super) fn deduplicated(&self) -> Self {
        let alike = self.0.chunk_by(|one, other| one.0 == other.0);
        let last = alike.filter_map(<[_]>::last);
        Self(last.map(|(name, value)| (name.clone(), value.deduplicated())).collect())
    }

    /// The names that occur twice or more in one object, at any depth, each with its values.
    pub(super) fn duplicates(&self) -> Vec<(String, Vec<Json>)> {
        let alike = self.0.chunk_by(|one, other| one.0 == other.0).filter(|members| members.len() > 1);
        let here = alike.map(|members| {
            (members[0].0.clone(), members.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>())
        });
        here.chain(self.0.iter().flat_map(|(_, value)| value.duplicates())).collect()
    }
}

/// JSON with each character that a reader cannot see as `\uXXXX`. Outside of strings, JSON contains no such character but
/// line feeds, so the value stays the same.
fn printable(json: &str) -> String {
    let is_kept = |character| matches!(character, '\n' | IDEOGRAPHIC_SPACE) || !is_invisible(character);
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if is_kept(character) {
            text.push(character);
        } else {
            let units = &mut [0; 2];
            text.extend(character.encode_utf16(units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

fn read(text: &str, depth: usize) -> Result<Json, String> {
    if depth > MAX_DEPTH {
        return Err(format!("it is nested deeper than {MAX_DEPTH} levels"));
    }
    let broken = |error: serde_json::Error| error.to_string();
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let RawMembers(raw) = serde_json::from_str(text).map_err(broken)?;
            let members: Result<Vec<_>, String> =
                raw.into_iter().map(|(name, value)| Ok((name, read(value.get(), depth + 1)?))).collect();
            let mut members = members?;
            members.sort_by(|one, other| one.0.cmp(&other.0));
            Json::Object(Members(members))
        }
        Some(b'[') => {
            let raw: Vec<Box<RawValue>> = serde_json::from_str(text).map_err(broken)?;
            Json::Array(raw.iter().map(|value| read(value.get(), depth + 1)).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Json::String(serde_json::from_str(text).map_err(broken)?),
        _ => {
            // Checks the text: only a number remains whose digits are kept as they are.
            let checked: &RawValue = serde_json::from_str(text).map_err(broken)?;
            match checked.get() {
                "null" => Json::Word("null"),
                "true" => Json::Word("true"),
                "false" => Json::Word("false"),
                number => Json::Number(number.to_owned()),
            }
        }
    })
}

/// The members of an object, none left out.
struct RawMembers(Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for RawMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = RawMembers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawMembers, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(RawMembers(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Word(text) => raw(text).serialize(serializer),
            Self::Number(text) => raw(text).serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => {
                let mut sequence = serializer.serialize_seq(Some(elements.len()))?;
                elements.iter().try_for_each(|element| sequence.serialize_element(element))?;
                sequence.end()
            }
            Self::Object(members) => members.serialize(serializer),
        }
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

fn raw(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.to_owned()).ok()
}

#[cfg(test)]
mod tests;
