//! Prints the report: each fault, what had to hold, what was seen, and whether it held, in 80 columns.

use std::path::Path;

use harness::terminal::{self, BAD, DIM, GOOD, heading, paint};

use super::Report;
use super::row::{Row, Verdict};

const HELD: &str = "held";
const BROKEN: &str = "BROKEN";
const SKIPPED: &str = "skipped";
const WIDTH: usize = 80;
const INDENT: &str = "          ";

pub(crate) fn print(report: &Report, path: &Path) {
    let machine = &report.machine;
    harness::outln!("{DIM}Redis: {} · {} × {}{DIM:#}", report.store, machine.logical_cpus, machine.cpu_model);
    heading("What users noticed when something broke");
    for row in &report.rows {
        harness::out!("{}", paint(&text(row), &[(BROKEN, BAD), (SKIPPED, DIM), (HELD, GOOD)]));
    }
    let count = |verdict| report.rows.iter().filter(|row| row.verdict == verdict).count();
    let (held, failed) = (count(Verdict::Held), count(Verdict::Failed));
    let skipped = count(Verdict::Skipped);
    heading(&format!("{held} rows held, {failed} broken, {skipped} skipped"));
    if failed > 0 && report.rows.iter().any(only_ratios_failed) {
        terminal::warn(
            "a comparison of two latencies failed; this also happens on a busy machine: run it again",
        );
    }
    if !report.full {
        harness::outln!(" cargo lab faults --full     outages of 30 s, 10,000 idle connections");
    }
    harness::outln!(" cargo lab attack hybrid     what an attacker tries, and what gets in");
    harness::outln!("{DIM} the figures are in {}{DIM:#}", path.display());
}

fn only_ratios_failed(row: &Row) -> bool {
    row.verdict == Verdict::Failed && row.promises.iter().all(|promise| promise.holds || promise.ratio)
}

/// One line with the fault and its verdict, then a line for each promise. A broken promise is marked by a word, not by
/// colour alone.
fn text(row: &Row) -> String {
    let verdict = match row.verdict {
        Verdict::Held => HELD,
        Verdict::Failed => BROKEN,
        Verdict::Skipped => SKIPPED,
    };
    let mut text = format!("\n {:<60}{verdict:>8}{:>8.1} s\n", row.fault, row.took_s);
    let mut add = |mark: &str, line: &str| {
        let options = textwrap::Options::new(WIDTH).initial_indent(mark).subsequent_indent(INDENT);
        for line in textwrap::wrap(line, options) {
            text.push_str(&line);
            text.push('\n');
        }
    };
    if let Some(why) = &row.skipped_because {
        add(INDENT, why);
    }
    for promise in &row.promises {
        let mark = if promise.holds { INDENT.to_owned() } else { format!("   {BROKEN} ") };
        add(&mark, &format!("{}: {}", promise.must, promise.seen));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::row::{Outcome, Promise};

    #[test]
    fn a_broken_promise_is_marked_by_a_word_and_no_line_is_wider_than_a_terminal() {
        let kept = Promise::new("no wrong 401", "0 in 643 answers", true);
        let broken = Promise::new("a promise that goes on and on ".repeat(4), "never", false);
        let row = Row::new("id", "Redis killed", Outcome::Seen(vec![kept, broken]), Duration::from_secs(6));
        let text = text(&row);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[1].split_whitespace().collect::<Vec<_>>(),
            ["Redis", "killed", "BROKEN", "6.0", "s"]
        );
        assert_eq!(lines[2], "          no wrong 401: 0 in 643 answers");
        assert!(lines[3].starts_with("   BROKEN a promise that goes on"), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn a_row_that_did_not_run_says_why() {
        let row =
            Row::new("id", "Redis killed", Outcome::Skipped("no Redis here".to_owned()), Duration::ZERO);
        assert!(text(&row).ends_with("          no Redis here\n"), "{}", text(&row));
    }
}
