//! The card that a learner sees: one step, the first check that fails, and its details.
//!
//! A card consists of plain lines with styles; the code that prints it decides whether to use colour. On a terminal the
//! longest parts are shortened so that it fits the height; in a pipe, nothing is cut.

pub(super) mod in_full;

use std::path::Path;

use anstyle::{AnsiColor, Style};
use conformance::Outcome;
use harness::language::Language;
use harness::terminal::{BAD, DIM, GOOD, TITLE};

use self::in_full::in_full;
use super::course::{Course, Lab, Step};
use super::judge::Finding;
use super::layout::{columns, cut, fitted, wrapped};
use super::progress::Progress;
use super::words::{WORDS, Words};

const KEY: Style = AnsiColor::Cyan.on_default().bold();

/// The result of building and judging an exercise.
#[derive(Debug)]
pub(crate) enum Round {
    /// The compiler's errors.
    Errors(Vec<String>),
    /// The findings; those of the step itself come last.
    Judged(Vec<Finding>),
    /// Why the exercise could not be built or judged.
    Impossible(String),
}

/// The data from which a card is made.
pub(crate) struct View<'a> {
    pub(crate) course: &'a Course,
    pub(crate) progress: &'a Progress,
    pub(crate) lab: &'a Lab,
    pub(crate) step: &'a Step,
    pub(crate) language: Language,
    pub(crate) round: Option<&'a Round>,
    /// What is running at the moment, as one line.
    pub(crate) busy: Option<&'a str>,
    /// The line of the file at which the learner is to write, counted from 1.
    pub(crate) line: Option<usize>,
    /// A message to the learner about their last action.
    pub(crate) said: Option<&'a str>,
    /// Whether the screen takes keys.
    pub(crate) keys: bool,
    /// Whether the board has not answered.
    pub(crate) board_is_silent: bool,
}

