//! The board's page: which learner has done what, in plain HTML that fits a phone and a projector.

use axum::http::{HeaderMap, header};
use harness::language::Language;
use kit::design::Text;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::wall::Learner;
use crate::course::{Course, Lab};
use crate::words::{WORDS, Words};

/// After how many seconds a browser reloads the page. There is no script: the page's `meta` element says so.
const REFRESH_S: u32 = 5;

const STYLE: &str = include_str!("page.css");

/// The language that the page of each language links to, and its name.
const OTHER: Text<(Language, &str)> = Text { en: (Language::Ja, "日本語"), ja: (Language::En, "English") };

/// The language of the page: the one in the query, else the first that the browser names, else the leader's choice.
pub(super) fn language(query: Option<&str>, headers: &HeaderMap, otherwise: Language) -> Language {
    let asked = query.and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("lang=")));
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let first = accepted.into_iter().flat_map(|value| value.split(',')).map(str::trim);
    // Browsers list the preferred language first, so the weights (`q=`) need not be read.
    let named = |tag: &str| match tag.get(..2) {
        Some("ja") => Some(Language::Ja),
        Some("en") => Some(Language::En),
        _ => None,
    };
    asked.into_iter().chain(first).find_map(named).unwrap_or(otherwise)
}

/// The whole page. `host` is the host name under which the reader reached it.
pub(super) fn html(course: &Course, learners: &[Learner], language: Language, host: &str) -> String {
    let words = language.choose(&WORDS);
    let (other, other_name) = *language.choose(&OTHER);
    let page = html! {
        (DOCTYPE)
        html lang=(language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content=(REFRESH_S);
                title { (words.board_title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (words.board_title) }
                    p {
                        ((words.learners)(learners.len())) " · " ((words.refreshed_every)(REFRESH_S)) " · "
                        a href={ "?lang=" (other.tag()) } lang=(other.tag()) hreflang=(other.tag()) { (other_name) }
                    }
                }
                main {
                    @if learners.is_empty() { (nobody(words, host)) } @else { (table(course, learners, language)) }
                }
            }
        }
    };
    page.into_string()
}

/// The page's text while there is no learner yet: how to get onto the board.
fn nobody(words: &Words, host: &str) -> Markup {
    html! {
        p { (words.no_learner) }
        pre { "cargo lab learn --board http://" (host) " --nickname " (words.nickname) }
    }
}

fn table(course: &Course, learners: &[Learner], language: Language) -> Markup {
    let words = language.choose(&WORDS);
    html! {
        table {
            thead {
                tr {
                    th scope="col" { (words.name) }
                    @for lab in &course.labs { th scope="col" { (language.choose(&lab.title)) } }
                    th scope="col" { (words.done) }
                    th scope="col" { (words.last_seen) }
                }
            }
            tbody { @for learner in learners { (row(course, learner, language)) } }
        }
    }
}

fn row(course: &Course, learner: &Learner, language: Language) -> Markup {
    let all = course.steps().count();
    let done = learner.steps.len();
    html! {
        tr class=[(done == all).then_some("all")] {
            th scope="row" { (learner.nickname) }
            @for lab in &course.labs { (cell(lab, learner, language)) }
            td.sum { (done) "/" (all) }
            td.seen { ((language.choose(&WORDS).minutes_ago)(learner.minutes)) }
        }
    }
}

/// The table cell of one lab: a mark for each step and, for screen readers, how many steps are done.
fn cell(lab: &Lab, learner: &Learner, language: Language) -> Markup {
    let is_done = |id: &String| learner.steps.contains(id);
    let (done, of) = (lab.steps.iter().filter(|step| is_done(&step.id)).count(), lab.steps.len());
    html! {
        td data-lab=(language.choose(&lab.title)) {
            span aria-hidden="true" {
                @for step in &lab.steps { @if is_done(&step.id) { b { "●" } } @else { i { "○" } } }
            }
            span.said { ((language.choose(&WORDS).steps_done)(done, of)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn course() -> Course {
        Course::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
    }

    fn learner(name: &str, steps: &[&str]) -> Learner {
        let steps = steps.iter().map(|&step| step.to_owned()).collect();
        Learner { nickname: name.parse().unwrap(), steps, minutes: 3 }
    }

    #[test]
    fn a_nickname_of_markup_is_shown_as_it_was_typed_and_is_none() {
        let html = html(&course(), &[learner("<script>'\"&", &[])], Language::En, "127.0.0.1:1");
        assert!(html.contains("<th scope=\"row\">&lt;script&gt;'&quot;&amp;</th>"), "{html}");
        assert!(!html.contains("<script"), "{html}");
    }

    #[test]
    fn a_host_of_markup_is_none_either() {
        let html = html(&course(), &[], Language::En, "\"><img src=x>");
        assert!(html.contains("http://&quot;&gt;&lt;img src=x&gt;") && !html.contains("<img"), "{html}");
    }

    #[test]
    fn each_step_that_is_done_is_marked_and_counted() {
        let html =
            html(&course(), &[learner("ann", &["token.base64url", "token.verify"])], Language::En, "h");
        assert!(html.contains("<b>●</b><i>○</i><b>●</b></span><span class=\"said\">2 of 3</span>"), "{html}");
        assert!(html.contains("2/10") && html.contains("3 min ago") && html.contains("1 learner "), "{html}");
    }

    #[test]
    fn the_page_fetches_nothing() {
        let html = html(&course(), &[learner("ann", &[])], Language::Ja, "h");
        for fetching in ["src=", "<link", "@import", "url(", "<script", "//"] {
            assert!(!html.contains(fetching), "{fetching} in {html}");
        }
        assert!(html.contains("lang=\"ja\"") && html.contains("トークンを手で作る"));
    }

    #[test]
    fn the_address_decides_the_language_then_the_browser_then_the_leader() {
        let accepting =
            |value: &'static str| HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, value.parse().unwrap())]);
        let of = |query, headers: &HeaderMap| language(query, headers, Language::En);
        assert_eq!(of(Some("lang=ja"), &accepting("en-US")), Language::Ja);
        assert_eq!(of(None, &accepting("ja,en;q=0.8")), Language::Ja);
        assert_eq!(of(None, &accepting("de-DE, en;q=0.7, ja;q=0.3")), Language::En);
        assert_eq!(language(Some("lang=xx"), &HeaderMap::new(), Language::Ja), Language::Ja);
        assert_eq!(of(Some("lang=\u{e9}"), &accepting("é")), Language::En);
    }
}
