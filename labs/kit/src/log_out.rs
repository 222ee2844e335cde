//! The request body of a logout.

use serde_json::Value;

use crate::body::{Fields, FromFields};
use crate::openapi::schema::word;
use crate::scope::Scope;

/// The request body of a logout.
pub(crate) struct LogOutRequest<F> {
    pub(crate) scope: Scope,
    /// The members that only the scheme has.
    pub(crate) own: F,
}

impl<F: FromFields> FromFields for LogOutRequest<F> {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let scope = fields.optional("scope", scope).unwrap_or_default();
        Some(Self { scope, own: F::from_fields(fields)? })
    }

    fn shapes() -> Vec<(&'static str, Value)> {
        let scopes = [Scope::Local, Scope::Others, Scope::Global].map(Scope::as_str);
        [("scope", word(&scopes))].into_iter().chain(F::shapes()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::schema::strays;

    #[test]
    fn the_document_tells_of_each_field_that_the_parser_reads_and_of_no_other() {
        assert_eq!(strays::<LogOutRequest<()>>(), Vec::<&str>::new());
    }
}
