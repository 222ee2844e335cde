//! A question with several answers, each with the reason why it is right or wrong:
//!
//! ```text
//! Why does logout not end an access token?
//! - It does. | No: …
//! + No server asks a store about it. | Yes: …
//! ```
//!
//! The question uses only radio buttons and style sheets, so it works without a script, with a keyboard, and with a
//! screen reader: the reasons appear inside a live region.

use anyhow::{Context, bail};
use maud::html;
use mdbook_preprocessor::errors::Result;

use super::html::with_code;

/// The most answers of a question: the style sheet has rules for this many.
const MOST: usize = 4;

/// One answer of a question.
struct Answer<'a> {
    text: &'a str,
    reason: &'a str,
    is_right: bool,
}

/// The question as HTML. `name` must be unique in the whole book, because one page shows all pages together, and radio
/// buttons of one name are one choice.
pub(super) fn write(text: &str, name: &str) -> Result<String> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let question = lines.next().context("there is no question")?;
    let answers = lines.map(answer).collect::<Result<Vec<_>>>()?;
    if answers.len() > MOST {
        bail!("a question has at most {MOST} answers");
    }
    let right = answers.iter().filter(|answer| answer.is_right).count();
    if right != 1 {
        bail!("exactly one answer must be right, not {right}");
    }
    let quiz = html! {
        fieldset.quiz {
            legend { (with_code(question)) }
            @for (index, answer) in answers.iter().enumerate() {
                label {
                    input type="radio" name=(name) class={ "answer-" (index) };
                    " " (with_code(answer.text))
                }
            }
            div aria-live="polite" {
                @for (index, answer) in answers.iter().enumerate() {
                    @let class = if answer.is_right { "right" } else { "wrong" };
                    p class={ "reason reason-" (index) " " (class) } { (with_code(answer.reason)) }
                }
            }
        }
    };
    Ok(quiz.into_string() + "\n")
}

fn answer(line: &str) -> Result<Answer<'_>> {
    let is_right = line.starts_with('+');
    let line = line.strip_prefix(['+', '-']).context("an answer must start with + or -")?;
    let (text, reason) = line.split_once(" | ").context("an answer needs a reason: `- answer | reason`")?;
    Ok(Answer { text: text.trim(), reason: reason.trim(), is_right })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_becomes_radio_buttons_with_reasons() {
        let html = write("Why `a`?\n- One | No.\n+ Two | Yes.\n", "hybrid-3").unwrap();
        assert!(html.contains("<legend>Why <code>a</code>?</legend>"), "{html}");
        assert!(
            html.contains("<input type=\"radio\" name=\"hybrid-3\" class=\"answer-1\"> Two</label>"),
            "{html}"
        );
        assert!(html.contains("<p class=\"reason reason-1 right\">Yes.</p>"), "{html}");
        assert!(!html.contains("\n\n"), "a blank line would end the HTML: {html}");
    }

    #[test]
    fn a_question_without_a_reason_or_without_one_right_answer_is_refused() {
        for text in [
            "Why?\n- One\n",
            "Why?\n- One | No.\n",
            "Why?\n+ One | Yes.\n+ Two | Yes.\n",
            "Why?\nOne | No.\n",
        ] {
            assert!(write(text, "a-1").is_err(), "{text}");
        }
    }
}
