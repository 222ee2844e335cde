//! The request bodies of the shared routes: a parser for each, and beside it the fields' JSON Schemas for the OpenAPI
//! document.

use http::request::Parts;
use serde_json::{Value, json};

use crate::body::{Fields, FromFields};
use crate::client::{Client, ClientKind};
use crate::email::{self, Email};
use crate::openapi::schema::word;
use crate::password::{self, Password};

/// A regular expression for text without control characters, in syntax that every dialect supports.
const NO_CONTROLS: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// The request body of a sign-up or login.
pub(super) struct Credentials {
    pub(super) email: Email,
    pub(super) password: Password,
    pub(super) client: AskedClient,
}

/// What a client states about itself in the body.
pub(super) struct AskedClient {
    kind: Option<ClientKind>,
    device: Option<String>,
}

impl AskedClient {
    /// The client that sent this request. If the body does not state its kind, the request's headers decide.
    pub(super) fn of(self, request: &Parts) -> Client {
        Client { kind: self.kind.unwrap_or_else(|| ClientKind::assumed(request)), device: self.device }
    }
}

impl FromFields for Credentials {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", Email::parse);
        let password = fields.required("password", Password::parse);
        let kind = fields.optional("client", client_kind);
        let device = fields.optional("device", device);
        Some(Self { email: email?, password: password?, client: AskedClient { kind, device } })
    }

    fn shapes() -> Vec<(&'static str, Value)> {
        vec![
            ("email", an_email()),
            ("password", a_password()),
            ("client", word(&["web", "mobile"])),
            ("device", json!({ "type": "string", "maxLength": 64, "pattern": NO_CONTROLS })),
        ]
    }
}

/// The request body of a password change.
pub(super) struct PasswordChange {
    pub(super) current: Password,
    pub(super) new: Password,
    client: Option<ClientKind>,
}

impl PasswordChange {
    /// The client that gets the new credential: of the same kind as the old credential's, unless the body states a kind. A
    /// browser that does not state that it is an app always counts as a browser, whatever kind the old credential had.
    pub(super) fn client(&self, request: &Parts, of_old: Client) -> Client {
        let assumed = match ClientKind::assumed(request) {
            ClientKind::Web => ClientKind::Web,
            ClientKind::Mobile => of_old.kind,
        };
        Client { kind: self.client.unwrap_or(assumed), ..of_old }
    }
}

impl FromFields for PasswordChange {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let current = fields.required("current_password", Password::parse);
        let new = fields.required("new_password", Password::parse);
        let client = fields.optional("client", client_kind);
        Some(Self { current: current?, new: new?, client })
    }

    fn shapes() -> Vec<(&'static str, Value)> {
        vec![
            ("current_password", a_password()),
            ("new_password", a_password()),
            ("client", word(&["web", "mobile"])),
        ]
    }
}

/// The request body of an account deletion.
pub(super) struct Deletion {
    pub(super) password: Password,
}

impl FromFields for Deletion {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        Some(Self { password: fields.required("password", Password::parse)? })
    }

    fn shapes() -> Vec<(&'static str, Value)> {
        vec![("password", a_password())]
    }
}

fn client_kind(text: &str) -> Result<ClientKind, String> {
    match text {
        "web" => Ok(ClientKind::Web),
        "mobile" => Ok(ClientKind::Mobile),
        _ => Err("must be `web` or `mobile`".into()),
    }
}

fn device(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0..=64 if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        0..=64 => Err("must not contain control characters".into()),
        _ => Err("has at most 64 characters".into()),
    }
}

/// JSON Schema of an e-mail address. It does not mention that the parser trims white space around the address.
fn an_email() -> Value {
    json!({ "type": "string", "format": "email", "maxLength": email::MAX_BYTES })
}

/// JSON Schema of a password, with the lowest limit of any server. A new password may have to be longer: see
/// `limits.password_min` at `/lab`. The schema's `maxLength` counts characters and the parser's limit counts bytes, so
/// passwords with multi-byte characters reach the limit earlier.
fn a_password() -> Value {
    json!({ "type": "string", "minLength": password::length::MIN_CHARACTERS, "maxLength": password::MAX_BYTES })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::schema::{body, strays};

    #[test]
    fn the_document_tells_of_each_field_that_a_parser_reads_and_of_no_other() {
        assert_eq!(strays::<Credentials>(), Vec::<&str>::new());
        assert_eq!(strays::<PasswordChange>(), Vec::<&str>::new());
        assert_eq!(strays::<Deletion>(), Vec::<&str>::new());
    }

    #[test]
    fn a_field_that_must_be_there_is_told_so_and_another_may_be_null() {
        let body = body::<Credentials>();
        assert_eq!(body["required"], json!(["email", "password"]));
        assert_eq!(body["properties"]["email"]["type"], "string");
        assert_eq!(
            body["properties"]["client"],
            json!({ "type": ["string", "null"], "enum": ["web", "mobile", null] })
        );
    }

    fn request(headers: &[(&'static str, &'static str)]) -> Parts {
        let mut request = http::Request::new(());
        for (name, value) in headers {
            request.headers_mut().insert(*name, http::HeaderValue::from_static(value));
        }
        request.into_parts().0
    }

    #[test]
    fn a_browser_is_an_app_only_if_it_says_so_and_what_is_no_browser_is_one() {
        let kind = |kind, headers: &[_]| AskedClient { kind, device: None }.of(&request(headers)).kind;
        for browser in ["sec-fetch-site", "sec-fetch-dest", "sec-fetch-user"] {
            assert_eq!(kind(None, &[(browser, "x")]), ClientKind::Web, "{browser}");
            assert_eq!(kind(Some(ClientKind::Mobile), &[(browser, "x")]), ClientKind::Mobile, "{browser}");
        }
        assert_eq!(kind(None, &[]), ClientKind::Mobile);
        // The `fetch` of Node.js sends this header.
        assert_eq!(kind(None, &[("sec-fetch-mode", "cors")]), ClientKind::Mobile);
        assert_eq!(kind(Some(ClientKind::Web), &[]), ClientKind::Web);
    }

    #[test]
    fn a_new_password_keeps_the_clients_kind_but_in_a_browser_that_does_not_say_mobile() {
        let kind = |client, headers: &[_], of_old| {
            let password = || Password::parse("correct horse battery").unwrap();
            let change = PasswordChange { current: password(), new: password(), client };
            change.client(&request(headers), Client { kind: of_old, device: None }).kind
        };
        let browser = [("sec-fetch-site", "same-origin")];
        assert_eq!(kind(None, &[], ClientKind::Mobile), ClientKind::Mobile);
        assert_eq!(kind(None, &[], ClientKind::Web), ClientKind::Web);
        assert_eq!(kind(None, &browser, ClientKind::Mobile), ClientKind::Web);
        assert_eq!(kind(Some(ClientKind::Mobile), &browser, ClientKind::Mobile), ClientKind::Mobile);
    }

    #[test]
    fn a_shape_of_a_field_that_nobody_reads_is_seen_and_so_is_a_field_without_one() {
        struct Astray;
        impl FromFields for Astray {
            fn from_fields(fields: &mut Fields) -> Option<Self> {
                fields.optional("read", |text| Ok(text.to_owned())).map(|_| Self)
            }
            fn shapes() -> Vec<(&'static str, Value)> {
                vec![("told", a_password())]
            }
        }
        assert_eq!(strays::<Astray>(), ["read", "told"]);
    }
}
