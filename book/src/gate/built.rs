//! Checks that every link of the built pages, to a page, a file or an id, has an existing target. This includes links
//! that mdBook made, and links in HTML. Links to other sites are not checked, because the book is built without a
//! network.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

/// The result of the check.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// How many links were checked.
    pub(crate) followed: usize,
    /// The dead links, each as its page and its target.
    pub(crate) dead: BTreeSet<(String, String)>,
}

/// mdBook's page for unknown addresses. It is skipped, because its links are relative to the root of a site.
const LOST: &str = "404.html";

/// Checks every link of the pages in these folders below `root`.
pub(crate) fn report(root: &Path, folders: &[&str]) -> Result<Report> {
    let mut pages = BTreeMap::new();
    for folder in folders {
        let entries = fs::read_dir(root.join(folder)).with_context(|| format!("{folder} was not built"))?;
        for path in entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()? {
            if path.extension().is_some_and(|extension| extension == "html") && !path.ends_with(LOST) {
                let text = fs::read_to_string(&path)?;
                pages.insert(path.strip_prefix(root)?.to_owned(), text);
            }
        }
    }
    let ids: BTreeMap<&PathBuf, BTreeSet<&str>> =
        pages.iter().map(|(page, text)| (page, values(text, "id").collect())).collect();
    let mut report = Report::default();
    for (page, text) in &pages {
        for link in values(text, "href").chain(values(text, "src")) {
            if link.contains(':') || link.is_empty() {
                continue;
            }
            report.followed += 1;
            if !leads_somewhere(root, page, link, &ids) {
                report.dead.insert((page.display().to_string(), link.to_owned()));
            }
        }
    }
    Ok(report)
}

fn leads_somewhere(root: &Path, page: &Path, link: &str, ids: &BTreeMap<&PathBuf, BTreeSet<&str>>) -> bool {
    let (path, id) = link.split_once('#').unwrap_or((link, ""));
    let path = path.split('?').next().unwrap_or_default();
    let target = if path.is_empty() { page.to_owned() } else { resolved(page, path) };
    match ids.get(&target) {
        Some(ids) => id.is_empty() || ids.contains(id),
        None => root.join(&target).is_file(),
    }
}

/// A link as a path below the root.
fn resolved(page: &Path, link: &str) -> PathBuf {
    let mut target = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => {
                target.pop();
            }
            Component::Normal(name) => target.push(name),
            _ => {}
        }
    }
    target
}

/// The values of an attribute in an HTML text.
fn values<'a>(html: &'a str, attribute: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {attribute}=\"");
    let mut rest = html;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&start)?;
        let (value, after) = after.split_once('"')?;
        rest = after;
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_pages_ids_and_files_are_followed_across_languages() {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("en/a.html", r##"<a href="b.html#here"> <a href="#top" id="top"> <a href="../ja/b.html">"##),
            ("en/b.html", r#"<p id="here"> <img src="pic.svg?v=1"> <a href="https://example.test/x">"#),
            ("ja/b.html", ""),
            ("en/pic.svg", ""),
        ] {
            fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
            fs::write(root.path().join(name), text).unwrap();
        }
        let found = report(root.path(), &["en", "ja"]).unwrap();
        assert_eq!(found, Report { followed: 4, dead: BTreeSet::new() });

        fs::remove_file(root.path().join("ja/b.html")).unwrap();
        fs::write(root.path().join("en/b.html"), "<img src=\"gone.svg\">").unwrap();
        let dead = report(root.path(), &["en", "ja"]).unwrap().dead;
        let dead: Vec<_> = dead.iter().map(|(page, link)| (&**page, &**link)).collect();
        let expected =
            [("en/a.html", "../ja/b.html"), ("en/a.html", "b.html#here"), ("en/b.html", "gone.svg")];
        assert_eq!(dead, expected);
    }
}
