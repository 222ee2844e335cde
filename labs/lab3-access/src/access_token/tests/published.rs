//! Published signatures, valid and invalid: the library, configured as in this lab, tells them apart, and this lab's
//! header rules refuse all of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::errors::ErrorKind;
use kit::jwk::HmacKey;
use kit::testing::jws::{self, Vector};

use super::super::strict;
use super::{AUDIENCE, ISSUER, bench};
use crate::claims::{Claims, Object};

/// Whether the library accepts the signature: then it goes on to the claims, and fails because they are not those of an
/// access token.
fn holds(vector: &Vector) -> bool {
    let key: HmacKey = vector.jwk.parse().unwrap();
    let key = DecodingKey::from_secret(key.expose_bytes());
    let decoded = jsonwebtoken::decode::<Object<Claims<'_>>>(&vector.jws, &key, &strict(ISSUER, AUDIENCE));
    let refusal = decoded.err().unwrap_or_else(|| panic!("{}: an access token", vector.name));
    // A header that cannot be parsed gives the same kind of error as claims that cannot, so it is excluded here.
    jsonwebtoken::decode_header(&vector.jws).is_ok() && matches!(refusal.kind(), ErrorKind::Json(_))
}

#[test]
fn the_library_tells_right_from_wrong_in_every_published_vector() {
    for vector in jws::published() {
        assert_eq!(holds(&vector), vector.is_right(), "{}", vector.name);
    }
}

/// The full check refuses even the valid signatures, because a JWS is not an access token unless its header says so
/// (RFC 9068 §4).
#[test]
fn no_published_vector_is_an_access_token_and_its_header_says_so_before_any_cryptography() {
    let bench = bench();
    for vector in jws::published() {
        let reason = bench.check(&vector.jws).unwrap_err();
        if vector.is_right() {
            assert_eq!(reason, "the header lacks typ, alg or kid, or cannot be read", "{}", vector.name);
        }
    }
}

/// A header like this lab's except for its `alg`, so that the `alg` must be the reason for the refusal.
#[test]
fn alg_none_is_refused_in_our_own_header_too() {
    let bench = bench();
    let payload = URL_SAFE_NO_PAD.encode(bench.claims().to_string());
    for alg in ["none", "None", "NONE", "nOnE"] {
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"at+jwt","alg":"{alg}","kid":"2"}}"#));
        assert_eq!(
            bench.check(&format!("{header}.{payload}.")).unwrap_err(),
            "its alg is not that of its key",
            "{alg}"
        );
    }
}
