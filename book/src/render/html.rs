//! Functions that write text as HTML.

use maud::{Markup, html};

/// The text, in which parts between backticks become `<code>`.
pub(super) fn with_code(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_marked_and_nothing_else_is_markup() {
        assert_eq!(with_code("a `<b>` & c").into_string(), "a <code>&lt;b&gt;</code> &amp; c");
    }
}
