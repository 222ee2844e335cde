//! A token's parts, decoded but not verified: a JWS (RFC 7515) or the readable part of a JWE (RFC 7516).

use harness::Failure;

use super::base64url;
use super::json::{Json, Members};

/// How the parts were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Parts separated by dots (RFC 7515 §3.1).
    Compact,
    /// The JSON serialization with one signature (RFC 7515 §7.2.2).
    Flattened,
    /// The JSON serialization with a list of signatures (RFC 7515 §7.2.1).
    General,
}

/// What the token transports.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// An object: the claims of a JWT.
    Claims(Members),
    /// JSON that is not an object.
    Json(Json),
    /// A text that is not JSON.
    Text(String),
    /// Bytes that are not a text.
    Bytes(usize),
    /// The token contains no payload: it is sent separately (RFC 7515 appendix F).
    Detached,
    /// Encrypted bytes (RFC 7516).
    Encrypted(usize),
}

/// The parts of a token.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) form: Form,
    /// The protected header, which the signature covers.
    pub(super) header: Members,
    /// The header beside it, which nothing protects. Only the JSON serialization has one.
    pub(super) unprotected: Members,
    pub(super) payload: Payload,
    /// The signature's input: the first two parts as they were received.
    pub(super) signed: String,
    /// The signature, or why it cannot be decoded. The rest of the token can be read without it.
    pub(super) signature: Result<Vec<u8>, String>,
    /// Each part that is not base64url without padding, and how it differs.
    pub(super) flaws: Vec<(&'static str, &'static str)>,
}

impl Parts {
    /// Splits a token in compact form.
    pub(super) fn split(token: &str) -> Result<Self, Failure> {
        let parts: Vec<&str> = token.split('.').collect();
        match parts[..] {
            [protected, payload, signature] => {
                Self::signed(Form::Compact, protected, Members::default(), payload, signature)
            }
            [protected, _, _, ciphertext, _] => {
                Self::encrypted(Form::Compact, protected, Members::default(), ciphertext)
            }
            _ => Err(Failure::new(format!(
                "a JWT has three parts separated by dots; this has {}",
                parts.len()
            ))
            .advice("an encrypted one (JWE) has five")),
        }
    }

    /// The header that a server reads: the protected and the unprotected members.
    pub(super) fn whole_header(&self) -> Members {
        self.header.joined(&self.unprotected)
    }

    pub(super) fn alg(&self) -> Option<String> {
        self.whole_header().str("alg").map(str::to_owned)
    }

    pub(super) fn signature_bytes(&self) -> usize {
        self.signature.as_ref().map_or(0, Vec::len)
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.payload, Payload::Encrypted(_))
    }

    /// The parts of a signed token, each as it was received.
    pub(super) fn signed(
        form: Form,
        protected: &str,
        unprotected: Members,
        payload: &str,
        signature: &str,
    ) -> Result<Self, Failure> {
        let mut flaws = Vec::new();
        let header = header(protected, &mut flaws)?;
        // RFC 7797 §3: `b64` false means that the payload is not encoded.
        let is_raw = header.get("b64") == Some(&Json::Word("false"));
        let content = match payload {
            "" => Payload::Detached,
            raw if is_raw => Payload::of(raw.as_bytes().to_vec()),
            encoded => Payload::of(decoded("payload", encoded, &mut flaws)?),
        };
        Ok(Self {
            form,
            header,
            unprotected,
            payload: content,
            signed: format!("{protected}.{payload}"),
            signature: base64url::decode(signature).map(|decoded| {
                flaws.extend(decoded.flaw.map(|flaw| ("signature", flaw)));
                decoded.bytes
            }),
            flaws,
        })
    }

    /// The readable part of an encrypted token.
    pub(super) fn encrypted(
        form: Form,
        protected: &str,
        unprotected: Members,
        ciphertext: &str,
    ) -> Result<Self, Failure> {
        let mut flaws = Vec::new();
        let header = header(protected, &mut flaws)?;
        let bytes = decoded("ciphertext", ciphertext, &mut flaws)?.len();
        let payload = Payload::Encrypted(bytes);
        let (signed, signature) = (String::new(), Ok(Vec::new()));
        Ok(Self { form, header, unprotected, payload, signed, signature, flaws })
    }
}

impl Payload {
    fn of(bytes: Vec<u8>) -> Self {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => return Self::Bytes(error.as_bytes().len()),
        };
        match Json::parse(&text) {
            Ok(Json::Object(claims)) => Self::Claims(claims),
            Ok(json) => Self::Json(json),
            Err(_) => Self::Text(text),
        }
    }
}

