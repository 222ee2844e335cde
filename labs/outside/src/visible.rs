//! Text from outside, made safe to print.
//!
//! A terminal obeys control characters: a token, a server's name or a header that contains `ESC [ 2 K` deletes the line
//! it is printed on and can paint another in its place. Characters that change the direction of writing reorder the
//! text around them (CVE-2021-42574), in a terminal, in Markdown and in HTML alike. Every text that this project did
//! not write goes through [`visible`] or [`visible_lines`] before it is printed, logged or put into a page. In HTML, it
//! is escaped for HTML besides.

use std::borrow::Cow;

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};

/// A blank that Unicode classifies as a symbol.
const BRAILLE_BLANK: char = '\u{2800}';
/// The blank of Japanese text.
const IDEOGRAPHIC_SPACE: char = '\u{3000}';

/// The text in one line: each character that a reader cannot see is replaced by its escape.
///
/// ```
/// use outside::visible::visible;
///
/// assert_eq!(visible("lab4-hybrid, 日本語 \"x\""), "lab4-hybrid, 日本語 \"x\"");
/// assert_eq!(visible("\u{1b}[2Kok\r\n"), "\\u{1b}[2Kok\\r\\n");
/// assert_eq!(visible("user\u{202e}nimda"), "user\\u{202e}nimda");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |character| is_invisible(character) && character != IDEOGRAPHIC_SPACE)
}

/// Like [`visible`], for a text of several lines: line feeds and tabs are kept.
///
/// ```
/// assert_eq!(outside::visible::visible_lines("a\n\tb\u{7}"), "a\n\tb\\u{7}");
/// ```
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| {
        is_invisible(character) && !matches!(character, '\n' | '\t' | IDEOGRAPHIC_SPACE)
    })
}

/// Like [`visible`], and at most `most` characters of the original text; what is left out is told.
///
/// ```
/// assert_eq!(outside::visible::excerpt("abcdef", 4), "abcd… (6 characters)");
/// assert_eq!(outside::visible::excerpt("abcd", 4), "abcd");
/// ```
pub fn excerpt(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}… ({} characters)", visible(&text[..end]), text.chars().count()),
        None => visible(text).into_owned(),
    }
}

/// Whether a reader cannot see a character, or cannot tell it from a blank: two names that differ in such a character
/// look alike (Unicode TR 36 §3.2). The ordinary blank is visible by this definition.
pub fn is_invisible(character: char) -> bool {
    if character == ' ' {
        return false;
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::SpaceSeparator
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        || character == BRAILLE_BLANK
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match is_escaped(character) {
            // Escapes as Rust writes them: `\n`, `\u{1b}`.
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_formatting_characters_are_shown_as_escapes() {
        for (text, shown) in [
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("a\u{200b}b\u{2066}c\u{feff}", "a\\u{200b}b\\u{2066}c\\u{feff}"),
            ("line\u{2028}line\u{85}", "line\\u{2028}line\\u{85}"),
            ("\0\t", "\\u{0}\\t"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn text_of_any_language_is_unchanged_and_not_copied() {
        for text in ["", "HS256", "it's \"quoted\" \\ back", "全角　空白", "naïve é e\u{301}", "🦀"]
        {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }
}
