//! Functions that write text as HTML.

pub(super) use measure::report::escape::escaped;

/// The text, escaped, in which parts between backticks become `<code>`.
pub(super) fn with_code(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escaped(part);
        out.push_str(&if index % 2 == 1 { format!("<code>{part}</code>") } else { part });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_marked_and_nothing_else_is_markup() {
        assert_eq!(with_code("a `<b>` & c"), "a <code>&lt;b&gt;</code> &amp; c");
    }
}
