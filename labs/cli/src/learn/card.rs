//! What a learner sees: one step, what fails first and all there is to know about it.
//!
//! A card is made of plain lines with styles; who prints it decides whether there is colour. On a terminal it fits the
//! height by shortening what is longest; piped, nothing is cut.

use std::path::Path;

use anstyle::{AnsiColor, Style};
use conformance::Outcome;

use super::course::{Course, Lab, Step};
use super::judge::Finding;
use super::language::Language;
use super::progress::Progress;
use crate::screen::{BAD, DIM, GOOD, TITLE};

const KEY: Style = AnsiColor::Cyan.on_default().bold();

/// What came of building and judging.
#[derive(Debug)]
pub(crate) enum Round {
    /// The compiler's errors.
    Errors(Vec<String>),
    /// The findings, the step's own last.
    Judged(Vec<Finding>),
    /// Why neither could be done.
    Impossible(String),
}

/// What a card is made of.
pub(crate) struct View<'a> {
    pub(crate) course: &'a Course,
    pub(crate) progress: &'a Progress,
    pub(crate) lab: &'a Lab,
    pub(crate) step: &'a Step,
    pub(crate) language: Language,
    pub(crate) round: Option<&'a Round>,
    /// What is going on.
    pub(crate) busy: Option<&'a str>,
    /// The line at which to write.
    pub(crate) line: Option<usize>,
    /// A word to the learner, about what they asked for last.
    pub(crate) said: Option<&'a str>,
    /// Whether keys are heard.
    pub(crate) keys: bool,
}

impl View<'_> {
    /// The card within so many columns and, on a terminal, rows.
    pub(crate) fn card(&self, width: usize, rows: Option<usize>) -> Vec<String> {
        let Some(rows) = rows else { return self.lines(width, usize::MAX) };
        let mut limit = rows;
        loop {
            let mut lines = self.lines(width, limit);
            if lines.len() <= rows || limit <= 1 {
                lines.truncate(rows);
                return lines;
            }
            limit -= 1;
        }
    }

    /// `limit`: how many lines one part may have.
    fn lines(&self, width: usize, limit: usize) -> Vec<String> {
        let mut lines = vec![self.heading(width), String::new(), self.title()];
        lines.extend(wrapped(
            self.step.task.in_language(self.language),
            "  ",
            "  ",
            width,
            Style::new(),
            limit,
        ));
        lines.push(format!("  {KEY}{}{KEY:#}", self.place()));
        lines.push(String::new());
        lines.extend(self.verdict(width, limit));
        lines.extend(self.hint(width, limit));
        if let Some(said) = self.said {
            lines.push(String::new());
            lines.extend(wrapped(said, "  ", "  ", width, TITLE, limit));
        }
        lines.push(String::new());
        lines.push(self.footer());
        lines
    }

    fn heading(&self, width: usize) -> String {
        let all: usize = self.course.labs.iter().map(|lab| lab.steps.len()).sum();
        let done: usize = self.course.labs.iter().map(|lab| self.progress.done(&lab.steps)).sum();
        let at = self.course.labs.iter().position(|lab| lab.id == self.lab.id).unwrap_or(0) + 1;
        let title = self.lab.title.in_language(self.language);
        let (labs, minutes) = (self.course.labs.len(), self.lab.minutes);
        let left = match self.language {
            Language::En => format!(" Lab {at} of {labs}: {title} ({minutes} min)"),
            Language::Ja => format!(" ラボ {at}/{labs}: {title}({minutes} 分)"),
        };
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
        let (title, of) = (self.step.title.in_language(self.language), self.lab.steps.len());
        let step = self.language.choose("Step", "ステップ");
        format!(" {TITLE}{step} {at}/{of}  {title}{TITLE:#}")
    }

    /// The file, as it is typed from the project's folder, and the line.
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
        let mut lines = vec![format!(
            " {BAD}✗{BAD:#} {}",
            self.language.choose("It does not compile:", "コンパイルできません:")
        )];
        let first = errors.first().map(String::as_str).unwrap_or_default();
        lines.extend(cut(first.lines().map(|line| format!("  {line}")).collect(), limit));
        if errors.len() > 1 {
            let more = errors.len() - 1;
            lines.push(match self.language {
                Language::En => format!("  {DIM}and {more} more{DIM:#}"),
                Language::Ja => format!("  {DIM}ほかに {more} 件{DIM:#}"),
            });
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
        let of = findings.len();
        let sum = match self.language {
            Language::En => format!("{passed} of {of} checks pass"),
            Language::Ja => format!("チェック {of} 件中 {passed} 件が通りました"),
        };
        let mut lines = vec![format!("  {marks}  {sum}")];
        match findings.iter().find(|finding| !finding.passed()) {
            Some(first) => lines.extend(self.in_full(first, width, limit)),
            None => {
                lines.push(String::new());
                let surprise = self.step.surprise.in_language(self.language);
                lines.extend(wrapped(surprise, "  ", "  ", width, GOOD, limit));
                let (book, page) = (self.language.choose("in the book:", "本のページ:"), &self.lab.page);
                lines.push(format!("  {DIM}{book} `cargo book serve`, {page}.html{DIM:#}"));
            }
        }
        lines
    }

    fn in_full(&self, finding: &Finding, width: usize, limit: usize) -> Vec<String> {
        let mut lines = vec![String::new(), format!(" {BAD}✗ {}{BAD:#}", finding.id)];
        lines.extend(wrapped(finding.title, "   ", "   ", width, TITLE, limit));
        let choose = |en, ja| self.language.choose(en, ja);
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
            Outcome::NotWritten { text } => part(choose("to write", "未実装"), text),
            Outcome::Skipped { reason } => part(choose("skipped", "対象外"), reason),
            Outcome::Passed => {}
        }
        let gains =
            if finding.attack { choose("attacker", "攻撃者") } else { choose("matters", "影響") };
        part(gains, finding.gains);
        part(choose("read", "資料"), finding.read);
        lines
    }

    fn hint(&self, width: usize, limit: usize) -> Vec<String> {
        let (shown, of) = (self.progress.of(self.step).hints, self.step.hints.len());
        let Some(hint) = shown.checked_sub(1).and_then(|at| self.step.hints.get(at)) else {
            return if self.keys || self.progress.of(self.step).is_done() {
                Vec::new()
            } else {
                let word = self.language.choose("hint", "ヒント");
                vec![format!("   {word}{}cargo lab hint", " ".repeat(10 - columns(word)))]
            };
        };
        let label = match self.language {
            Language::En => format!("   hint {shown}/{of}  "),
            Language::Ja => format!("   ヒント {shown}/{of}  "),
        };
        let indent = " ".repeat(13);
        let mut lines = vec![String::new()];
        lines.extend(wrapped(hint.in_language(self.language), &label, &indent, width, Style::new(), limit));
        lines
    }

    fn footer(&self) -> String {
        if !self.keys {
            let next = match self.progress.of(self.step).is_done() {
                true => self.language.choose(
                    "next: `cargo lab learn` shows the next step",
                    "次は: `cargo lab learn` で次のステップへ",
                ),
                false => self.language.choose(
                    "next: save and run `cargo lab learn` again, or leave `cargo lab watch` open",
                    "次は: 保存して `cargo lab learn`、または `cargo lab watch` を開いたままに",
                ),
            };
            return format!(" {DIM}{next}{DIM:#}");
        }
        let keys = self.language.choose(
            "h hint  s solution  n next  b back  r reset  q quit",
            "h ヒント  s 解答  n 次へ  b 前へ  r やり直し  q 終了",
        );
        let watching = self.language.choose("checks run at every save", "保存するたびに確かめます");
        let keys: String = keys
            .split("  ")
            .map(|key| {
                key.split_once(' ').map_or(key.into(), |(key, word)| format!("{KEY}{key}{KEY:#} {word}  "))
            })
            .collect();
        format!(" {keys} {DIM}{watching}{DIM:#}")
    }
}

