//! Shows an attack to the learner: what got in on the weak build, what on their own build, and the first of them in
//! full.

use std::path::Path;

use anstyle::Style;
use harness::language::Language;
use harness::terminal::{BAD, DIM, GOOD, TITLE};
use serde_json::{Value, json};

use super::{Battle, Own, Way, weak_files};
use crate::card::in_full::in_full;
use crate::card::shown;
use crate::course::Lab;
use crate::judge::Finding;
use crate::layout::{columns, cut, wrapped};
use crate::words::{WORDS, Words};

/// The width in columns of the table's column for the weak build.
const COLUMN: usize = 14;

/// The lines that show a battle. `limit`: how many lines one part may have.
pub(crate) fn lines(
    battle: &Battle,
    lab: &Lab,
    root: &Path,
    language: Language,
    width: usize,
    limit: usize,
) -> Vec<String> {
    let mut lines = vec![heading(lab, language), String::new()];
    let story = language.choose(&lab.attack.story);
    lines.extend(wrapped(story, "  ", "  ", width, Style::new(), limit));
    let files: Vec<String> = weak_files(lab, root).iter().map(|file| shown(file, root)).collect();
    lines.push(format!("  {DIM}{}{DIM:#}", files.join("  ")));
    lines.push(String::new());
    let words = language.choose(&WORDS);
    lines.extend(table(battle, words));
    match &battle.own {
        Own::Errors(errors) => lines.extend(compiler(errors, words, limit)),
        Own::Findings(own) => lines.extend(worst(&battle.weak, own, words, width, limit)),
    }
    lines.push(String::new());
    lines.push(verdict(battle, lab, words));
    lines
}

fn heading(lab: &Lab, language: Language) -> String {
    let (what, title) = (language.choose(&WORDS).attack_and_defend, language.choose(&lab.title));
    format!(" {TITLE}{what}: {title}{TITLE:#}")
}

fn table(battle: &Battle, words: &Words) -> Vec<String> {
    let widest = battle.weak.iter().map(|finding| finding.id.len()).max().unwrap_or(0);
    let (weak, own) = (words.weak_build, words.yours);
    let gap = |text: &str, width: usize| " ".repeat(width.saturating_sub(columns(text)));
    let header = format!("  {}  {DIM}{weak}{}{own}{DIM:#}", " ".repeat(widest), gap(weak, COLUMN));
    let rows = battle.weak.iter().enumerate().map(|(at, finding)| {
        let (word, style) = said(finding.way(), words);
        let own = match &battle.own {
            Own::Findings(own) => own.get(at).map(|finding| said(finding.way(), words)),
            Own::Errors(_) => None,
        };
        let (own, own_style) = own.unwrap_or(("-", DIM));
        let (id, gap) = (finding.id, gap(word, COLUMN));
        format!("  {id:<widest$}  {style}{word}{style:#}{gap}{own_style}{own}{own_style:#}")
    });
    [header].into_iter().chain(rows).collect()
}

/// A word and a style for how an attack ended. An attack that gets in by design is not shown as bad.
pub(crate) fn said(way: Way, words: &Words) -> (&'static str, Style) {
    match way {
        Way::GotIn => (words.got_in, BAD),
        Way::KeptOut => (words.kept_out, GOOD),
        Way::ByDesign => (words.by_design, TITLE),
        Way::NotWritten => (words.not_written, DIM),
        Way::Undecided => (words.undecided, BAD),
        Way::NotTried => (words.not_tried, DIM),
    }
}

fn compiler(errors: &[String], words: &Words, limit: usize) -> Vec<String> {
    let title = words.your_code_does_not_compile;
    let mut lines = vec![String::new(), format!(" {BAD}✗{BAD:#} {title}")];
    let first = errors.first().map(String::as_str).unwrap_or_default();
    lines.extend(cut(first.lines().map(|line| format!("  {line}")).collect(), limit));
    lines
}

/// The first attack that the learner's build did not keep out; if there is none, the first that got in on the weak
/// build.
fn worst(weak: &[Finding], own: &[Finding], words: &Words, width: usize, limit: usize) -> Vec<String> {
    let open = own.iter().find(|finding| !finding.way().is_defended());
    let taken = || weak.iter().find(|finding| finding.way() == Way::GotIn);
    let (finding, where_to) = match open {
        Some(finding) => (Some(finding), words.on_your_build),
        None => (taken(), words.on_the_weak_build),
    };
    let Some(finding) = finding else { return Vec::new() };
    let mut lines = vec![String::new(), format!(" {DIM}{where_to}{DIM:#}")];
    // Skips the first line of the finding, which is empty: it separates findings in a list.
    lines.extend(in_full(finding, words, width, limit).into_iter().skip(1));
    lines
}

fn verdict(battle: &Battle, lab: &Lab, words: &Words) -> String {
    let ways = || match &battle.own {
        Own::Findings(own) => own.iter().map(Finding::way).collect::<Vec<_>>(),
        Own::Errors(_) => Vec::new(),
    };
    let count = |wanted: Way| ways().into_iter().filter(|way| *way == wanted).count();
    if battle.is_defended() {
        let is_all = count(Way::ByDesign) == 0;
        let text = if is_all { words.kept_all_out } else { words.kept_out_what_can_be };
        return format!(" {GOOD}✓ {text}{GOOD:#}");
    }
    let text = match count(Way::GotIn) {
        0 => (words.not_finished)(&lab.id),
        got_in => (words.attacks_got_in)(got_in),
    };
    format!(" {BAD}✗ {text}{BAD:#}")
}

/// The result of an attack as JSON, for programs.
pub(crate) fn as_json(battle: &Battle, lab: &Lab) -> Value {
    let attacks = battle.weak.iter().enumerate().map(|(at, finding)| {
        let own = match &battle.own {
            Own::Findings(own) => own.get(at).map(|finding| finding.way().name()),
            Own::Errors(_) => None,
        };
        json!({
            "id": finding.id, "title": finding.title, "gains": finding.gains,
            "weak_build": finding.way().name(), "yours": own,
        })
    });
    let errors = match &battle.own {
        Own::Errors(errors) => errors.as_slice(),
        Own::Findings(_) => &[],
    };
    json!({
        "lab": lab.id, "defended": battle.is_defended(), "attacks": attacks.collect::<Vec<_>>(), "errors": errors,
    })
}
