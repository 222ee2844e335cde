//! A token's three parts (RFC 7515 §3.1).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use harness::Failure;
use serde_json::{Map, Value};

/// The three parts, decoded but not verified.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    /// The first two parts as they were received: the input of the signature.
    pub(super) signed: String,
    /// The third part as it was received.
    pub(super) signature: String,
    pub(super) signature_bytes: usize,
}

impl Parts {
    pub(super) fn split(token: &str) -> Result<Self, Failure> {
        let token = token.strip_prefix("Bearer ").unwrap_or(token);
        if token.starts_with("rt1.") {
            return Err(Failure::new(
                "this is a refresh token of the hybrid design: it is opaque on purpose and contains nothing to read",
            ));
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            let found = parts.len();
            let hint = if found == 5 {
                "; a token with five parts is encrypted (JWE), and reading it needs the key"
            } else {
                ""
            };
            return Err(Failure::new(format!(
                "a JWT has three parts separated by dots; this has {found}{hint}"
            )));
        };
        let signature_bytes = bytes("signature", signature)?.len();
        Ok(Self {
            header: object("header", header)?,
            claims: object("claims", claims)?,
            signed: format!("{header}.{claims}"),
            signature: signature.to_owned(),
            signature_bytes,
        })
    }
}

fn bytes(part: &str, text: &str) -> Result<Vec<u8>, Failure> {
    BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|error| {
        Failure::new(format!("the token's {part} is not base64url without padding ({error})"))
    })
}

fn object(part: &str, text: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_slice(&bytes(part, text)?)
        .map_err(|error| Failure::new(format!("the token's {part} is not a JSON object ({error})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7515, appendix A.1.
    const RFC_7515_A_1: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    #[test]
    fn the_example_of_the_standard_is_taken_apart() {
        let parts = Parts::split(RFC_7515_A_1).unwrap();
        assert_eq!(parts.header["alg"], "HS256");
        assert_eq!(parts.claims["iss"], "joe");
        assert_eq!(parts.claims["exp"], 1_300_819_380);
        assert_eq!(parts.signature_bytes, 32);
    }

    #[test]
    fn what_is_no_token_is_told_why() {
        let fault = |text: &str| Parts::split(text).unwrap_err().to_string();
        assert!(fault("a.b").contains("this has 2"));
        assert!(fault("a.b.c.d.e").contains("JWE"));
        assert!(fault("rt1.AAAA").contains("refresh token"));
        assert!(fault("!.e30.").contains("header is not base64url"));
        assert!(fault("e30.W10.").contains("claims is not a JSON object"));
    }
}
