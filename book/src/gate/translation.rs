//! Checks translated pages: the first line of each contains the fingerprint of the English text from which it was
//! translated. When the English page changes, the fingerprint no longer matches, and the gate reports the page until
//! the translator has checked it and run `cargo book translated PAGE`.

use std::fs;

use anyhow::{Context, Result};

use super::Fault;
use crate::page::Page;

const START: &str = "<!-- translated from ";
const END: &str = " -->";

pub(super) fn faults(english: &[Page], japanese: &[Page]) -> Vec<Fault> {
    let stale = |page: &Page| {
        let source = english.iter().find(|source| source.name == page.name)?;
        let what = match noted(&page.text) {
            None => "the first line does not state the English version that was translated",
            Some(noted) if noted == fingerprint(&source.text) => return None,
            Some(_) => "the English page has changed since this translation",
        };
        let repair = format!("{what}; compare both pages, then run `cargo book translated {}`", page.name);
        Some(page.fault(1, repair))
    };
    japanese.iter().filter_map(stale).collect()
}

/// Writes the fingerprint of the current English page into the first line of the translated page.
pub(crate) fn note(english: &Page, japanese: &Page) -> Result<()> {
    let rest = match noted(&japanese.text) {
        Some(_) => japanese.text.split_once('\n').map_or("", |(_, rest)| rest),
        None => &japanese.text,
    };
    let text = format!("{START}{}{END}\n{rest}", fingerprint(&english.text));
    fs::write(&japanese.file, text).with_context(|| format!("{} cannot be written", japanese.file.display()))
}

fn noted(text: &str) -> Option<&str> {
    text.lines().next()?.strip_prefix(START)?.strip_suffix(END)
}

/// FNV-1a with 64 bits. It guards against forgetting, not against an attacker, and its values are the same in every
/// release.
fn fingerprint(text: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::lang::Lang;

    #[test]
    fn a_translation_is_good_until_its_source_changes() {
        let folder = tempfile::tempdir().unwrap();
        let page =
            |text: &str| Page { file: folder.path().join("a.md"), name: "a.md".into(), text: text.into() };
        let said = |source: &str, text: &str| {
            let all = faults(&[page(source)], &[page(text)]);
            all.into_iter().map(|fault| fault.what).collect::<Vec<_>>()
        };
        let written = || fs::read_to_string(folder.path().join("a.md")).unwrap();
        assert!(said("one", "一\n")[0].starts_with("the first line does not state"));
        note(&page("one"), &page("一\n")).unwrap();
        let translated = written();
        assert_eq!(said("one", &translated), Vec::<String>::new());
        assert!(said("one more", &translated)[0].starts_with("the English page has changed"));
        note(&page("one more"), &page(&translated)).unwrap();
        assert_eq!(said("one more", &written()), Vec::<String>::new());
        assert_eq!(written().matches(START).count(), 1);
    }

    #[test]
    fn the_books_translations_are_as_good_in_a_clone_with_crlf() {
        let clone = tempfile::tempdir().unwrap();
        let [english, japanese] = Lang::ALL.map(|lang| {
            let (from, to) = (lang.folder().join("src"), clone.path().join(lang.words().folder).join("src"));
            fs::create_dir_all(&to).unwrap();
            for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
                let text = fs::read_to_string(&entry).unwrap_or_default();
                fs::write(to.join(entry.file_name().unwrap()), text.replace('\n', "\r\n")).unwrap();
            }
            to.parent().unwrap().to_owned()
        });
        let said = |english: &Path, japanese: &Path| {
            let all = faults(&Page::all(english).unwrap(), &Page::all(japanese).unwrap());
            all.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(said(&english, &japanese), Vec::<String>::new());

        let page = english.join("src/hybrid.md");
        let text = fs::read_to_string(&page).unwrap();
        fs::write(&page, format!("{text}One more sentence.\r\n")).unwrap();
        let stale = said(&english, &japanese);
        assert!(stale.len() == 1 && stale[0].contains("cargo book translated hybrid.md"), "{stale:?}");
    }

    #[test]
    fn the_fingerprint_is_fnv_1a() {
        assert_eq!(fingerprint("a"), "af63dc4c8601ec8c");
    }
}
