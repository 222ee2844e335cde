//! A learner's name on the board.

use std::fmt;

use kit::visible::is_invisible;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The most characters of a nickname.
const MAX_CHARS: usize = 24;

/// A nickname: one line of 1 to 24 visible characters.
///
/// Two texts that differ only in how a character is encoded, or in blanks, are one nickname: a reader could not tell them
/// apart on the page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Nickname(String);

/// The error for a text that is not a valid nickname.
#[derive(Debug)]
pub(crate) struct NoNickname;

impl fmt::Display for NoNickname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a nickname has 1 to {MAX_CHARS} characters, and all of them are visible")
    }
}

impl std::error::Error for NoNickname {}

impl TryFrom<String> for Nickname {
    type Error = NoNickname;

    fn try_from(text: String) -> Result<Self, NoNickname> {
        // A Japanese keyboard types U+3000 between the parts of a name; a page shows several blanks as one.
        let words: Vec<&str> = text.split([' ', '\u{3000}']).filter(|word| !word.is_empty()).collect();
        let name: String = words.join(" ").nfc().collect();
        // A mark without a character under it would combine with the text before the name.
        let is_visible = name.chars().next().is_some_and(|first| !is_combining_mark(first))
            && !name.chars().any(is_invisible);
        if !is_visible || name.chars().count() > MAX_CHARS {
            return Err(NoNickname);
        }
        Ok(Self(name))
    }
}

impl std::str::FromStr for Nickname {
    type Err = NoNickname;

    fn from_str(text: &str) -> Result<Self, NoNickname> {
        Self::try_from(text.to_owned())
    }
}

impl fmt::Display for Nickname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nickname_is_a_short_line_that_can_be_seen() {
        for good in ["ann", " ann ", "山田 太郎", "<b>", &"x".repeat(MAX_CHARS), "🦀", "e\u{301}", "นี"]
        {
            assert!(good.parse::<Nickname>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "  ",
            "\u{3000}",
            "a\nb",
            "a\u{7}",
            "\u{202e}nna",
            "a\u{200b}b",
            "\u{2800}",
            "\u{3164}",
            "ann\u{a0}",
            "\u{e0061}\u{e0062}",
            "\u{301}",
            "\u{301} \u{302}",
            "\u{301}ann",
            &"x".repeat(MAX_CHARS + 1),
        ] {
            assert!(bad.parse::<Nickname>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_that_look_equal_are_one_and_others_are_two() {
        let name = |text: &str| text.parse::<Nickname>().unwrap();
        for same in [" 山田\u{3000}太郎", "山田  太郎 "] {
            assert_eq!(name(same), name("山田 太郎"));
        }
        assert_eq!(name("Jose\u{301}"), name("Jos\u{e9}"));
        assert_ne!(name("Ann"), name("ann"));
    }
}
