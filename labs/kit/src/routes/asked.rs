//! The bodies of the five flows: what a client may say, and beside each parser what the server's document tells of it.

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::body::{Fields, FromFields};
use crate::email::{self, Email};
use crate::openapi::schema::word;
use crate::password::{self, Password};
use crate::scheme::{Client, ClientKind, LogOut, Scope};

/// No control characters, as a regular expression that every dialect knows.
const NO_CONTROLS: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// The body of sign-up and log-in.
pub(super) struct Credentials {
    pub(super) email: Email,
    pub(super) password: Password,
    pub(super) client: Client,
}

impl FromFields for Credentials {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", Email::parse);
        let password = fields.required("password", Password::parse);
        let kind = fields.optional("client", client_kind).unwrap_or_default();
        let device = fields.optional("device", device);
        Some(Self { email: email?, password: password?, client: Client { kind, device } })
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

/// The body of a log-out.
pub(super) struct LogOutRequest {
    pub(super) scope: Scope,
    pub(super) log_out: LogOut,
}

impl FromFields for LogOutRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let scope = fields.optional("scope", scope).unwrap_or_default();
        let refresh_token = fields.optional("refresh_token", |text| Ok(SecretString::from(text)));
        Some(Self { scope, log_out: LogOut { refresh_token } })
    }

    fn shapes() -> Vec<(&'static str, Value)> {
        let scopes = [Scope::Local, Scope::Others, Scope::Global].map(Scope::as_str);
        vec![("scope", word(&scopes)), ("refresh_token", json!({ "type": "string" }))]
    }
}

/// The body of a change of password.
pub(super) struct PasswordChange {
    pub(super) current: Password,
    pub(super) new: Password,
}

impl FromFields for PasswordChange {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let current = fields.required("current_password", Password::parse);
        let new = fields.required("new_password", Password::parse);
        Some(Self { current: current?, new: new? })
    }

    fn shapes() -> Vec<(&'static str, Value)> {
        vec![("current_password", a_password()), ("new_password", a_password())]
    }
}

/// The body of a deletion.
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
        0..=64 => Err("must not hold control characters".into()),
        _ => Err("has at most 64 characters".into()),
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    match text {
        "local" => Ok(Scope::Local),
        "others" => Ok(Scope::Others),
        "global" => Ok(Scope::Global),
        _ => Err("must be `local`, `others` or `global`".into()),
    }
}

/// White space around an address is taken away, and is not worth telling.
fn an_email() -> Value {
    json!({ "type": "string", "format": "email", "maxLength": email::MAX_BYTES })
}

/// The least that any server takes. A new password may have to be longer: `limits.password_min` at `/lab` says.
/// A document counts characters where the parser's upper limit is in bytes: characters of several bytes reach it earlier.
fn a_password() -> Value {
    json!({ "type": "string", "minLength": password::MIN_CHARACTERS, "maxLength": password::MAX_BYTES })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::schema::{body, strays};

    #[test]
    fn the_document_tells_of_each_field_that_a_parser_reads_and_of_no_other() {
        assert_eq!(strays::<Credentials>(), Vec::<&str>::new());
        assert_eq!(strays::<LogOutRequest>(), Vec::<&str>::new());
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
