//! One check with all its details.

use anstyle::Style;
use conformance::Outcome;
use harness::terminal::{BAD, TITLE};
use kit::visible::visible_lines;

use crate::judge::Finding;
use crate::layout::{columns, cut, wrapped};
use crate::words::Words;

/// The lines that show what was sent, what was expected, what was received, what an attacker gains, and what to read.
pub(crate) fn in_full(finding: &Finding, words: &Words, width: usize, limit: usize) -> Vec<String> {
    let mut lines = vec![String::new(), format!(" {BAD}✗ {}{BAD:#}", finding.id)];
    lines.extend(wrapped(finding.title, "   ", "   ", width, TITLE, limit));
    let mut part = |label: &str, text: &str| {
        let label = format!("   {label}{}", " ".repeat(10_usize.saturating_sub(columns(label))));
        let indent = " ".repeat(columns(&label));
        // The text may contain what the learner's server sent.
        let text: Vec<String> = visible_lines(text)
            .lines()
            .enumerate()
            .flat_map(|(at, line)| {
                let first = if at == 0 { &label } else { &indent };
                wrapped(line, first, &indent, width, Style::new(), usize::MAX)
            })
            .collect();
        lines.extend(cut(text, limit));
    };
    match &finding.outcome {
        Outcome::Failed { sent, expected, received, .. } => {
            part(words.sent, sent);
            part(words.expected, expected);
            part(words.received, received);
        }
        Outcome::Undecided { because, sent, received } => {
            part(words.undecided, because);
            part(words.sent, sent);
            part(words.received, received);
        }
        Outcome::NotWritten { text } => part(words.to_write, text),
        Outcome::Skipped { reason } => part(words.skipped, reason),
        Outcome::Passed => {}
    }
    let gains = if finding.attack { words.attacker } else { words.matters };
    part(gains, finding.gains);
    part(words.read, finding.read);
    lines
}
