//! Checks that a page must pass before the book is built. mdBook alone is not enough: for a missing include it prints
//! an error and succeeds, for a missing anchor it leaves an empty block, and it does not check links.

pub(crate) mod built;
mod figures;
mod includes;
mod links;
mod names;
mod parity;
pub(crate) mod translation;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::figures::Figures;
use crate::page::Page;
use crate::registry::Registry;

/// One fault of a page, with its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    file: PathBuf,
    line: usize,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

impl Page {
    fn fault(&self, line: usize, what: impl Into<String>) -> Fault {
        Fault { file: self.file.clone(), line, what: what.into() }
    }
}

/// All faults of the two languages' sources.
pub(crate) fn faults(english: &Path, japanese: &Path) -> Result<Vec<Fault>> {
    let (english, japanese) = (Page::all(english)?, Page::all(japanese)?);
    let (committed, registry) = (Figures::committed()?, Registry::committed()?);
    let mut faults = parity::faults(&english, &japanese);
    faults.extend(translation::faults(&english, &japanese));
    for pages in [&english, &japanese] {
        faults.extend(pages.iter().flat_map(includes::faults));
        faults.extend(links::faults(pages));
        faults.extend(pages.iter().flat_map(|page| names::faults(page, &registry)));
        faults.extend(pages.iter().flat_map(|page| figures::faults(page, &committed)));
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_book_has_nothing_to_repair() {
        let book = Path::new(env!("CARGO_MANIFEST_DIR"));
        let faults = faults(&book.join("en"), &book.join("ja")).unwrap();
        assert_eq!(faults, [], "run `cargo book build`");
    }

    #[test]
    fn a_page_that_the_summary_lists_and_that_does_not_exist_is_an_error() {
        let book = tempfile::tempdir().unwrap();
        fs::create_dir(book.path().join("src")).unwrap();
        fs::write(book.path().join("src/SUMMARY.md"), "- [Gone](gone.md)\n").unwrap();
        let error = faults(book.path(), book.path()).unwrap_err().to_string();
        assert!(error.ends_with("gone.md cannot be read"), "{error}");
    }
}
