//! Renders the parts of a page that mdBook does not know: sequence diagrams, questions, measured figures, and the link
//! to the other language. All of them become HTML while the book is built, so that a page can be read without a script.

mod designs;
mod html;
mod measured;
mod question;
mod sequence;

use std::path::Path;

use anyhow::Context;
use maud::html;
use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::errors::Result;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::fence::{Fence, Piece, pieces};
use crate::figures::{self, Figures};
use crate::lang::Lang;
use crate::registry::Registry;
use crate::words::Words;

pub(crate) use measured::is_known;
pub(crate) use sequence::skeleton;

/// The preprocessor that `book.toml` names, with the figures that it fills in.
pub(crate) struct Render(pub(crate) Figures);

impl Preprocessor for Render {
    fn name(&self) -> &str {
        "authlab"
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let lang = if context.config.book.language.as_deref() == Some("ja") { Lang::Ja } else { Lang::En };
        let mut first_error = None;
        book.for_each_mut(|item| {
            let BookItem::Chapter(chapter) = item else { return };
            let path = chapter.path.as_deref().map(|path| path.with_extension("html"));
            let other = path.as_deref().map(|path| switch(lang, &path.to_string_lossy())).unwrap_or_default();
            let stem = path.as_deref().and_then(Path::file_stem).unwrap_or_default().to_string_lossy();
            match page(&chapter.content, &stem, &self.0, lang).with_context(|| chapter.name.clone()) {
                Ok(text) => chapter.content = other + &text,
                Err(error) => first_error = first_error.take().or(Some(error)),
            }
        });
        first_error.map_or(Ok(book), Err)
    }
}

/// A link to the same page in the other language. It works without a script; a script moves it into the menu bar.
fn switch(lang: Lang, page: &str) -> String {
    let Words { folder, name, .. } = lang.other().words();
    let link = html! {
        nav.other-language { a href={ "../" (folder) "/" (page) } hreflang=(folder) lang=(folder) { (name) } }
    };
    link.into_string() + "\n\n"
}

/// The page's text, in which our own kinds of blocks are HTML, and each figure's name is replaced by the figure.
fn page(text: &str, name: &str, figures: &Figures, lang: Lang) -> Result<String> {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut questions, mut names_figures, mut shows_figures) = (0, false, false);
    let mut filled = |text: &str| {
        figures::fill(text, |name| {
            names_figures = true;
            Ok(figures.named(name, lang)?.unwrap_or_else(|| lang.words().not_measured.to_owned()))
        })
    };
    for piece in pieces(text) {
        match piece {
            Piece::Prose(number, line) => {
                out.push_str(&filled(line).with_context(|| format!("line {number}"))?);
            }
            Piece::Fence(fence) => match fence.language() {
                "sequence" => out.push_str(&sequence::draw(&fence.body).with_context(|| at(&fence))?),
                "quiz" => {
                    questions += 1;
                    let body = filled(&fence.body).with_context(|| at(&fence))?;
                    let html =
                        question::write(&body, &format!("{name}-{questions}")).with_context(|| at(&fence))?;
                    out.push_str(&html);
                }
                "figures" => {
                    shows_figures = true;
                    let name = fence.body.trim();
                    out.push_str(&measured::write(name, figures, lang).with_context(|| at(&fence))?);
                }
                "designs" => {
                    out.push_str(&designs::write(&Registry::committed()?, lang).with_context(|| at(&fence))?);
                }
                _ => out.push_str(&format!("```{}\n{}```", fence.info, dedented(&fence.body))),
            },
        }
        out.push('\n');
    }
    // A chart has this line already.
    if names_figures && !shows_figures {
        out.push_str(&measured::provenance(figures, lang)?);
    }
    Ok(out)
}

/// The block without the indentation that all its lines share, so that an included method starts at the left edge.
fn dedented(body: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let shared = body.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let line = |line: &str| line.get(shared..).unwrap_or_default().to_owned() + "\n";
    body.lines().map(line).collect()
}

fn at(fence: &Fence) -> String {
    format!("the {} at line {}", fence.language(), fence.line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::round_figures;

    fn page(text: &str) -> Result<String> {
        super::page(text, "a", &round_figures(), Lang::En)
    }

    #[test]
    fn blocks_that_are_not_ours_stay_as_they_are() {
        let text = "# A {#a}\n```rust\nfn main() {}\n```\nend\n";
        assert_eq!(page(text).unwrap(), text);
    }

    #[test]
    fn an_included_method_stands_at_the_edge() {
        assert_eq!(dedented("    fn a() {\n\n        b();\n    }\n"), "fn a() {\n\n    b();\n}\n");
        assert_eq!(dedented("\n"), "\n");
    }

    #[test]
    fn each_page_leads_to_its_twin() {
        assert!(
            switch(Lang::En, "hybrid.html")
                .contains("href=\"../ja/hybrid.html\" hreflang=\"ja\" lang=\"ja\"")
        );
        assert!(
            switch(Lang::Ja, "hybrid.html")
                .contains("href=\"../en/hybrid.html\" hreflang=\"en\" lang=\"en\"")
        );
    }

    #[test]
    fn a_diagram_that_cannot_be_read_is_named_by_its_line() {
        let error = page("one\n```sequence\nnonsense\n```\n").unwrap_err();
        assert!(format!("{error:#}").starts_with("the sequence at line 2: "), "{error:#}");
    }

    #[test]
    fn a_page_that_names_figures_says_where_they_were_measured() {
        let text = page("Adds {{figure check.hybrid}}, not {{figure check.access}}.\n").unwrap();
        assert!(text.starts_with("Adds 2.0 µs, not (not measured).\n"), "{text}");
        assert!(text.contains("Measured 2026-11-23 on 2 × Abacus, Debian 13; redis 7;"), "{text}");
        let japanese = super::page("{{figure works-for.hybrid}}\n", "a", &round_figures(), Lang::Ja).unwrap();
        assert!(
            japanese.starts_with("15 分\n") && japanese.contains("2026-11-23 に 2 × Abacus"),
            "{japanese}"
        );
    }

    #[test]
    fn an_unknown_figure_is_named_by_its_line() {
        let error = page("one\n{{figure speed}}\n").unwrap_err();
        assert_eq!(format!("{error:#}"), "line 2: no figure is called `speed`");
    }

    #[test]
    fn a_chart_stands_over_the_table_of_its_figures() {
        let text = page("```figures\nfrontier\n```\n").unwrap();
        let row = "| hybrid | 2.0 | 15 min | 9 |\n";
        let parts = ["<svg class=\"chart\"", "<desc>", "</figure>\n\n| design |", row, "Measured 2026-11-23"];
        let places: Vec<_> = parts.iter().map(|part| text.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} in {text}");
        let japanese = super::page("```figures\nfrontier\n```\n", "a", &round_figures(), Lang::Ja).unwrap();
        assert!(japanese.contains(">即座</text>") && !japanese.contains("at once"), "{japanese}");
    }
}
