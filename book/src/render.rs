//! What mdBook does not know: sequence diagrams, questions, and the way to the other language. Everything becomes HTML while
//! the book is built, so that a page needs no script to be read.

mod html;
mod question;
mod sequence;

use anyhow::Context;
use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::errors::Result;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::fence::{Fence, Piece, pieces};

pub(crate) use sequence::skeleton;

/// The preprocessor, by the name that `book.toml` calls it.
pub(crate) struct Render;

impl Preprocessor for Render {
    fn name(&self) -> &str {
        "authlab"
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let language = context.config.book.language.as_deref().unwrap_or("en");
        let mut first_error = None;
        book.for_each_mut(|item| {
            let BookItem::Chapter(chapter) = item else { return };
            let path = chapter.path.as_deref().map(|path| path.with_extension("html"));
            let other = path.map(|path| switch(language, &path.to_string_lossy())).unwrap_or_default();
            match page(&chapter.content).with_context(|| chapter.name.clone()) {
                Ok(text) => chapter.content = other + &text,
                Err(error) => first_error = first_error.take().or(Some(error)),
            }
        });
        first_error.map_or(Ok(book), Err)
    }
}

/// A link to the same page in the other language. It works without a script; with one it moves into the bar.
fn switch(language: &str, page: &str) -> String {
    let (other, words) = if language == "ja" { ("en", "English") } else { ("ja", "日本語") };
    format!(
        "<nav class=\"other-language\"><a href=\"../{other}/{page}\" hreflang=\"{other}\" lang=\"{other}\">{words}</a></nav>\n\n"
    )
}

/// A page with its own kinds of blocks as HTML.
fn page(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len() * 2);
    let mut questions = 0;
    for piece in pieces(text) {
        match piece {
            Piece::Prose(_, line) => out.push_str(line),
            Piece::Fence(fence) => match fence.language() {
                "sequence" => out.push_str(&sequence::draw(&fence.body).with_context(|| at(&fence))?),
                "quiz" => {
                    questions += 1;
                    let html = question::write(&fence.body, questions).with_context(|| at(&fence))?;
                    out.push_str(&html);
                }
                _ => out.push_str(&format!("```{}\n{}```", fence.info, dedented(&fence.body))),
            },
        }
        out.push('\n');
    }
    Ok(out)
}

/// A block without the indentation that all its lines share: a method that was included stands at the edge of the page.
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
            switch("en", "hybrid.html").contains("href=\"../ja/hybrid.html\" hreflang=\"ja\" lang=\"ja\"")
        );
        assert!(
            switch("ja", "hybrid.html").contains("href=\"../en/hybrid.html\" hreflang=\"en\" lang=\"en\"")
        );
    }

    #[test]
    fn a_diagram_that_cannot_be_read_is_named_by_its_line() {
        let error = page("one\n```sequence\nnonsense\n```\n").unwrap_err();
        assert!(format!("{error:#}").starts_with("the sequence at line 2: "), "{error:#}");
    }
}
