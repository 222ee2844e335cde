//! The JSON serializations of a JWS (RFC 7515 §7.2) and of a JWE (RFC 7516 §7.2).

use harness::Failure;

use super::json::{Json, Members};
use super::parts::{Form, Parts};

/// Whether an object is a token in JSON serialization.
pub(super) fn is_one(object: &Members) -> bool {
    let is_signed = object.has("signature") || object.has("signatures");
    object.has("ciphertext") || (is_signed && (object.has("payload") || object.has("protected")))
}

/// The tokens in an object: one for each signature.
pub(super) fn parts(object: &Members) -> Result<Vec<Parts>, Failure> {
    if object.has("ciphertext") {
        let unprotected = object_of(object, "unprotected")?.joined(&object_of(object, "header")?);
        let (protected, ciphertext) = (text(object, "protected")?, text(object, "ciphertext")?);
        let form = if object.has("recipients") { Form::General } else { Form::Flattened };
        return Ok(vec![Parts::encrypted(form, protected, unprotected, ciphertext)?]);
    }
    let payload = text(object, "payload")?;
    let signed = |form, signature: &Members| {
        let unprotected = object_of(signature, "header")?;
        Parts::signed(
            form,
            text(signature, "protected")?,
            unprotected,
            payload,
            text(signature, "signature")?,
        )
    };
    match object.get("signatures") {
        None => Ok(vec![signed(Form::Flattened, object)?]),
        Some(Json::Array(signatures)) if !signatures.is_empty() => signatures
            .iter()
            .map(|signature| match signature {
                Json::Object(signature) => signed(Form::General, signature),
                other => Err(wrong("signatures", "an array of objects", other)),
            })
            .collect(),
        Some(other) => Err(wrong("signatures", "an array of objects", other)),
    }
}

/// A member that is a text; empty if it is absent.
fn text<'a>(object: &'a Members, name: &str) -> Result<&'a str, Failure> {
    match object.get(name) {
        None => Ok(""),
        Some(Json::String(text)) => Ok(text),
        Some(other) => Err(wrong(name, "a string", other)),
    }
}

/// A member that is an object; empty if it is absent.
fn object_of(object: &Members, name: &str) -> Result<Members, Failure> {
    match object.get(name) {
        None => Ok(Members::default()),
        Some(Json::Object(members)) => Ok(members.clone()),
        Some(other) => Err(wrong(name, "an object", other)),
    }
}

fn wrong(name: &str, wanted: &str, found: &Json) -> Failure {
    Failure::new(format!("this is a token in JSON, and its `{name}` is {} instead of {wanted}", found.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Parts>, Failure> {
        let Ok(Json::Object(object)) = Json::parse(text) else { panic!("{text}") };
        assert!(is_one(&object), "{text}");
        parts(&object)
    }

    #[test]
    fn each_signature_is_a_token_with_both_of_its_headers() {
        let general = r#"{"payload":"e30","signatures":[
            {"protected":"eyJhbGciOiJIUzI1NiJ9","header":{"kid":"1"},"signature":"AA"},
            {"header":{"alg":"none"},"signature":""}]}"#;
        let read = read(general).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].alg().as_deref(), read[0].unprotected.str("kid")), (Some("HS256"), Some("1")));
        assert_eq!(read[0].signed, b"eyJhbGciOiJIUzI1NiJ9.e30");
        assert_eq!((read[1].alg().as_deref(), read[1].header.is_empty()), (Some("none"), true));
    }

    #[test]
    fn a_flattened_token_and_an_encrypted_one_are_read_and_a_broken_one_is_told_why() {
        let flattened = r#"{"payload":"e30","protected":"eyJhbGciOiJIUzI1NiJ9","signature":"AA"}"#;
        assert_eq!(read(flattened).unwrap()[0].form, Form::Flattened);
        let encrypted = r#"{"protected":"eyJlbmMiOiJBMTI4R0NNIn0","ciphertext":"AAAA","tag":"AA"}"#;
        assert!(read(encrypted).unwrap()[0].is_encrypted());
        let broken = r#"{"payload":{},"protected":"e30","signature":"AA"}"#;
        let told = "this is a token in JSON, and its `payload` is an object instead of a string";
        assert_eq!(read(broken).unwrap_err().to_string(), told);
    }
}
