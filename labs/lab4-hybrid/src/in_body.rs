//! A refresh token in the body of a request.

use kit::body::{Fields, FromFields};
use secrecy::SecretString;
use serde_json::{Value, json};

/// An app's refresh token in the body of a request, or no token. A refresh and a logout take it.
pub struct InBody {
    /// The token as the client sent it, not yet verified.
    pub(crate) refresh_token: Option<SecretString>,
}

impl FromFields for InBody {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        // Any text is accepted here: text that is not a token is a refused credential (401), and not an invalid body
        // (422).
        let refresh_token = fields.optional("refresh_token", |text| Ok(SecretString::from(text)));
        Some(Self { refresh_token })
    }

    fn shapes() -> Vec<(&'static str, Value)> {
        vec![("refresh_token", json!({ "type": "string" }))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::openapi::schema::strays;

    #[test]
    fn the_document_tells_of_each_field_that_the_parser_reads_and_of_no_other() {
        assert_eq!(strays::<InBody>(), Vec::<&str>::new());
    }
}
