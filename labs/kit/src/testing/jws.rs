//! Published valid and invalid signatures, which any check of HS256 tokens must tell apart.
//!
//! `jws/wycheproof.json` contains the tests with symmetric keys from C2SP Wycheproof's `json_web_signature_test.json`,
//! under the Apache License 2.0 (`LICENSE-APACHE`); those with RSA and EC keys need a verifier that supports such keys.
//! `jws/rfc.json` contains the RFCs' own examples. None of them signs an access token, so a token with a valid signature is
//! then refused because of its claims.

use serde::Deserialize;
use serde_json::Value;

/// One signature and its expected result.
#[derive(Debug)]
pub struct Vector {
    /// Where the vector is from, with its number and name there.
    pub name: String,
    /// The key, as a JSON Web Key.
    pub jwk: String,
    /// The text to be checked.
    pub jws: String,
    /// Whether its publisher calls it valid.
    pub valid: bool,
}

/// Wycheproof's wrong labels, each with the reason.
pub const MISLABELLED: &[(&str, &str)] = &[
    (
        "wycheproof 367 invalidBase64Padding",
        "the same bytes as 357, which is called valid; the padding was lost",
    ),
    ("wycheproof 370 invalidBase64PaddingInPayload", "the same bytes as 357, which is called valid"),
    (
        "wycheproof 372 InvalidCharacterInsertedInHeader",
        "`?` is not a character of base64url, and the MAC is of other text",
    ),
    (
        "wycheproof 373 InvalidCharacterInsertedInPayload",
        "`?` is not a character of base64url, and the MAC is of other text",
    ),
];

/// Every vector, Wycheproof's first, with its published label.
///
/// # Panics
/// A file of vectors cannot be parsed.
pub fn published() -> Vec<Vector> {
    [("wycheproof", include_str!("jws/wycheproof.json")), ("rfc", include_str!("jws/rfc.json"))]
        .into_iter()
        .flat_map(|(source, text)| vectors(source, text))
        .collect()
}

impl Vector {
    /// Whether the signature must be accepted as valid: as published, except for [`MISLABELLED`].
    pub fn is_right(&self) -> bool {
        self.valid != MISLABELLED.iter().any(|(name, _)| *name == self.name)
    }
}

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    jwk: Value,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    #[serde(rename = "tcId")]
    id: u32,
    comment: String,
    jws: String,
    result: Verdict,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Valid,
    Invalid,
}

fn vectors(source: &'static str, text: &str) -> Vec<Vector> {
    let file: File =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("the vectors of {source}: {error}"));
    let of_group = |group: Group| {
        let jwk = group.jwk.to_string();
        group.tests.into_iter().map(move |test| Vector {
            name: format!("{source} {} {}", test.id, test.comment),
            jwk: jwk.clone(),
            jws: test.jws,
            valid: test.result == Verdict::Valid,
        })
    };
    file.groups.into_iter().flat_map(of_group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_vectors_are_there_and_each_mislabelled_one_is_one_of_them() {
        let all = published();
        let of = |source: &str| all.iter().filter(|vector| vector.name.starts_with(source)).count();
        assert_eq!((of("wycheproof "), of("rfc ")), (40, 6));
        assert_eq!(all.iter().filter(|vector| vector.valid).count(), 12);
        assert_eq!(all.iter().filter(|vector| vector.is_right()).count(), 12);
        for (name, _) in MISLABELLED {
            assert_eq!(all.iter().filter(|vector| vector.name == *name).count(), 1, "{name}");
        }
        let [same, other] = ["wycheproof 357 ValidMac", MISLABELLED[0].0]
            .map(|name| all.iter().find(|vector| vector.name == name).map(|vector| &vector.jws));
        assert_eq!(same, other);
    }
}
