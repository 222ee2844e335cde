//! The page's files, compiled into the program: nothing is read from disk or fetched from a network.

use axum::http::HeaderValue;
use harness::language::Language;

/// The attribute of the page into which the language of `--lang` is written.
const LANGUAGE: &str = "data-language=\"\"";

const HTML: &str = include_str!("page/index.html");
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// The page itself. Without a language, the page uses the browser's.
pub(super) fn html(language: Option<Language>) -> String {
    let name = language.map_or("", Language::tag);
    HTML.replace(LANGUAGE, &format!("data-language=\"{name}\""))
}

/// A file of the page, with its media type.
pub(super) fn file(name: &str) -> Option<(HeaderValue, &'static str)> {
    let found = FILES.iter().find(|(known, ..)| *known == name);
    found.map(|(_, kind, content)| (HeaderValue::from_static(kind), *content))
}

const FILES: [(&str, &str, &str); 16] = [
    ("play.css", STYLE, include_str!("page/play.css")),
    ("play.js", SCRIPT, include_str!("page/play.js")),
    ("actions.js", SCRIPT, include_str!("page/actions.js")),
    ("column.js", SCRIPT, include_str!("page/column.js")),
    ("door.js", SCRIPT, include_str!("page/door.js")),
    ("element.js", SCRIPT, include_str!("page/element.js")),
    ("english.js", SCRIPT, include_str!("page/english.js")),
    ("japanese.js", SCRIPT, include_str!("page/japanese.js")),
    ("keep.js", SCRIPT, include_str!("page/keep.js")),
    ("language.js", SCRIPT, include_str!("page/language.js")),
    ("result.js", SCRIPT, include_str!("page/result.js")),
    ("room.js", SCRIPT, include_str!("page/room.js")),
    ("timeline.js", SCRIPT, include_str!("page/timeline.js")),
    ("token.js", SCRIPT, include_str!("page/token.js")),
    ("tour.js", SCRIPT, include_str!("page/tour.js")),
    ("workbench.js", SCRIPT, lab1_token::WORKBENCH),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_was_asked_for_stands_in_the_page() {
        assert!(html(Some(Language::Ja)).contains("data-language=\"ja\""));
        assert!(html(None).contains(LANGUAGE));
    }

    #[test]
    fn every_file_that_the_page_and_its_modules_name_is_here() {
        let mut named = Vec::new();
        for text in FILES.iter().map(|(_, _, content)| *content).chain([HTML]) {
            for mark in ["from './", "href=\"/page/", "src=\"/page/", "'/page/"] {
                named.extend(text.split(mark).skip(1).filter_map(|rest| rest.split(['\'', '"']).next()));
            }
        }
        assert!(named.len() > FILES.len(), "{named:?}");
        for name in named {
            assert!(file(name).is_some(), "nobody has {name}");
        }
    }

    #[test]
    fn the_page_has_nothing_inline_for_its_policy_forbids_it() {
        assert!(!HTML.contains("<style"));
        assert!(!HTML.contains("style=\""));
        assert!(!HTML.contains(" onclick"));
        assert_eq!(HTML.matches("<script").count(), HTML.matches("<script type=\"module\" src=").count());
    }
}
