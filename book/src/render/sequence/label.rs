//! The width of a label, and where it is broken into lines: the picture has no layout of its own.

/// The size of the font, in the units of the picture.
const FONT: f64 = 13.0;

/// An estimate of the width of text: full-width characters are as wide as the font size, others about half of it.
pub(super) fn width(text: &str) -> f64 {
    text.chars().map(|c| if is_wide(c) { FONT } else { FONT * 0.53 }).sum()
}

fn is_wide(c: char) -> bool {
    ('\u{2e80}'..='\u{9fff}').contains(&c) || ('\u{ff00}'..='\u{ffef}').contains(&c)
}

/// Katakana, in which foreign words are written; a line does not break inside such a word.
fn is_katakana(c: char) -> bool {
    ('\u{30a1}'..='\u{30fc}').contains(&c)
}

/// Wraps text at spaces, and between full-width characters where a line may break.
pub(super) fn wrapped(text: &str, limit: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words(text) {
        let line =
            lines.last_mut().filter(|line| width(line) + width(word.trim_end()) <= limit || line.is_empty());
        match line {
            Some(line) => line.push_str(word),
            None => lines.push(word.to_owned()),
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The pieces of a text that must not be broken, each with the space after it.
fn words(text: &str) -> Vec<&str> {
    const NEVER_FIRST: &str = "。、，．）」』！？ーぁぃぅぇぉっゃゅょァィゥェォッャュョ";
    let mut words = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        let may_break = match before {
            Some(' ') => c != ' ',
            Some(last) if is_wide(last) || is_wide(c) => {
                let same_word = is_katakana(last) && is_katakana(c);
                !same_word && !NEVER_FIRST.contains(c) && c != ' ' && !"（「『".contains(last)
            }
            _ => false,
        };
        if may_break {
            words.push(&text[start..at]);
            start = at;
        }
        before = Some(c);
    }
    words.push(&text[start..]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_labels_are_broken_where_a_line_may_break() {
        assert_eq!(wrapped("one two three", width("one two")), ["one two", "three"]);
        assert_eq!(wrapped("新しいトークン", width("新しいトー")), ["新しい", "トークン"]);
        assert_eq!(wrapped("署名を、確認", width("署名を")), ["署名", "を、確", "認"]);
    }
}
