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
    pub(super) signed: Vec<u8>,
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

    /// Adds the payload of a token that contains none (RFC 7515 appendix F).
    pub(super) fn attach(&mut self, payload: &[u8]) {
        if self.payload == Payload::Detached {
            match is_unencoded(&self.header) {
                true => self.signed.extend_from_slice(payload),
                false => self.signed.extend_from_slice(base64url::encode(payload).as_bytes()),
            }
            self.payload = Payload::of(payload.to_vec());
        }
    }

    pub(super) fn signature_bytes(&self) -> usize {
        self.signature.as_ref().map_or(0, Vec::len)
    }

    /// Whether the token says that it has no signature: `alg` is `none`, in any case.
    pub(super) fn is_unsecured(&self) -> bool {
        self.alg().is_some_and(|alg| alg.eq_ignore_ascii_case("none"))
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
        let content = match payload {
            "" => Payload::Detached,
            raw if is_unencoded(&header) => Payload::of(raw.as_bytes().to_vec()),
            encoded => Payload::of(decoded("payload", encoded, &mut flaws)?),
        };
        Ok(Self {
            form,
            header,
            unprotected,
            payload: content,
            signed: format!("{protected}.{payload}").into_bytes(),
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
        let (signed, signature) = (Vec::new(), Ok(Vec::new()));
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

/// Whether the payload is signed as it is, without base64url (RFC 7797 §3).
fn is_unencoded(header: &Members) -> bool {
    header.get("b64") == Some(&Json::Word("false"))
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
mod tests;
