//! The themes of the book: one light and one dark, which the browser test checks for the contrast of WCAG 2. mdBook has
//! three more themes whose colours lack this contrast, and no setting to leave them out, so they are removed from the
//! built pages. A theme that is not found stops the build, because a newer mdBook then has other themes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The attribute that every page with a menu of themes contains.
const CHOICE: &str = "id=\"mdbook-theme-list\"";

/// The entries of that menu to change, each with its new label; `None` removes the entry.
const ENTRIES: &[(&str, Option<&str>)] =
    &[("Rust", None), ("Coal", None), ("Ayu", None), ("Navy", Some("Dark"))];

/// Removes all themes but light and dark from the menu in a folder that was just built.
pub(crate) fn keep_light_and_dark(built: &Path) -> Result<()> {
    let mut pages = 0;
    for entry in fs::read_dir(built).with_context(|| format!("{} cannot be read", built.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        if !text.contains(CHOICE) {
            continue;
        }
        pages += 1;
        let text = ENTRIES.iter().try_fold(text, |text, (name, instead)| changed(&text, name, *instead))?;
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if pages == 0 {
        bail!("no page has a menu of themes any more: adapt themes.rs to this version of mdBook");
    }
    Ok(())
}

fn changed(text: &str, name: &str, instead: Option<&str>) -> Result<String> {
    let entry = |said: &str| {
        let id = name.to_lowercase();
        format!(
            "<li role=\"none\"><button role=\"menuitem\" class=\"theme\" id=\"mdbook-theme-{id}\">{said}</button></li>"
        )
    };
    if !text.contains(&entry(name)) {
        bail!("mdBook no longer offers the theme {name}: adapt themes.rs to this version of mdBook");
    }
    Ok(text.replace(&entry(name), &instead.map(entry).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_and_dark_stay_and_a_theme_that_is_gone_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let entry = |id: &str, name: &str| {
            format!(
                "<li role=\"none\"><button role=\"menuitem\" class=\"theme\" id=\"mdbook-theme-{id}\">{name}</button></li>"
            )
        };
        let entries =
            [("light", "Light"), ("rust", "Rust"), ("coal", "Coal"), ("navy", "Navy"), ("ayu", "Ayu")];
        let list: String = entries.iter().map(|(id, name)| entry(id, name)).collect();
        fs::write(folder.path().join("a.html"), format!("<ul {CHOICE}>{list}</ul>")).unwrap();
        fs::write(folder.path().join("toc.html"), "no choice").unwrap();
        keep_light_and_dark(folder.path()).unwrap();
        let page = fs::read_to_string(folder.path().join("a.html")).unwrap();
        assert_eq!(page, format!("<ul {CHOICE}>{}{}</ul>", entry("light", "Light"), entry("navy", "Dark")));
        let again = keep_light_and_dark(folder.path()).unwrap_err().to_string();
        assert!(again.starts_with("mdBook no longer offers the theme Rust"), "{again}");
    }

    #[test]
    fn a_book_without_a_choice_of_themes_is_an_error() {
        assert!(keep_light_and_dark(tempfile::tempdir().unwrap().path()).is_err());
    }
}