impl View<'_> {
    /// The card in at most `width` columns and, on a terminal, `rows` rows.
    pub(crate) fn card(&self, width: usize, rows: Option<usize>) -> Vec<String> {
        fitted(rows, |limit| self.lines(width, limit))
    }

    /// The lines of the card. `limit`: how many lines one part may have.
    fn lines(&self, width: usize, limit: usize) -> Vec<String> {
        let mut lines = vec![self.heading(width), String::new(), self.title()];
        let task = self.language.choose(&self.step.task);
        lines.extend(wrapped(task, "  ", "  ", width, Style::new(), limit));
        lines.push(format!("  {KEY}{}{KEY:#}", self.place()));
        lines.push(String::new());
        lines.extend(self.verdict(width, limit));
        lines.extend(self.hint(width, limit));
        if let Some(said) = self.said {
            lines.push(String::new());
            lines.extend(wrapped(said, "  ", "  ", width, TITLE, limit));
        }
        lines.push(String::new());
        lines.push(self.footer(width));
        lines
    }

    fn heading(&self, width: usize) -> String {
        let all: usize = self.course.labs.iter().map(|lab| lab.steps.len()).sum();
        let done: usize = self.course.labs.iter().map(|lab| self.progress.done(&lab.steps)).sum();
        let at = self.course.labs.iter().position(|lab| lab.id == self.lab.id).unwrap_or(0) + 1;
        let title = self.language.choose(&self.lab.title);
        let (labs, minutes) = (self.course.labs.len(), self.lab.minutes);
        let left = format!(" {}", (self.words().lab)(at, labs, title, minutes));
        let right = format!("{done}/{all} ");
        let room = width.saturating_sub(columns(&left) + columns(&right) + 3);
        let bar = (all * 3).min(room);
        let full = (bar * done).checked_div(all).unwrap_or(0);
        let (full, open) = ("━".repeat(full), "╌".repeat(bar - full));
        let gap = " ".repeat(width.saturating_sub(columns(&left) + bar + 1 + columns(&right)));
        format!("{TITLE}{left}{TITLE:#}{gap}{GOOD}{full}{GOOD:#}{DIM}{open}{DIM:#} {right}")
    }

    fn title(&self) -> String {
        let at = self.lab.steps.iter().position(|step| step.id == self.step.id).unwrap_or(0) + 1;
        let (title, of) = (self.language.choose(&self.step.title), self.lab.steps.len());
        format!(" {TITLE}{} {at}/{of}  {title}{TITLE:#}", self.words().step)
    }

    /// The path of the file, relative to the project's folder, and the line.
    fn place(&self) -> String {
        let path = self.lab.exercise(&self.step.file);
        let path = shown(&path, &self.course.root);
        self.line.map_or(path.clone(), |line| format!("{path}:{line}"))
    }

    fn verdict(&self, width: usize, limit: usize) -> Vec<String> {
        let mut lines = Vec::new();
        match self.round {
            None => {}
            Some(Round::Impossible(why)) => lines.extend(wrapped(why, "  ", "  ", width, BAD, limit)),
            Some(Round::Errors(errors)) => lines.extend(self.errors(errors, limit)),
            Some(Round::Judged(findings)) => lines.extend(self.findings(findings, width, limit)),
        }
        if let Some(busy) = self.busy {
            lines.push(format!("  {DIM}… {busy}{DIM:#}"));
        }
        lines
    }

    fn errors(&self, errors: &[String], limit: usize) -> Vec<String> {
        let words = self.words();
        let mut lines = vec![format!(" {BAD}✗{BAD:#} {}", words.does_not_compile)];
        let first = errors.first().map(String::as_str).unwrap_or_default();
        lines.extend(cut(first.lines().map(|line| format!("  {line}")).collect(), limit));
        if errors.len() > 1 {
            lines.push(format!("  {DIM}{}{DIM:#}", (words.more_errors)(errors.len() - 1)));
        }
        lines
    }

    fn findings(&self, findings: &[Finding], width: usize, limit: usize) -> Vec<String> {
        let passed = findings.iter().filter(|finding| finding.passed()).count();
        let marks: String = findings
            .iter()
            .map(|finding| match finding.outcome {
                Outcome::Passed => format!("{GOOD}✓{GOOD:#}"),
                Outcome::NotWritten { .. } => format!("{DIM}·{DIM:#}"),
                _ => format!("{BAD}✗{BAD:#}"),
            })
            .collect();
        let words = self.words();
        let mut lines = vec![format!("  {marks}  {}", (words.checks_pass)(passed, findings.len()))];
        match findings.iter().find(|finding| !finding.passed()) {
            Some(first) => lines.extend(in_full(first, words, width, limit)),
            None => {
                lines.push(String::new());
                let surprise = self.language.choose(&self.step.surprise);
                lines.extend(wrapped(surprise, "  ", "  ", width, GOOD, limit));
                let (book, page) = (words.in_the_book, &self.lab.page);
                lines.push(format!("  {DIM}{book} `cargo book serve`, {page}.html{DIM:#}"));
                lines.extend(self.invitation());
            }
        }
        lines
    }

    fn words(&self) -> &'static Words {
        self.language.choose(&WORDS)
    }

    /// Whether every step of the lab is done, so that its server can be attacked.
    fn lab_is_done(&self) -> bool {
        self.progress.done(&self.lab.steps) == self.lab.steps.len()
    }

    /// After a lab's last step: the line that invites the learner to attack it.
    fn invitation(&self) -> Option<String> {
        if !self.lab_is_done() {
            return None;
        }
        let words = self.words();
        let text = match (self.keys, self.progress.defended_at_ms(self.lab)) {
            (true, None) => words.done_attack_with_key,
            (true, Some(_)) => words.done_and_defended,
            (false, None) => words.done_attack_with_command,
            (false, Some(_)) => return None,
        };
        let key = if self.keys { format!("{KEY}a{KEY:#} ") } else { String::new() };
        Some(format!("  {key}{text}"))
    }

    fn hint(&self, width: usize, limit: usize) -> Vec<String> {
        let (shown, of) = (self.progress.of(self.step).hints, self.step.hints.len());
        let word = self.words().hint;
        let Some(hint) = shown.checked_sub(1).and_then(|at| self.step.hints.get(at)) else {
            return if self.keys || self.progress.of(self.step).is_done() {
                Vec::new()
            } else {
                vec![format!("   {word}{}cargo lab hint", " ".repeat(10 - columns(word)))]
            };
        };
        let label = format!("   {word} {shown}/{of}  ");
        let indent = " ".repeat(13);
        let mut lines = vec![String::new()];
        let hint = self.language.choose(hint);
        lines.extend(wrapped(hint, &label, &indent, width, Style::new(), limit));
        lines
    }

    fn footer(&self, width: usize) -> String {
        let words = self.words();
        if !self.keys {
            let is_done = self.progress.of(self.step).is_done();
            let next = if is_done { words.next_step } else { words.next_save };
            return format!(" {DIM}{next}{DIM:#}");
        }
        let keys = if self.lab_is_done() { words.done_card_keys } else { words.card_keys };
        let watching = if self.board_is_silent { words.board_is_silent } else { words.checks_run };
        let room = width.saturating_sub(columns(keys) + 4);
        let watching = if columns(watching) <= room { watching } else { "" };
        let keys: String = keys
            .split("  ")
            .map(|key| {
                key.split_once(' ').map_or(key.into(), |(key, word)| format!("{KEY}{key}{KEY:#} {word}  "))
            })
            .collect();
        format!(" {keys} {DIM}{watching}{DIM:#}")
    }
}

/// A path relative to the project's folder, as a person types it there.
pub(crate) fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
