//! One check with all its details.

use anstyle::Style;
use conformance::Outcome;
use harness::language::Language;
use harness::terminal::{BAD, TITLE};

use crate::judge::Finding;
use crate::layout::{columns, cut, wrapped};

/// The lines that show what was sent, what was expected, what was received, what an attacker gains, and what to read.
pub(crate) fn in_full(finding: &Finding, language: Language, width: usize, limit: usize) -> Vec<String> {
    let mut lines = vec![String::new(), format!(" {BAD}✗ {}{BAD:#}", finding.id)];
    lines.extend(wrapped(finding.title, "   ", "   ", width, TITLE, limit));
    let choose = |en, ja| language.choose(en, ja);
    let mut part = |label: &str, text: &str| {
        let label = format!("   {label}{}", " ".repeat(10_usize.saturating_sub(columns(label))));
        let indent = " ".repeat(columns(&label));
        let text: Vec<String> = text
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
        Outcome::Failed { sent, expected, received } => {
            part(choose("sent", "送信"), sent);
            part(choose("expected", "期待"), expected);
            part(choose("got", "結果"), received);
        }
        Outcome::Undecided { sent, received } => {
            part(choose("sent", "送信"), sent);
            part(choose("got", "結果"), received);
        }
        Outcome::NotWritten { text } => part(choose("to write", "未実装"), text),
        Outcome::Skipped { reason } => part(choose("skipped", "対象外"), reason),
        Outcome::Passed => {}
    }
    let gains = if finding.attack { choose("attacker", "攻撃者") } else { choose("matters", "影響") };
    part(gains, finding.gains);
    part(choose("read", "資料"), finding.read);
    lines
}
