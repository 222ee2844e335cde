//! The language of the output: English or Japanese.

use clap::ValueEnum;
use kit::design::Text;

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

    /// The part of a text that is in this language.
    pub fn choose<T>(self, text: &Text<T>) -> &T {
        match self {
            Self::En => &text.en,
            Self::Ja => &text.ja,
        }
    }

    /// The language's name for programs, as in the `lang` of a page (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
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
