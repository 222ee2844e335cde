//! What cargo and the compiler printed, cut to what a learner needs and made safe to print.

use std::borrow::Cow;

use kit::visible::visible_lines;

/// The most lines of one failure of cargo that are shown: a build script may print hundreds.
const LINES: usize = 30;

/// The errors in cargo's stderr: from the first line that starts with `error` to the end, with the causes, and without
/// the lines about progress and warnings. If there is no such line, the last line; `None` if there is no line at all.
pub(crate) fn errors(stderr: &str) -> Option<String> {
    let lines: Vec<&str> = stderr.lines().map(str::trim_end).collect();
    let first = lines.iter().position(|line| line.starts_with("error"));
    let mut told: Vec<&str> = match first {
        Some(first) => lines[first..].iter().copied().filter(|line| !is_status(line)).collect(),
        None => lines.iter().rev().copied().find(|line| !line.is_empty()).into_iter().collect(),
    };
    if told.len() > LINES {
        told.truncate(LINES);
        told.push("…");
    }
    let told = told.join("\n");
    (!told.trim().is_empty()).then(|| visible_lines(told.trim_end()).into_owned())
}

/// Whether a line is one of cargo's about its progress, which start with a word in the first 12 columns, aligned to the
/// right; or a warning.
fn is_status(line: &str) -> bool {
    let word = line.get(..12).map(str::trim_start).unwrap_or_default();
    let is_word =
        word.len() > 2 && word.chars().all(char::is_alphabetic) && word.starts_with(char::is_uppercase);
    (is_word && line.get(12..13) == Some(" ")) || line.starts_with("warning:")
}

/// A compiler's message in which colours are kept and every other control character is shown as an escape.
pub(crate) fn visible_with_colours(text: &str) -> Cow<'_, str> {
    if !text.contains('\x1b') {
        return visible_lines(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        let (before, after) = rest.split_at(at);
        shown += &visible_lines(before);
        let end = after[2..].find(|character: char| !(character.is_ascii_digit() || character == ';'));
        let end = end.map(|end| 2 + end).filter(|end| after[*end..].starts_with('m'));
        // An escape that is not a colour is shown: its first character alone is what a terminal obeys.
        let (kept, next) = after.split_at(end.map_or(1, |end| end + 1));
        shown += &if end.is_some() { Cow::Borrowed(kept) } else { visible_lines(kept) };
        rest = next;
    }
    shown += &visible_lines(rest);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes_and_without_the_progress() {
        let stderr = "    Updating crates.io index\n   Compiling kit v0.1.0 (/a)\nerror: failed to get `x` as a dependency\n\nCaused by:\n  \
                      failed to load source\n   Compiling serde v1.0.0\nwarning: build failed, waiting for other jobs to finish...\n\n\
                      Caused by:\n  attempting to make an HTTP request, but --offline was specified\n";
        let told = "error: failed to get `x` as a dependency\n\nCaused by:\n  failed to load source\n\nCaused by:\n  attempting to \
                    make an HTTP request, but --offline was specified";
        assert_eq!(errors(stderr).as_deref(), Some(told));
    }

    #[test]
    fn without_an_error_the_last_line_is_told() {
        assert_eq!(errors("one\ntwo\n\n").as_deref(), Some("two"));
        assert_eq!(errors(" \n"), None);
    }

    #[test]
    fn a_long_failure_is_cut_and_control_characters_are_escaped() {
        let long = "error: x\n".repeat(LINES + 1);
        let told = errors(&long).unwrap();
        assert!(told.lines().count() == LINES + 1 && told.ends_with("\n…"), "{told}");
        assert_eq!(errors("error: \u{1b}[2Kfine").as_deref(), Some("error: \\u{1b}[2Kfine"));
    }

    #[test]
    fn colours_are_kept_and_other_escapes_are_shown() {
        for (text, shown) in [
            ("\x1b[1m\x1b[38;5;9merror\x1b[0m\n\ta", "\x1b[1m\x1b[38;5;9merror\x1b[0m\n\ta"),
            ("\x1b[2Ka\x1b[m", "\\u{1b}[2Ka\x1b[m"),
            ("\x1b]0;title\u{7}\x1b[", "\\u{1b}]0;title\\u{7}\\u{1b}["),
            ("\x1b[\x1b[31", "\\u{1b}[\\u{1b}[31"),
            ("plain\u{202e}", "plain\\u{202e}"),
        ] {
            assert_eq!(visible_with_colours(text), shown, "{text:?}");
        }
    }
}
