//! Checks that the two languages have the same pages with the same headings, so that a link in one language works in
//! the other, and a forgotten page is noticed.

use super::{Fault, figures};
use crate::fence::Fence;
use crate::page::{Heading, Page};
use crate::render::skeleton;

pub(super) fn faults(english: &[Page], japanese: &[Page]) -> Vec<Fault> {
    let mut faults: Vec<_> = english.iter().chain(japanese).flat_map(own_faults).collect();
    for (pages, others) in [(english, japanese), (japanese, english)] {
        let missing = pages.iter().filter(|page| twin(page, others).is_none());
        faults.extend(missing.map(|page| page.fault(1, "the other language does not have this page")));
    }
    for page in english {
        if let Some(other) = twin(page, japanese) {
            faults.extend(first_difference(page, other));
            faults.extend(other_block(page, other));
            faults.extend(figures::only_in_one(page, other));
        }
    }
    faults
}

fn twin<'a>(page: &Page, others: &'a [Page]) -> Option<&'a Page> {
    others.iter().find(|other| other.name == page.name)
}

/// Headings without an id, or with an id that an earlier heading of the page has.
fn own_faults(page: &Page) -> Vec<Fault> {
    let headings = page.headings();
    let said = |(index, heading): (usize, &Heading)| match &heading.id {
        None => Some(page.fault(heading.line, "the heading needs an id: `## Words {#id}`")),
        Some(_) if headings[..index].iter().any(|earlier| earlier.id == heading.id) => {
            Some(page.fault(heading.line, "an earlier heading of this page has the same id"))
        }
        Some(_) => None,
    };
    headings.iter().enumerate().filter_map(said).collect()
}

fn first_difference(english: &Page, japanese: &Page) -> Option<Fault> {
    let (ours, theirs) = (english.headings(), japanese.headings());
    let same = |(one, other): (&Heading, &Heading)| one.level == other.level && one.id == other.id;
    let agreed = ours.iter().zip(&theirs).take_while(|(one, other)| same((one, other))).count();
    let line = |headings: &[Heading]| headings.get(agreed).map(|heading| heading.line);
    if let Some(line) = line(&theirs) {
        return Some(japanese.fault(line, "the English page has another heading here"));
    }
    line(&ours).map(|line| english.fault(line, "the Japanese page ends before this heading"))
}

/// The first block that differs from the other page's. Code, commands and includes must be equal; diagrams and
/// questions must have the same shape.
fn other_block(english: &Page, japanese: &Page) -> Option<Fault> {
    let (ours, theirs) = (english.fences(), japanese.fences());
    let shape = |fence: &Fence| match fence.language() {
        "sequence" => skeleton(&fence.body),
        "quiz" => fence.body.lines().skip(1).map(|line| line.chars().take(1).collect()).collect(),
        _ => vec![fence.body.clone()],
    };
    let same = |(one, other): (&Fence, &Fence)| one.info == other.info && shape(one) == shape(other);
    let agreed = ours.iter().zip(&theirs).take_while(|&pair| same(pair)).count();
    if let Some(fence) = theirs.get(agreed) {
        return Some(japanese.fault(fence.line, "the English page has another block here"));
    }
    ours.get(agreed).map(|fence| english.fault(fence.line, "the Japanese page does not have this block"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said_of(english: &[(&str, &str)], japanese: &[(&str, &str)]) -> Vec<String> {
        let pages = |pages: &[(&str, &str)]| -> Vec<Page> {
            let page = |(name, text): &(&str, &str)| Page {
                file: (*name).into(),
                name: (*name).into(),
                text: (*text).into(),
            };
            pages.iter().map(page).collect()
        };
        faults(&pages(english), &pages(japanese)).iter().map(Fault::to_string).collect()
    }

    #[test]
    fn the_same_headings_in_other_words_are_at_par() {
        let said = said_of(
            &[("a.md", "# One {#one}\n## Two {#two}\n")],
            &[("a.md", "# 一 {#one}\n\n## 二 {#two}\n")],
        );
        assert_eq!(said, Vec::<String>::new());
    }

    #[test]
    fn a_page_that_one_language_lacks_is_a_fault() {
        let said = said_of(&[("a.md", ""), ("b.md", "")], &[("a.md", "")]);
        assert_eq!(said, ["b.md:1: the other language does not have this page"]);
    }

    #[test]
    fn another_and_a_missing_heading_are_faults() {
        let english = [("a.md", "# One {#one}\n## Two {#two}\n")];
        let another = said_of(&english, &[("a.md", "# 一 {#one}\n## 三 {#three}\n")]);
        assert_eq!(another, ["a.md:2: the English page has another heading here"]);
        let missing = said_of(&english, &[("a.md", "# 一 {#one}\n")]);
        assert_eq!(missing, ["a.md:2: the Japanese page ends before this heading"]);
    }

    #[test]
    fn code_is_the_same_in_both_and_a_question_has_the_same_shape() {
        let english = [("a.md", "```sh\ncargo lab\n```\n```quiz\nWhy?\n- a | b\n+ c | d\n```\n")];
        let translated = "```sh\ncargo lab\n```\n```quiz\nなぜ？\n- あ | い\n+ う | え\n```\n";
        assert_eq!(said_of(&english, &[("a.md", translated)]), Vec::<String>::new());
        let other = said_of(&english, &[("a.md", &translated.replace("lab", "book"))]);
        assert_eq!(other, ["a.md:1: the English page has another block here"]);
        let missing = said_of(&english, &[("a.md", "```sh\ncargo lab\n```\n")]);
        assert_eq!(missing, ["a.md:4: the Japanese page does not have this block"]);
    }

    #[test]
    fn a_heading_without_an_id_or_with_a_taken_one_is_a_fault() {
        let text = "# One {#one}\n## Two\n## Three {#one}\n";
        let said = said_of(&[("a.md", text)], &[("a.md", text)]);
        assert_eq!(said[0], "a.md:2: the heading needs an id: `## Words {#id}`");
        assert_eq!(said[1], "a.md:3: an earlier heading of this page has the same id");
    }
}
