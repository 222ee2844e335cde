//! Reads a report of an earlier run.

use std::borrow::Cow;
use std::path::Path;

use harness::Failure;
use kit::visible::visible;
use measure::compare::{self, CompareError};
use measure::report::Report;
use serde_json::Value;

/// Reads the report from its file.
pub(crate) fn read(path: &Path) -> Result<Report, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} cannot be read ({error})", path.display())))?;
    let unusable = |error: CompareError| Failure::new(format!("{}: {error}", path.display()));
    let mut report: Value = serde_json::from_str(&text).map_err(|error| unusable(error.into()))?;
    make_visible(&mut report);
    compare::read(&report.to_string()).map_err(unusable)
}

/// Escapes what a reader cannot see in every text of the report: the file may come from another person.
fn make_visible(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(escaped) = visible(text) {
                *text = escaped;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(make_visible),
        Value::Object(fields) => {
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(name, mut value)| {
                    make_visible(&mut value);
                    (visible(&name).into_owned(), value)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn control_characters_of_a_report_are_escaped_and_its_other_texts_are_kept() {
        let mut report = json!({ "name": "\u{1b}[2Kok", "list": [{ "a\u{7}": "日本語 <b>" }], "count": 1 });
        make_visible(&mut report);
        let shown = json!({ "name": "\\u{1b}[2Kok", "list": [{ "a\\u{7}": "日本語 <b>" }], "count": 1 });
        assert_eq!(report, shown);
    }
}
