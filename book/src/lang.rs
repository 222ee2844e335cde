//! The languages of the book.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;

use crate::words::{WORDS, Words};

/// A language of the book, and the name of its folder.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    En,
    Ja,
}

/// A text in the languages of the book, or a table of texts. The labs have the same type; the book does not depend on
/// them.
#[derive(Clone, Deserialize)]
pub(crate) struct Text<T = String> {
    pub(crate) en: T,
    pub(crate) ja: T,
}

impl Lang {
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::Ja];

    /// The part of a text that is in this language.
    pub(crate) fn choose<T>(self, text: &Text<T>) -> &T {
        match self {
            Self::En => &text.en,
            Self::Ja => &text.ja,
        }
    }

    /// The builder's own texts.
    pub(crate) fn words(self) -> &'static Words {
        self.choose(&WORDS)
    }

    pub(crate) fn other(self) -> Self {
        *self.choose(&Text { en: Self::Ja, ja: Self::En })
    }

    pub(crate) fn folder(self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.words().folder)
    }
}
