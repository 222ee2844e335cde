//! A fenced block of a page: what the gates compare, what is drawn and what is run.

/// A block between two lines of three backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fence {
    /// The line of its first fence, from 1.
    pub(crate) line: usize,
    /// What stands behind the backticks: a language, and words such as `run` after commas.
    pub(crate) info: String,
    /// The lines between.
    pub(crate) body: String,
}

impl Fence {
    /// The language.
    pub(crate) fn language(&self) -> &str {
        self.info.split(',').next().unwrap_or_default()
    }

    /// Whether a word stands behind the language.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.info.split(',').skip(1).any(|one| one == word)
    }
}

/// A page's text, cut at its fences.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A line outside, with its number.
    Prose(usize, &'a str),
    /// A whole block.
    Fence(Fence),
}

/// Cuts a page. A block that is never closed ends with the page.
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
