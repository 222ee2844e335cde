//! Tests of the strict verifier with published signatures, valid and invalid.

use aws_lc_rs::hmac;
use kit::jwk::HmacKey;
use kit::testing::jws::{self, Vector};
use kit::{Clock, Error};

use super::super::{Issued, StrictVerifier};
use super::{AUDIENCE, ISSUER, LEEWAY_S, bench};

/// The vectors for which the strict verifier must differ from a correct label, each with the reason. `MISLABELLED` in
/// `kit` lists those with a wrong label.
const DEVIATIONS: &[(&str, &str)] = &[
    (
        "wycheproof 376 ValidSpacesInJsonHeader",
        "a header is compared and not read: an equivalent one in another spelling does not match",
    ),
    ("wycheproof 377 ValidWhiteSpaceInJsonHeader", "the same"),
];

/// A verifier whose only key is the vector's, for tokens that begin with this header.
fn verifier(header: &str, vector: &Vector) -> StrictVerifier {
    let key: HmacKey = vector.jwk.parse().unwrap();
    StrictVerifier {
        issued: vec![Issued {
            header_and_dot: format!("{header}."),
            key: hmac::Key::new(hmac::HMAC_SHA256, key.expose_bytes()),
        }],
        issuer: ISSUER.into(),
        audience: AUDIENCE.into(),
        leeway_s: LEEWAY_S,
        clock: Clock::system(),
    }
}

fn header(vector: &Vector) -> &str {
    vector.jws.split('.').next().unwrap_or_default()
}

/// Whether the verifier accepts the signature and the encoding of the payload: then it goes on to the claims, and
/// refuses them because they are not those of an access token.
fn holds(verifier: &StrictVerifier, vector: &Vector) -> bool {
    match verifier.check(&vector.jws).unwrap_err() {
        Error::InvalidToken("the payload is not an object") => true,
        Error::InvalidToken("a claim is missing, repeated, or of the wrong type") => true,
        Error::InvalidToken(_) | Error::ForgedToken(_) => false,
        other => panic!("{}: {other}", vector.name),
    }
}

/// For each key, the expected header is that of the key's first valid vector.
#[test]
fn right_is_told_from_wrong_in_every_published_vector_but_the_listed_ones() {
    let all = jws::published();
    let mut deviating = Vec::new();
    for vector in &all {
        let first = all.iter().find(|other| other.jwk == vector.jwk && other.is_right()).unwrap();
        let holds = holds(&verifier(header(first), vector), vector);
        if holds != vector.is_right() {
            assert!(!holds, "{} is taken", vector.name);
            deviating.push(vector.name.as_str());
        }
    }
    assert_eq!(deviating, DEVIATIONS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

/// Each vector is verified as if its own header were the one that this server writes. Then no valid vector is refused
/// because of its header. An invalid vector is invalid because of its header alone only if that header is not base64url
/// or names another `alg`; this server writes no such header.
#[test]
fn whatever_header_is_ours_the_signature_decides() {
    let never_ours = ["wycheproof 365 spacesInHeader", "wycheproof 366 invalidCharactersInHeader"];
    for vector in jws::published() {
        let holds = holds(&verifier(header(&vector), &vector), &vector);
        let expected = vector.is_right() || never_ours.contains(&vector.name.as_str());
        assert_eq!(holds, expected, "{}", vector.name);
    }
}

#[test]
fn no_published_vector_is_an_access_token() {
    let bench = bench();
    for vector in jws::published() {
        assert_eq!(
            bench.check(&vector.jws).unwrap_err(),
            "the header does not match any that this server issues",
            "{}",
            vector.name
        );
    }
}
