//! Measures the minimal work of checking a signed token, and a library's check, for comparison with a check of our own.
//!
//! The parts are the MAC, base64 and JSON. Each is done in the fastest way that we know, on prepared input, so that a
//! part costs only itself. The library is `jsonwebtoken`, with key and rules prepared once, as its documentation
//! advises. This module knows no lab: it needs only a token and the secret that signed it.

use std::borrow::Cow;
use std::hint::black_box;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

/// Buffer sizes for the payload of a usual token, and for a MAC.
const PAYLOAD_BYTES: usize = 512;
const MAC_BYTES: usize = 33;

/// Why a token cannot be measured. Rejecting a token is fast and would give good figures, so every rejection is an
/// error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The token does not have three parts.
    #[error("a signed token has three parts with dots between")]
    Parts,
    /// A part is not base64url, or is longer than in a usual token.
    #[error("a part of the token cannot be decoded: {0}")]
    Encoding(#[from] base64::DecodeSliceError),
    /// A part could not be decoded during preparation.
    #[error("a part of the token cannot be decoded: {0}")]
    Ahead(#[from] base64::DecodeError),
    /// The signature is wrong.
    #[error("the signature does not hold")]
    Signature(#[from] aws_lc_rs::error::Unspecified),
    /// The payload is not UTF-8.
    #[error("the payload is no UTF-8")]
    Text(#[from] std::str::Utf8Error),
    /// The payload does not contain the claims of an access token.
    #[error("the payload cannot be read: {0}")]
    Claims(#[from] serde_json::Error),
    /// The library rejects the token.
    #[error("the library refuses it: {0}")]
    Library(#[from] jsonwebtoken::errors::Error),
}

/// A token, with the prepared input for each part of its check.
#[derive(Debug, Clone)]
pub struct Specimen {
    token: String,
    message: String,
    payload: String,
    signature: String,
    json: Vec<u8>,
    mac: Vec<u8>,
}

impl Specimen {
    /// Splits a token and decodes its parts.
    ///
    /// # Errors
    /// [`CheckError`] when the token does not consist of three parts, or a part is not base64url.
    pub fn of(token: String) -> Result<Self, CheckError> {
        let (message, signature) = token.rsplit_once('.').ok_or(CheckError::Parts)?;
        let (_, payload) = message.split_once('.').ok_or(CheckError::Parts)?;
        Ok(Self {
            message: message.to_owned(),
            payload: payload.to_owned(),
            signature: signature.to_owned(),
            json: URL_SAFE_NO_PAD.decode(payload)?,
            mac: URL_SAFE_NO_PAD.decode(signature)?,
            token,
        })
    }

    /// The token itself.
    pub fn token(&self) -> &str {
        &self.token
    }
}

/// The claims that any check must read from the JSON, borrowed from the text where possible.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Claims<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Cow<'a, str>,
    sub: &'a str,
    iat: u64,
    exp: u64,
    jti: &'a str,
    #[serde(borrow)]
    email: Cow<'a, str>,
    sid: &'a str,
    epoch: u64,
}

/// The parts of a check, with an HS256 key.
#[derive(Debug)]
pub struct Parts {
    key: hmac::Key,
}

impl Parts {
    /// Prepares the key.
    pub fn new(secret: &[u8]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// Verifies the MAC.
    ///
    /// # Errors
    /// [`CheckError::Signature`] when the MAC is wrong.
    pub fn mac(&self, specimen: &Specimen) -> Result<(), CheckError> {
        Ok(hmac::verify(&self.key, specimen.message.as_bytes(), &specimen.mac)?)
    }

    /// Decodes payload and signature.
    ///
    /// # Errors
    /// [`CheckError::Encoding`] when a part is longer than in a usual token.
    pub fn base64(&self, specimen: &Specimen) -> Result<(), CheckError> {
        let (mut payload, mut signature) = ([0; PAYLOAD_BYTES], [0; MAC_BYTES]);
        black_box(URL_SAFE_NO_PAD.decode_slice(&specimen.payload, &mut payload)?);
        black_box(URL_SAFE_NO_PAD.decode_slice(&specimen.signature, &mut signature)?);
        black_box((&payload, &signature));
        Ok(())
    }

    /// Reads the claims. Checking the bytes for UTF-8 first and then parsing text is a quarter faster than parsing
    /// bytes.
    ///
    /// # Errors
    /// [`CheckError`] when the payload does not contain the claims of an access token.
    pub fn json(&self, specimen: &Specimen) -> Result<(), CheckError> {
        let claims: Claims<'_> = serde_json::from_str(std::str::from_utf8(&specimen.json)?)?;
        black_box(claims);
        Ok(())
    }

    /// Does all three parts, one after the other.
    ///
    /// # Errors
    /// The errors of [`mac`](Self::mac), [`base64`](Self::base64) and [`json`](Self::json).
    pub fn all(&self, specimen: &Specimen) -> Result<(), CheckError> {
        self.mac(specimen)?;
        self.base64(specimen)?;
        self.json(specimen)
    }
}

/// The claims that a program reads through the library: the user and the session. The library checks `iss`, `aud` and
/// `exp` itself.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Asked {
    sub: uuid::Uuid,
    email: String,
    sid: uuid::Uuid,
    epoch: u64,
}

/// The library's check, `jsonwebtoken::decode`, with everything prepared.
pub struct Library {
    key: DecodingKey,
    validation: Validation,
}

impl Library {
    /// Prepares the check for HS256 tokens of one issuer and one audience.
    pub fn new(secret: &[u8], issuer: &str, audience: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.leeway = 0;
        Self { key: DecodingKey::from_secret(secret), validation }
    }

    /// Checks the token and reads its claims.
    ///
    /// # Errors
    /// [`CheckError::Library`] when the library rejects the token.
    pub fn check(&self, specimen: &Specimen) -> Result<(), CheckError> {
        black_box(jsonwebtoken::decode::<Asked>(&specimen.token, &self.key, &self.validation)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    use super::*;

    const SECRET: &[u8] = b"a secret of thirty-two bytes, ok";

    fn token(secret: &[u8]) -> String {
        let claims = json!({
            "iss": "here", "aud": "there", "sub": uuid::Uuid::nil(), "iat": 1, "exp": 4_000_000_000_u64, "jti": "one",
            "email": "a@example.test", "sid": uuid::Uuid::nil(), "epoch": 0,
        });
        jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(secret)).unwrap()
    }

    #[test]
    fn parts_and_library_take_what_was_signed_with_their_secret_and_nothing_else() {
        let (parts, library) = (Parts::new(SECRET), Library::new(SECRET, "here", "there"));
        let good = Specimen::of(token(SECRET)).unwrap();
        parts.all(&good).unwrap();
        library.check(&good).unwrap();
        let forged = Specimen::of(token(b"another secret of 32 bytes, no, no")).unwrap();
        assert!(matches!(parts.all(&forged), Err(CheckError::Signature(_))));
        assert!(matches!(library.check(&forged), Err(CheckError::Library(_))));
        assert!(matches!(Specimen::of("no.token".to_owned()), Err(CheckError::Parts)));
    }
}
