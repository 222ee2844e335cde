//! The fenced blocks of a page, which the gates compare, and which are drawn or run.

/// A block between two lines of three backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fence {
    /// The line of its first fence, counted from 1.
    pub(crate) line: usize,
    /// The text after the backticks: a language, and words such as `run` after commas.
    pub(crate) info: String,
    /// The lines between the fences.
    pub(crate) body: String,
}

impl Fence {
    /// The language of the block.
    pub(crate) fn language(&self) -> &str {
        self.info.split(',').next().unwrap_or_default()
    }

    /// Whether this word follows the language.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.info.split(',').skip(1).any(|one| one == word)
    }
}

/// A piece of a page's text: a line outside the fences, or a fenced block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A line outside the fences, with its number.
    Prose(usize, &'a str),
    /// A whole block.
    Fence(Fence),
}

/// Splits a page into its lines and fenced blocks. A block that is never closed ends with the page.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut open: Option<Fence> = None;
    for (index, line) in text.lines().enumerate() {
        let mark = line.trim_start().strip_prefix("```");
        match (open.take(), mark) {
            (None, Some(info)) => {
                open = Some(Fence { line: index + 1, info: info.trim().into(), body: String::new() });
            }
            (None, None) => pieces.push(Piece::Prose(index + 1, line)),
            (Some(fence), Some(_)) => pieces.push(Piece::Fence(fence)),
            (Some(mut fence), None) => {
                fence.body.push_str(line);
                fence.body.push('\n');
                open = Some(fence);
            }
        }
    }
    pieces.extend(open.map(Piece::Fence));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_at_its_fences() {
        let cut = pieces("one\n```sh,run\n# two\n```\nthree\n");
        let fence = Fence { line: 2, info: "sh,run".into(), body: "# two\n".into() };
        assert_eq!(cut, [Piece::Prose(1, "one"), Piece::Fence(fence), Piece::Prose(5, "three")]);
    }

    #[test]
    fn an_info_string_is_a_language_and_words() {
        let fence = Fence { line: 1, info: "sh,run,slow".into(), body: String::new() };
        assert_eq!(fence.language(), "sh");
        assert!(fence.is("run") && fence.is("slow") && !fence.is("sh"));
    }
}
