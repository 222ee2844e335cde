//! Translates mdBook's own words into Japanese. mdBook has no translations; its words are in its templates and scripts,
//! so this module replaces them in the built files. A word that is not found stops the build, because a newer mdBook
//! then uses another one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The words in the pages: English and Japanese.
const IN_PAGES: &[(&str, &str)] = &[
    ("aria-label=\"Table of contents\"", "aria-label=\"目次\""),
    (
        "title=\"Toggle Table of Contents\" aria-label=\"Toggle Table of Contents\"",
        "title=\"目次の表示を切り替える\" aria-label=\"目次の表示を切り替える\"",
    ),
    (
        "title=\"Change theme\" aria-label=\"Change theme\"",
        "title=\"配色を変える\" aria-label=\"配色を変える\"",
    ),
    ("aria-label=\"Themes\"", "aria-label=\"配色\""),
    (
        "title=\"Search (`/`)\" aria-label=\"Toggle Searchbar\"",
        "title=\"検索 (`/`)\" aria-label=\"検索欄の表示を切り替える\"",
    ),
    (
        "title=\"Print this book\" aria-label=\"Print this book\"",
        "title=\"この本を印刷する\" aria-label=\"この本を印刷する\"",
    ),
    ("placeholder=\"Search this book ...\"", "placeholder=\"この本を検索…\""),
    ("aria-label=\"Page navigation\"", "aria-label=\"前後のページ\""),
    ("title=\"Previous chapter\" aria-label=\"Previous chapter\"", "title=\"前の章\" aria-label=\"前の章\""),
    ("title=\"Next chapter\" aria-label=\"Next chapter\"", "title=\"次の章\" aria-label=\"次の章\""),
    (">Auto</button>", ">自動</button>"),
    (">Light</button>", ">ライト</button>"),
    (">Dark</button>", ">ダーク</button>"),
];

/// The words in the scripts: English and Japanese.
const IN_SCRIPTS: &[(&str, &str)] = &[
    (
        "count + ' search result for \\'' + searchterm + '\\':'",
        "'「' + searchterm + '」の検索結果: ' + count + ' 件'",
    ),
    ("'No search results for \\'' + searchterm + '\\'.'", "'「' + searchterm + '」は見つかりませんでした。'"),
    (
        "count + ' search results for \\'' + searchterm + '\\':'",
        "'「' + searchterm + '」の検索結果: ' + count + ' 件'",
    ),
    ("'Copy to clipboard'", "'クリップボードにコピー'"),
    ("'Show hidden lines'", "'隠れた行を表示'"),
    ("'Hide lines'", "'行を隠す'"),
];

/// Replaces the words in a folder that was just built. Call it after `themes`, which changes one of them.
pub(crate) fn translate(built: &Path) -> Result<()> {
    let mut unseen: BTreeSet<&str> = IN_PAGES.iter().chain(IN_SCRIPTS).map(|(word, _)| *word).collect();
    for entry in fs::read_dir(built).with_context(|| format!("{} cannot be read", built.display()))? {
        let path = entry?.path();
        let words = match path.extension().and_then(|extension| extension.to_str()) {
            Some("html") => IN_PAGES,
            Some("js") if !path.to_string_lossy().contains("searchindex") => IN_SCRIPTS,
            _ => continue,
        };
        let before =
            fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let mut after = before.clone();
        for (word, japanese) in words.iter().filter(|(word, _)| before.contains(*word)) {
            unseen.remove(word);
            after = after.replace(word, japanese);
        }
        if after != before {
            fs::write(&path, after).with_context(|| format!("{} cannot be written", path.display()))?;
        }
    }
    if let Some(word) = unseen.first() {
        bail!("mdBook no longer contains `{word}`: update the translation in interface.rs");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_exchanged_and_a_missing_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let all = |words: &[(&str, &str)]| words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join("\n");
        fs::write(folder.path().join("a.html"), all(IN_PAGES)).unwrap();
        fs::write(folder.path().join("book.js"), all(IN_SCRIPTS)).unwrap();
        translate(folder.path()).unwrap();
        let page = fs::read_to_string(folder.path().join("a.html")).unwrap();
        assert!(page.contains("placeholder=\"この本を検索…\"") && !page.contains("Search"), "{page}");
        let again = translate(folder.path()).unwrap_err().to_string();
        assert!(again.starts_with("mdBook no longer contains `"), "{again}");
    }
}
