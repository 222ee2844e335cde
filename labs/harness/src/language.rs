//! The language of the output: English or Japanese.

use clap::ValueEnum;
use serde::Deserialize;

/// The language that the workshop speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English
    #[default]
    En,
    /// 日本語
    Ja,
}

impl Language {
    /// The language that the user asked for, otherwise that of the terminal's locale, otherwise English.
    pub fn chosen(asked: Option<Self>) -> Self {
        asked.unwrap_or_else(|| {
            // POSIX' order: the first of these that is set and not empty counts.
            let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
                .into_iter()
                .find_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()));
            Self::of_locale(&set.unwrap_or_default().to_string_lossy())
        })
    }

    fn of_locale(locale: &str) -> Self {
        if locale == "ja" || locale.starts_with("ja_") || locale.starts_with("ja.") {
            Self::Ja
        } else {
            Self::En
        }
    }

    /// The text in this language, of two.
    pub fn choose<'a>(self, en: &'a str, ja: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::Ja => ja,
        }
    }
}

/// A text in both languages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    en: String,
    ja: String,
}

impl Text {
    /// The text in one language.
    pub fn in_language(&self, language: Language) -> &str {
        language.choose(self.en.trim(), self.ja.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_japanese_locale_is_known_in_each_spelling_and_no_other_is_taken_for_one() {
        for locale in ["ja", "ja_JP", "ja_JP.UTF-8", "ja.UTF-8"] {
            assert_eq!(Language::of_locale(locale), Language::Ja, "{locale}");
        }
        for locale in ["", "C", "en_US.UTF-8", "jav_ID.UTF-8", "de_DE"] {
            assert_eq!(Language::of_locale(locale), Language::En, "{locale}");
        }
    }
}
