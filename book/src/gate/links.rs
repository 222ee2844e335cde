//! Checks that every link between pages leads to a page of the summary, and to the id of a heading. Links to other
//! sites are not checked, because the book is built without a network.

use super::Fault;
use crate::page::Page;

pub(super) fn faults(pages: &[Page]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for page in pages {
        for (line, target) in page.links() {
            if !target.contains("://") && !leads_somewhere(pages, page, &target) {
                faults.push(page.fault(line, format!("the link `{target}` has no target")));
            }
        }
    }
    faults
}

fn leads_somewhere(pages: &[Page], from: &Page, target: &str) -> bool {
    let (name, id) = target.split_once('#').unwrap_or((target, ""));
    let page = if name.is_empty() { Some(from) } else { pages.iter().find(|page| page.name == name) };
    page.is_some_and(|page| {
        id.is_empty() || page.headings().iter().any(|heading| heading.id.as_deref() == Some(id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said_of(text: &str) -> Vec<String> {
        let page = |name: &str, text: &str| Page { file: name.into(), name: name.into(), text: text.into() };
        let pages = [page("a.md", text), page("b.md", "# B {#b}\n")];
        faults(&pages).into_iter().map(|fault| fault.what).collect()
    }

    #[test]
    fn a_page_an_id_and_the_world_can_be_linked() {
        let text =
            "# A {#a}\n[b](b.md) [id](b.md#b) [here](#a) [world](https://www.rfc-editor.org/rfc/rfc7519)\n";
        assert_eq!(said_of(text), Vec::<String>::new());
    }

    #[test]
    fn a_missing_page_and_a_missing_id_are_faults() {
        let said = said_of("[c](c.md)\n[id](b.md#c) [here](#c)\n");
        assert_eq!(
            said,
            [
                "the link `c.md` has no target",
                "the link `b.md#c` has no target",
                "the link `#c` has no target"
            ]
        );
    }
}
