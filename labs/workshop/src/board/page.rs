//! The board's page: which learner has done what, in plain HTML that fits a phone and a projector.

use std::fmt::Write;

use axum::http::{HeaderMap, header};
use harness::language::Language;

use super::wall::Learner;
use crate::course::{Course, Lab};

/// After how many seconds a browser reloads the page. There is no script: the page's `meta` element says so.
const REFRESH_S: u32 = 5;

const STYLE: &str = include_str!("page.css");

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
    let choose = |en, ja| language.choose(en, ja);
    let (code, other, other_name) =
        if language == Language::Ja { ("ja", "en", "English") } else { ("en", "ja", "日本語") };
    let title = choose("Workshop: sessions or JWT?", "ワークショップ: セッションか JWT か");
    let count = match language {
        Language::En if learners.len() == 1 => "1 learner".to_owned(),
        Language::En => format!("{} learners", learners.len()),
        Language::Ja => format!("{} 人", learners.len()),
    };
    let refreshed = match language {
        Language::En => format!("refreshed every {REFRESH_S} s"),
        Language::Ja => format!("{REFRESH_S} 秒ごとに更新"),
    };
    let body = if learners.is_empty() { nobody(language, host) } else { table(course, learners, language) };
    format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"refresh\" content=\"{REFRESH_S}\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<header>\n<h1>{title}</h1>\n<p>{count} · {refreshed} · <a href=\"?lang={other}\" lang=\"{other}\" \
         hreflang=\"{other}\">{other_name}</a></p>\n</header>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// The page's text while there is no learner yet: how to get onto the board.
fn nobody(language: Language, host: &str) -> String {
    let text =
        language.choose("No learner is here yet. Each learner types:", "まだ誰もいません。参加するには:");
    let name = language.choose("NAME", "名前");
    // The browser's `Host` header is untrusted text, so it is escaped too.
    let host = escaped(host);
    format!("<p>{text}</p>\n<pre>cargo lab learn --board http://{host} --nickname {name}</pre>\n")
}

fn table(course: &Course, learners: &[Learner], language: Language) -> String {
    let choose = |en, ja| language.choose(en, ja);
    let mut html = String::from("<table>\n<thead><tr>");
    let mut head = |text: &str| {
        // Writing to a string does not fail.
        let _written = write!(html, "<th scope=\"col\">{}</th>", escaped(text));
    };
    head(choose("name", "名前"));
    for lab in &course.labs {
        head(lab.title.in_language(language));
    }
    head(choose("done", "完了"));
    head(choose("last seen", "最終更新"));
    html.push_str("</tr></thead>\n<tbody>\n");
    for learner in learners {
        html.push_str(&row(course, learner, language));
    }
    html.push_str("</tbody>\n</table>\n");
    html
}

fn row(course: &Course, learner: &Learner, language: Language) -> String {
    let all = course.steps().count();
    let done = learner.steps.len();
    let name = escaped(&learner.nickname.to_string());
    let labs: String = course.labs.iter().map(|lab| cell(lab, learner, language)).collect();
    let seen = match (learner.minutes, language) {
        (0, Language::En) => "now".to_owned(),
        (0, Language::Ja) => "たった今".to_owned(),
        (minutes, Language::En) => format!("{minutes} min ago"),
        (minutes, Language::Ja) => format!("{minutes} 分前"),
    };
    let class = if done == all { " class=\"all\"" } else { "" };
    format!(
        "<tr{class}><th scope=\"row\">{name}</th>{labs}<td class=\"sum\">{done}/{all}</td><td class=\"seen\">{seen}</td></tr>\n"
    )
}

/// The table cell of one lab: a mark for each step and, for screen readers, how many steps are done.
fn cell(lab: &Lab, learner: &Learner, language: Language) -> String {
    let marks: String = lab
        .steps
        .iter()
        .map(|step| match learner.steps.contains(&step.id) {
            true => "<b>●</b>",
            false => "<i>○</i>",
        })
        .collect();
    let (done, of) =
        (lab.steps.iter().filter(|step| learner.steps.contains(&step.id)).count(), lab.steps.len());
    let title = escaped(lab.title.in_language(language));
    let said = match language {
        Language::En => format!("{done} of {of}"),
        Language::Ja => format!("{of} 中 {done}"),
    };
    format!(
        "<td data-lab=\"{title}\"><span aria-hidden=\"true\">{marks}</span><span class=\"said\">{said}</span></td>"
    )
}

/// The text escaped for HTML, in an attribute too.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
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
        assert!(html.contains("<th scope=\"row\">&lt;script&gt;&#39;&quot;&amp;</th>"), "{html}");
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
