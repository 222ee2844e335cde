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
    let parts = Parts::split("eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.AA.AA.AAAA.AA").unwrap();
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
