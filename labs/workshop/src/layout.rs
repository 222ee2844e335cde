//! Lays out text in a terminal: wraps it to the width, Japanese included, and shortens it to the height.

use anstyle::Style;

/// The lines that fit into `rows` rows, made by shortening the longest parts. `lines` is called with the number of
/// lines that one part may have; if `rows` is `None`, nothing is cut.
pub(super) fn fitted(rows: Option<usize>, lines: impl Fn(usize) -> Vec<String>) -> Vec<String> {
    let Some(rows) = rows else { return lines(usize::MAX) };
    let mut limit = rows;
    loop {
        let mut lines = lines(limit);
        if lines.len() <= rows || limit <= 1 {
            // The last line lists the keys, so it is kept.
            let last = lines.pop();
            lines.truncate(rows.saturating_sub(1));
            lines.extend(last);
            return lines;
        }
        limit -= 1;
    }
}

/// The bytes that draw `lines` on a screen of `columns` columns: one write that starts at the upper left corner, so
/// that the screen does not flicker. A line that is too long is cut, because a wrapped line would push the last lines
/// off the screen. `K` clears the rest of a line, `J` the rest of the screen.
pub(super) fn on_screen(lines: &[String], columns: usize, colour: bool) -> String {
    let lines = lines.iter().map(|line| {
        // A compiler's message may contain tabs, whose width depends on the column at which they start.
        let line = line.replace('\t', "    ");
        let line = if colour { line } else { anstream::adapter::strip_str(&line).to_string() };
        format!("{}\x1b[K", console::truncate_str(&line, columns.max(1), "…"))
    });
    format!("\x1b[H{}\x1b[J", lines.collect::<Vec<_>>().join("\r\n"))
}

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// The text wrapped to a width in columns, in at most `limit` lines, each in one style. The first line starts with
/// `first`, the others with `other`.
pub(super) fn wrapped(
    text: &str,
    first: &str,
    other: &str,
    width: usize,
    style: Style,
    limit: usize,
) -> Vec<String> {
    let width = width.saturating_sub(1).max(columns(other) + 10);
    let options = textwrap::Options::new(width - columns(other))
        .word_separator(textwrap::WordSeparator::Custom(breakable));
    let lines = textwrap::wrap(text.trim(), options).into_iter().enumerate();
    let lines = lines.map(|(at, line)| {
        let indent = if at == 0 { first } else { other };
        format!("{indent}{style}{}{style:#}", line.trim_end())
    });
    cut(lines.collect(), limit)
}

/// Splits text into pieces between which a line may end: after a blank, and between two Japanese characters, except
/// before a character that closes a clause.
fn breakable(line: &str) -> Box<dyn Iterator<Item = textwrap::core::Word<'_>> + '_> {
    const NEVER_FIRST: &str = "、。」』)!?:ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ";
    let wide = |character: char| columns(character.encode_utf8(&mut [0; 4])) == 2;
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, character) in line.char_indices() {
        let may_end = match before {
            Some(' ') => character != ' ',
            Some(before) => {
                (wide(before) || wide(character)) && !NEVER_FIRST.contains(character) && character != ' '
            }
            None => false,
        };
        if may_end {
            pieces.push(textwrap::core::Word::from(&line[start..at]));
            start = at;
        }
        before = Some(character);
    }
    pieces.push(textwrap::core::Word::from(&line[start..]));
    Box::new(pieces.into_iter())
}

/// Shortens to at most `limit` lines (at least one); the last line kept ends in `…` if any were cut.
pub(super) fn cut(mut lines: Vec<String>, limit: usize) -> Vec<String> {
    if lines.len() > limit.max(1) {
        lines.truncate(limit.max(1));
        if let Some(last) = lines.last_mut() {
            last.push_str(" …");
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, width: usize) -> Vec<String> {
        let lines = wrapped(text, "", "", width, Style::new(), usize::MAX);
        lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect()
    }

    #[test]
    fn japanese_breaks_between_characters_and_never_before_a_full_stop() {
        assert_eq!(
            lines("署名の対象はトークンです。そうです。", 24),
            ["署名の対象はトークンで", "す。そうです。"]
        );
        assert_eq!(lines("one word and another of them", 21), ["one word and another", "of them"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_with_its_colour_ended_and_one_that_fits_is_not() {
        let long = format!("{0}12345678{0:#}", harness::terminal::BAD);
        let cut = on_screen(&[long.clone(), "12345".into()], 5, true);
        assert_eq!(cut, "\x1b[H\x1b[1m\x1b[31m1234…\x1b[0m\x1b[K\r\n12345\x1b[K\x1b[J");
        assert_eq!(on_screen(&[long], 5, false), "\x1b[H1234…\x1b[K\x1b[J");
        assert_eq!(on_screen(&["署名の対象".into()], 5, true), "\x1b[H署名…\x1b[K\x1b[J");
    }

    #[test]
    fn what_does_not_fit_loses_its_middle_and_keeps_its_last_line() {
        let lines =
            |limit: usize| vec!["a".to_owned(); limit.min(4)].into_iter().chain(["b".into(), "keys".into()]);
        assert_eq!(fitted(Some(6), |limit| lines(limit).collect()).len(), 6);
        assert_eq!(fitted(Some(4), |limit| lines(limit).collect()), ["a", "a", "b", "keys"]);
        assert_eq!(fitted(Some(2), |limit| lines(limit).collect()), ["a", "keys"]);
        assert_eq!(fitted(None, |limit| lines(limit).collect()).len(), 6);
    }

    #[test]
    fn what_is_cut_says_so() {
        let text = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(cut(text.clone(), 2), ["a", "b …"]);
        assert_eq!(cut(text.clone(), 3), text);
    }
}