/// A path as a person types it from the project's folder.
pub(crate) fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

fn columns(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// Text broken to a width, each line in one style.
pub(crate) fn wrapped(
    text: &str,
    first: &str,
    other: &str,
    width: usize,
    style: Style,
    limit: usize,
) -> Vec<String> {
    let width = width.saturating_sub(1).max(columns(other) + 20);
    let options = textwrap::Options::new(width - columns(other))
        .word_separator(textwrap::WordSeparator::Custom(breakable));
    let lines = textwrap::wrap(text.trim(), options).into_iter().enumerate();
    let lines = lines.map(|(at, line)| {
        let indent = if at == 0 { first } else { other };
        format!("{indent}{style}{}{style:#}", line.trim_end())
    });
    cut(lines.collect(), limit)
}

/// Text in pieces between which a line may end: after a blank, and between two characters of Japanese, but not before
/// what closes a clause.
fn breakable(line: &str) -> Box<dyn Iterator<Item = textwrap::core::Word<'_>> + '_> {
    const NEVER_FIRST: &str = "、。」』)!?:ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ";
    let wide = |character: char| columns(character.encode_utf8(&mut [0; 4])) == 2;
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, character) in line.char_indices() {
        let may_end = match before {
            Some(' ') => character != ' ',
            Some(before) => {
                (wide(before) || wide(character)) && !NEVER_FIRST.contains(character) && character != ' '
            }
            None => false,
        };
        if may_end {
            pieces.push(textwrap::core::Word::from(&line[start..at]));
            start = at;
        }
        before = Some(character);
    }
    pieces.push(textwrap::core::Word::from(&line[start..]));
    Box::new(pieces.into_iter())
}

/// At most so many lines, the last of which says that there were more.
fn cut(mut lines: Vec<String>, limit: usize) -> Vec<String> {
    if lines.len() > limit.max(1) {
        lines.truncate(limit.max(1));
        if let Some(last) = lines.last_mut() {
            last.push_str(" …");
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, width: usize) -> Vec<String> {
        let lines = wrapped(text, "", "", width, Style::new(), usize::MAX);
        lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect()
    }

    #[test]
    fn japanese_breaks_between_characters_and_never_before_a_full_stop() {
        assert_eq!(
            lines("署名の対象はトークンです。そうです。", 24),
            ["署名の対象はトークンで", "す。そうです。"]
        );
        assert_eq!(lines("one word and another of them", 21), ["one word and another", "of them"]);
    }

    #[test]
    fn what_is_cut_says_so() {
        let text = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        assert_eq!(cut(text.clone(), 2), ["a", "b …"]);
        assert_eq!(cut(text.clone(), 3), text);
    }
}
