//! A page's source as its author wrote it, before mdBook processes it. The gates check it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fence::{Fence, Piece, pieces};

/// The name of the page that lists the others.
pub(crate) const SUMMARY: &str = "SUMMARY.md";

/// One page's source.
pub(crate) struct Page {
    /// The path of the file.
    pub(crate) file: PathBuf,
    /// The page's name in the summary.
    pub(crate) name: String,
    /// The page's text.
    pub(crate) text: String,
}

/// A heading, normally of the form `## Words {#id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    /// The level: the number of `#`.
    pub(crate) level: usize,
    /// The id, which links use; `None` if the author wrote none, in which case mdBook makes one, of Japanese words on a
    /// Japanese page.
    pub(crate) id: Option<String>,
    /// The line of the heading, counted from 1.
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
        // A clone with `core.autocrlf` has CRLF, which must change neither a gate's verdict nor a fingerprint.
        Ok(Self { file, name: name.into(), text: text.replace("\r\n", "\n") })
    }

    /// The lines outside fenced blocks, with their numbers.
    pub(crate) fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        pieces(&self.text).into_iter().filter_map(|piece| match piece {
            Piece::Prose(number, line) => Some((number, line)),
            Piece::Fence(_) => None,
        })
    }

    /// The fenced blocks, in order.
    pub(crate) fn fences(&self) -> Vec<Fence> {
        let fence = |piece| if let Piece::Fence(fence) = piece { Some(fence) } else { None };
        pieces(&self.text).into_iter().filter_map(fence).collect()
    }

    /// The headings, in order.
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
    fn a_page_has_the_same_text_with_either_line_ending() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        for ending in ["\n", "\r\n"] {
            fs::write(
                folder.path().join("src/a.md"),
                "# One {#one}\n\n```sh\nls\n```\n".replace('\n', ending),
            )
            .unwrap();
            let page = Page::read(folder.path(), "a.md").unwrap();
            assert_eq!(page.text, "# One {#one}\n\n```sh\nls\n```\n");
            assert_eq!((page.headings().len(), page.fences()[0].body.as_str()), (1, "ls\n"));
        }
    }

    #[test]
    fn code_has_neither_headings_nor_links() {
        let page = page("```sh\n# a comment\n[a](b)\n```\n[c](d.md#e)\n");
        assert_eq!(page.headings(), []);
        assert_eq!(page.links(), [(5, "d.md#e".to_owned())]);
    }
}
