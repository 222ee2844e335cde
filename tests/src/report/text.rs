//! The report as text: a line for each check, then each failure in full.

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};

use super::{CheckResult, Counts, Report};
use crate::outcome::Outcome;

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

pub(super) fn report(report: &Report, color: bool) -> String {
    let mut text = heading(report, color);
    for result in report.results.iter().filter(|result| !matches!(result.outcome, Outcome::Skipped { .. })) {
        text.push_str(&format!("{}\n", line(result, color)));
    }
    text.push_str(&skipped(report, "skipped", "check", color));
    let counts = report.counts;
    let undecided = undecided(&counts);
    let sums = format!(
        "{} passed, {} failed{undecided}, {} not written yet, {} skipped, in {:.1} s",
        counts.passed,
        counts.failed,
        counts.not_written,
        counts.skipped,
        report.elapsed_ms as f64 / 1000.0
    );
    text + &ending(report, &sums, color)
}

pub(super) fn attacks(report: &Report, color: bool) -> String {
    let mut text = heading(report, color);
    let (mut got_in, mut by_design, mut kept_out) = (0, 0, 0);
    for result in &report.results {
        match &result.outcome {
            Outcome::Passed if result.weakness => by_design += 1,
            Outcome::Passed => kept_out += 1,
            Outcome::Failed { .. } => got_in += 1,
            Outcome::Undecided { .. } | Outcome::NotWritten { .. } => {}
            Outcome::Skipped { .. } => continue,
        }
        text.push_str(&format!("{}\n", attack_line(result, color)));
    }
    text.push_str(&skipped(report, "not tried", "attack", color));
    let by_design = if by_design > 0 { format!(", {by_design} gets in by design") } else { String::new() };
    let undecided = undecided(&report.counts);
    let sums = format!("{} got in{by_design}{undecided}, {kept_out} kept out", counted(got_in, "attack"));
    text + &ending(report, &sums, color)
}

/// The failures in full, the sums, and what happened to the accounts.
fn ending(report: &Report, sums: &str, color: bool) -> String {
    let failures: String = report.failures().map(|result| format!("\n{}", in_full(result, color))).collect();
    let sums = paint(if report.failed() { RED } else { GREEN }, sums, color);
    format!("{failures}\n{sums}\n{}", accounts(report, color))
}

fn accounts(report: &Report, color: bool) -> String {
    let Some(text) = report.accounts.text() else { return String::new() };
    let style = if report.accounts.left > 0 { YELLOW } else { FAINT };
    format!("{}\n", paint(style, &text, color))
}

/// Text for the undecided checks; empty if there are none.
fn undecided(counts: &Counts) -> String {
    match counts.undecided {
        0 => String::new(),
        undecided => format!(", {undecided} undecided"),
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

pub(super) fn line(result: &CheckResult, color: bool) -> String {
    let (style, word) = match result.outcome {
        Outcome::Passed => (GREEN, "ok         "),
        Outcome::Failed { .. } => (RED, "FAILED     "),
        Outcome::Undecided { .. } => (RED, "undecided  "),
        Outcome::NotWritten { .. } => (YELLOW, "not written"),
        Outcome::Skipped { .. } => (FAINT, "skipped    "),
    };
    format!("{}  {:<38} {}", paint(style, word, color), result.id, paint(FAINT, result.title, color))
}

fn attack_line(result: &CheckResult, color: bool) -> String {
    let (style, word) = match result.outcome {
        Outcome::Passed if result.weakness => (YELLOW, "gets in    "),
        Outcome::Passed => (GREEN, "kept out   "),
        Outcome::Failed { .. } => (RED, "GOT IN     "),
        Outcome::Undecided { .. } => (RED, "undecided  "),
        Outcome::NotWritten { .. } => (YELLOW, "not written"),
        Outcome::Skipped { .. } => (FAINT, "not tried  "),
    };
    format!("{}  {:<38} {}", paint(style, word, color), result.id, paint(FAINT, result.gains, color))
}

fn heading(report: &Report, color: bool) -> String {
    let features: Vec<_> = report.claims.features.iter().map(|feature| feature.name()).collect();
    let claims = format!("claims {}; store {}", features.join(", "), report.claims.store);
    let name = format!("{} at {}", report.claims.lab, report.base_url);
    format!("{}\n{}\n\n", paint(BOLD, &name, color), paint(FAINT, &claims, color))
}

/// Skipped checks, grouped by reason: fifty lines of "not claimed" would hide the important one.
fn skipped(report: &Report, word: &str, noun: &str, color: bool) -> String {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for result in &report.results {
        if let Outcome::Skipped { reason } = &result.outcome {
            reasons.entry(reason).or_default().push(result.id);
        }
    }
    let mut text = String::new();
    for (reason, ids) in reasons {
        let summary = format!("{word:<11}  {}: {reason}", counted(ids.len(), noun));
        text.push_str(&format!(
            "\n{}\n{}\n",
            paint(YELLOW, &summary, color),
            paint(FAINT, &wrapped(&ids), color)
        ));
    }
    text
}

fn wrapped(ids: &[&str]) -> String {
    let mut lines = vec![String::from("            ")];
    for id in ids {
        if lines.last().is_some_and(|line| line.len() + id.len() > 108) {
            lines.push(String::from("            "));
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(&format!(" {id}"));
        }
    }
    lines.join("\n")
}

fn in_full(result: &CheckResult, color: bool) -> String {
    let mut text = format!("{}  {}\n", paint(RED, result.id, color), paint(BOLD, result.title, color));
    let mut part = |name: &str, content: &str| {
        let label = paint(BOLD, &format!("{name:<9}"), color);
        text.push_str(&format!("  {label} {}\n", content.replace('\n', "\n            ")));
    };
    match &result.outcome {
        Outcome::Failed { sent, expected, received } => {
            part("sent", sent);
            part("expected", expected);
            part("received", received);
        }
        Outcome::Undecided { sent, received } => {
            part("sent", sent);
            part("received", received);
        }
        Outcome::NotWritten { text } => part("received", &format!("501, not written yet: {text}")),
        Outcome::Passed | Outcome::Skipped { .. } => {}
    }
    part(if result.attack { "attacker" } else { "matters" }, result.gains);
    part("read", result.read);
    text
}

fn paint(style: Style, text: &str, color: bool) -> String {
    if color { format!("{style}{text}{style:#}") } else { text.to_owned() }
}
