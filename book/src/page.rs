//! A page as its author wrote it, before mdBook touches it: what the gates look at.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fence::{Fence, Piece, pieces};

/// The page that lists the others.
pub(crate) const SUMMARY: &str = "SUMMARY.md";

/// One page's source.
pub(crate) struct Page {
    /// The file.
    pub(crate) file: PathBuf,
    /// Its name in the summary.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
}

/// A heading that has the form `## Words {#id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    /// The number of `#`.
    pub(crate) level: usize,
    /// What links name; none if the author left it to mdBook, which makes Japanese ids of Japanese words.
    pub(crate) id: Option<String>,
    /// The line that it is on, from 1.
    pub(crate) line: usize,
}

impl Page {
    /// Every page that the summary of a language lists, in its order.
    pub(crate) fn all(language: &Path) -> Result<Vec<Self>> {
        let summary = Self::read(language, SUMMARY)?;
        summary.links().into_iter().map(|(_, name)| Self::read(language, &name)).collect()
    }

    fn read(language: &Path, name: &str) -> Result<Self> {
        let file = language.join("src").join(name);
        let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        Ok(Self { file, name: name.into(), text })
    }

    /// The lines with their numbers, without those of code blocks.
    pub(crate) fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        pieces(&self.text).into_iter().filter_map(|piece| match piece {
            Piece::Prose(number, line) => Some((number, line)),
            Piece::Fence(_) => None,
        })
    }

    /// The fenced blocks, in their order.
    pub(crate) fn fences(&self) -> Vec<Fence> {
        let fence = |piece| if let Piece::Fence(fence) = piece { Some(fence) } else { None };
        pieces(&self.text).into_iter().filter_map(fence).collect()
    }

    /// The headings, in their order.
    pub(crate) fn headings(&self) -> Vec<Heading> {
        let heading = |(line, text): (usize, &str)| {
            let words = text.trim_start_matches('#');
            let level = text.len() - words.len();
            let id = words.trim_end().strip_suffix('}').and_then(|words| words.rsplit_once(" {#"));
            (level > 0 && words.starts_with(' ')).then(|| Heading {
                level,
                id: id.map(|(_, id)| id.into()),
                line,
            })
        };
        self.prose().filter_map(heading).collect()
    }

    /// The targets of the links, each with its line.
    pub(crate) fn links(&self) -> Vec<(usize, String)> {
        let targets = |(line, text): (usize, &str)| {
            let ends = text.split("](").skip(1);
            ends.filter_map(|end| end.split_once(')'))
                .map(|(target, _)| (line, target.into()))
                .collect::<Vec<_>>()
        };
        self.prose().flat_map(targets).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Page {
        Page { file: "page.md".into(), name: "page.md".into(), text: text.into() }
    }

    #[test]
    fn a_heading_is_its_level_and_its_id() {
        let headings = page("# One {#one}\n\n## 二 {#two}\n\n## Three\n#no heading\n").headings();
        let id = |id: &str| Some(id.to_owned());
        assert_eq!(
            headings,
            [
                Heading { level: 1, id: id("one"), line: 1 },
                Heading { level: 2, id: id("two"), line: 3 },
                Heading { level: 2, id: None, line: 5 },
            ]
        );
    }

    #[test]
    fn code_has_neither_headings_nor_links() {
        let page = page("```sh\n# a comment\n[a](b)\n```\n[c](d.md#e)\n");
        assert_eq!(page.headings(), []);
        assert_eq!(page.links(), [(5, "d.md#e".to_owned())]);
    }
}
