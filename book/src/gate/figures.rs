//! Checks that the committed report has every figure that a page names, and that both languages name the same figures.

use super::Fault;
use crate::figures::{Figures, names};
use crate::lang::Lang;
use crate::page::Page;
use crate::render::is_known;

pub(super) fn faults(page: &Page, figures: &Figures) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, line) in page.text.lines().enumerate() {
        for name in names(line) {
            let what = match figures.named(name, Lang::En) {
                Ok(Some(_)) => continue,
                Ok(None) => format!("the committed report has no figure `{name}`"),
                Err(error) => error.to_string(),
            };
            faults.push(page.fault(index + 1, what));
        }
    }
    for fence in page.fences().iter().filter(|fence| fence.language() == "figures") {
        let name = fence.body.trim();
        let what = match is_known(name, figures) {
            Ok(true) => continue,
            Ok(false) if fence.is("optional") => continue,
            Ok(false) => format!("the committed report has no figures `{name}`"),
            Err(error) => error.to_string(),
        };
        faults.push(page.fault(fence.line, what));
    }
    faults
}

/// The first figure that one language names more often than the other.
pub(super) fn only_in_one(english: &Page, japanese: &Page) -> Option<Fault> {
    let named = |page: &Page| {
        let mut all: Vec<String> = page.text.lines().flat_map(names).map(str::to_owned).collect();
        all.sort();
        all
    };
    let (ours, theirs) = (named(english), named(japanese));
    let same = ours.iter().zip(&theirs).take_while(|(one, other)| one == other).count();
    let first = ours.get(same).into_iter().chain(theirs.get(same)).min()?;
    Some(japanese.fault(1, format!("the figure `{first}` is not named as often as on the English page")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::tests::round_figures;

    fn page(text: &str) -> Page {
        Page { file: "a.md".into(), name: "a.md".into(), text: text.into() }
    }

    fn said_of(text: &str) -> Vec<String> {
        faults(&page(text), &round_figures()).iter().map(Fault::to_string).collect()
    }

    #[test]
    fn figures_of_the_report_can_be_named() {
        let text = "{{figure check.hybrid}} and {{figure far}}\n```figures\nfrontier\n```\n";
        assert_eq!(said_of(text), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_and_an_unmeasured_figure_are_faults_where_they_stand() {
        let said = said_of(
            "one\n{{figure speed}} {{figure check.access}}\n```figures\nlatency\n```\n```figures\nall\n```\n\
             ```figures,optional\nlatency\n```\n```figures,optional\nany\n```\n",
        );
        assert_eq!(
            said,
            [
                "a.md:2: no figure is called `speed`",
                "a.md:2: the committed report has no figure `check.access`",
                "a.md:3: the committed report has no figures `latency`",
                "a.md:6: no figures are called `all`",
                "a.md:12: no figures are called `any`",
            ]
        );
    }

    #[test]
    fn both_languages_name_the_same_figures_in_any_order() {
        let english = page("{{figure near}} {{figure far}}");
        assert_eq!(only_in_one(&english, &page("{{figure far}}、{{figure near}}")), None);
        let fault = only_in_one(&english, &page("{{figure far}}")).unwrap();
        assert_eq!(
            fault.to_string(),
            "a.md:1: the figure `near` is not named as often as on the English page"
        );
    }
}
