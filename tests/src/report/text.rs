//! The report as text: a line for each check, then each failure in full.

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use outside::visible::{excerpt, visible_lines};

use super::causes::{Cause, of_undecided};
use super::{CheckResult, Counts, Report};
use crate::outcome::Outcome;

/// How many characters of a name that the server gives itself are shown.
const NAME_SHOWN: usize = 100;

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

pub(super) fn report(report: &Report, color: bool) -> String {
    let mut text = heading(report, color) + &shared(report, "check", color);
    for result in report.results.iter().filter(|result| !matches!(result.outcome, Outcome::Skipped { .. })) {
        if !is_shared(report, result) {
            text.push_str(&format!("{}\n", line(result, color)));
        }
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
    let mut text = heading(report, color) + &shared(report, "attack", color);
    let (mut got_in, mut by_design, mut kept_out, mut wrongly) = (0, 0, 0, 0);
    for result in &report.results {
        match &result.outcome {
            Outcome::Passed if result.weakness => by_design += 1,
            Outcome::Passed => kept_out += 1,
            Outcome::Failed { .. } if result.outcome.got_in() => got_in += 1,
            Outcome::Failed { .. } => wrongly += 1,
            Outcome::Undecided { .. } if is_shared(report, result) => continue,
            Outcome::Undecided { .. } | Outcome::NotWritten { .. } => {}
            Outcome::Skipped { .. } => continue,
        }
        text.push_str(&format!("{}\n", attack_line(result, color)));
    }
    text.push_str(&skipped(report, "not tried", "attack", color));
    let by_design = if by_design > 0 { format!(", {by_design} gets in by design") } else { String::new() };
    let undecided = undecided(&report.counts);
    let wrongly = if wrongly > 0 { format!(", {wrongly} refused with a wrong error") } else { String::new() };
    let sums =
        format!("{} got in{by_design}{wrongly}{undecided}, {kept_out} kept out", counted(got_in, "attack"));
    text + &ending(report, &sums, color)
}

/// The failures in full, the sums, and what happened to the accounts.
fn ending(report: &Report, sums: &str, color: bool) -> String {
    let failures = report.failures().filter(|result| !is_shared(report, result));
    let failures: String = failures.map(|result| format!("\n{}", in_full(result, color))).collect();
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
        Outcome::Failed { .. } if result.outcome.got_in() => (RED, "GOT IN     "),
        Outcome::Failed { .. } => (RED, "wrong error"),
        Outcome::Undecided { .. } => (RED, "undecided  "),
        Outcome::NotWritten { .. } => (YELLOW, "not written"),
        Outcome::Skipped { .. } => (FAINT, "not tried  "),
    };
    format!("{}  {:<38} {}", paint(style, word, color), result.id, paint(FAINT, result.gains, color))
}

fn heading(report: &Report, color: bool) -> String {
    let features: Vec<_> = report.claims.features.iter().map(|feature| feature.name()).collect();
    let own = |text: &str| excerpt(text, NAME_SHOWN);
    let claims = format!("claims {}; store {}", features.join(", "), own(&report.claims.store));
    let name = format!("{} at {}", own(&report.claims.lab), report.base_url);
    format!("{}\n{}\n\n", paint(BOLD, &name, color), paint(FAINT, &claims, color))
}

/// The reasons that keep more than one check undecided, each with these checks and one of the responses.
fn shared(report: &Report, noun: &str, color: bool) -> String {
    let causes = of_undecided(&report.results);
    let shared = causes.iter().filter(|cause| cause.results.len() > 1);
    let text: String = shared.map(|cause| shared_cause(cause, noun, color)).collect();
    if text.is_empty() { text } else { text + "\n" }
}

fn shared_cause(cause: &Cause<'_>, noun: &str, color: bool) -> String {
    let summary = format!("undecided    {}: {}", counted(cause.results.len(), noun), cause.reason);
    let ids: Vec<&str> = cause.results.iter().map(|result| result.id).collect();
    let mut text = format!("{}\n{}\n", paint(RED, &summary, color), paint(FAINT, &wrapped(&ids), color));
    if let Some(Outcome::Undecided { sent, received, .. }) =
        cause.results.first().map(|result| &result.outcome)
    {
        text.push_str(&(part("sent", sent, color) + &part("received", received, color)));
    }
    text
}

/// Whether a check is undecided for a reason that [`shared`] has said.
fn is_shared(report: &Report, result: &CheckResult) -> bool {
    let Outcome::Undecided { because, .. } = &result.outcome else { return false };
    let has_reason = |other: &&CheckResult| matches!(&other.outcome, Outcome::Undecided { because: reason, .. } if reason == because);
    report.results.iter().filter(has_reason).count() > 1
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
    let mut part = |name: &str, content: &str| text.push_str(&part(name, content, color));
    match &result.outcome {
        Outcome::Failed { sent, expected, received, .. } => {
            part("sent", sent);
            part("expected", expected);
            part("received", received);
        }
        Outcome::Undecided { because, sent, received } => {
            part("undecided", because);
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

/// A part of an explanation, with its name before it.
fn part(name: &str, content: &str, color: bool) -> String {
    let label = paint(BOLD, &format!("{name:<9}"), color);
    // Most parts contain text of the server.
    format!("  {label} {}\n", visible_lines(content).replace('\n', "\n            "))
}

fn paint(style: Style, text: &str, color: bool) -> String {
    if color { format!("{style}{text}{style:#}") } else { text.to_owned() }
}