/// The header of an encoded part, or nothing for an absent one: the JSON serialization allows both.
fn header(protected: &str, flaws: &mut Vec<(&'static str, &'static str)>) -> Result<Members, Failure> {
    let text = String::from_utf8(decoded("header", protected, flaws)?);
    match text.map_err(|_| "it is not UTF-8".to_owned()).and_then(|text| match &*text {
        "" => Ok(Json::Object(Members::default())),
        text => Json::parse(text),
    }) {
        Ok(Json::Object(header)) => Ok(header),
        Ok(other) => Err(not_an_object(other.kind())),
        Err(reason) => Err(not_an_object(&reason)),
    }
}

fn not_an_object(reason: &str) -> Failure {
    Failure::new(format!("the token's header is not a JSON object ({reason})"))
        .advice("the token may be cut off: copy all of it")
}

fn decoded(
    part: &'static str,
    text: &str,
    flaws: &mut Vec<(&'static str, &'static str)>,
) -> Result<Vec<u8>, Failure> {
    let decoded = base64url::decode(text).map_err(|reason| {
        Failure::new(format!("the token's {part} is not base64url ({reason})"))
            .advice("the token may be cut off or changed: copy all of it")
    })?;
    flaws.extend(decoded.flaw.map(|flaw| (part, flaw)));
    Ok(decoded.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7515, appendix A.1.
    const RFC_7515_A_1: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn payload(token: &str) -> Payload {
        Parts::split(token).unwrap().payload
    }

    #[test]
    fn the_example_of_the_standard_is_taken_apart() {
        let parts = Parts::split(RFC_7515_A_1).unwrap();
        assert_eq!(parts.header.str("alg"), Some("HS256"));
        let Payload::Claims(claims) = &parts.payload else { panic!("{parts:?}") };
        assert_eq!(claims.str("iss"), Some("joe"));
        assert_eq!(claims.get("exp"), Some(&Json::Number("1300819380".to_owned())));
        assert_eq!((parts.signature_bytes(), parts.flaws.len()), (32, 0));
    }

    #[test]
    fn a_payload_of_any_kind_is_shown_as_it_is() {
        assert_eq!(payload("e30.W10."), Payload::Json(Json::Array(vec![])));
        assert_eq!(payload("e30.aGVsbG8."), Payload::Text("hello".to_owned()));
        assert_eq!(payload("e30._w."), Payload::Bytes(1));
        assert_eq!(payload("e30.."), Payload::Detached);
        // {"alg":"HS256","b64":false,"crit":["b64"]}, as in RFC 7797 §4.2, with its payload in the token.
        let raw = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19.$02.";
        assert_eq!(payload(raw), Payload::Text("$02".to_owned()));
    }

    /// The example of RFC 7516, appendix A.3, with its ciphertext cut off.
    #[test]
    fn an_encrypted_token_shows_its_header() {
        let parts =
            Parts::split("eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.AA.AA.AAAA.AA").unwrap();
        assert_eq!(parts.header.str("enc"), Some("A128CBC-HS256"));
        assert_eq!(parts.payload, Payload::Encrypted(3));
    }

    #[test]
    fn a_token_can_be_read_without_its_signature() {
        let parts = Parts::split("e30.e30.x").unwrap();
        assert_eq!(parts.signature.unwrap_err(), "no text has 1 characters in base64url");
        assert_eq!(Parts::split("e30.e30.").unwrap().signature, Ok(vec![]));
    }

    #[test]
    fn padded_and_standard_base64_are_read_and_named() {
        let parts = Parts::split("e30=.Pz8+Pw==.").unwrap();
        let parts = parts.flaws.iter().map(|(part, _)| *part).collect::<Vec<_>>();
        assert_eq!(parts, ["header", "payload"]);
    }

    #[test]
    fn what_is_no_token_is_told_why() {
        let fault = |text: &str| Parts::split(text).unwrap_err().to_string();
        assert!(fault("a.b").contains("this has 2; an encrypted one (JWE) has five"));
        assert!(fault("!.e30.").contains("header is not base64url (it contains `!`)"));
        assert!(fault("e30.!.").contains("payload is not base64url (it contains `!`)"));
        assert!(fault("W10.e30.").contains("header is not a JSON object (an array)"));
        assert!(fault("_w.e30.").contains("header is not a JSON object (it is not UTF-8)"));
    }
}
