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
    let story = lab.attack.story.in_language(language);
    lines.extend(wrapped(story, "  ", "  ", width, Style::new(), limit));
    let files: Vec<String> = weak_files(lab, root).iter().map(|file| shown(file, root)).collect();
    lines.push(format!("  {DIM}{}{DIM:#}", files.join("  ")));
    lines.push(String::new());
    lines.extend(table(battle, language));
    match &battle.own {
        Own::Errors(errors) => lines.extend(compiler(errors, language, limit)),
        Own::Findings(own) => lines.extend(worst(&battle.weak, own, language, width, limit)),
    }
    lines.push(String::new());
    lines.push(verdict(battle, lab, language));
    lines
}

fn heading(lab: &Lab, language: Language) -> String {
    let title = lab.title.in_language(language);
    let text = match language {
        Language::En => format!("Attack and defend: {title}"),
        Language::Ja => format!("攻撃と防御: {title}"),
    };
    format!(" {TITLE}{text}{TITLE:#}")
}

fn table(battle: &Battle, language: Language) -> Vec<String> {
    let widest = battle.weak.iter().map(|finding| finding.id.len()).max().unwrap_or(0);
    let (weak, own) = (language.choose("weak build", "弱いビルド"), language.choose("yours", "あなた"));
    let gap = |text: &str, width: usize| " ".repeat(width.saturating_sub(columns(text)));
    let header = format!("  {}  {DIM}{weak}{}{own}{DIM:#}", " ".repeat(widest), gap(weak, COLUMN));
    let rows = battle.weak.iter().enumerate().map(|(at, finding)| {
        let (word, style) = said(finding.way(), language);
        let own = match &battle.own {
            Own::Findings(own) => own.get(at).map(|finding| said(finding.way(), language)),
            Own::Errors(_) => None,
        };
        let (own, own_style) = own.unwrap_or(("-", DIM));
        let (id, gap) = (finding.id, gap(word, COLUMN));
        format!("  {id:<widest$}  {style}{word}{style:#}{gap}{own_style}{own}{own_style:#}")
    });
    [header].into_iter().chain(rows).collect()
}

/// A word and a style for how an attack ended. An attack that gets in by design is not shown as bad.
pub(crate) fn said(way: Way, language: Language) -> (&'static str, Style) {
    match way {
        Way::GotIn => (language.choose("GOT IN", "侵入された"), BAD),
        Way::KeptOut => (language.choose("kept out", "防いだ"), GOOD),
        Way::ByDesign => (language.choose("gets in", "設計上通る"), TITLE),
        Way::NotWritten => (language.choose("not written", "未実装"), DIM),
        Way::Undecided => (language.choose("undecided", "判定できず"), BAD),
        Way::NotTried => (language.choose("not tried", "試せず"), DIM),
    }
}

fn compiler(errors: &[String], language: Language, limit: usize) -> Vec<String> {
    let title = language.choose("Your code does not compile:", "あなたのコードはコンパイルできません:");
    let mut lines = vec![String::new(), format!(" {BAD}✗{BAD:#} {title}")];
    let first = errors.first().map(String::as_str).unwrap_or_default();
    lines.extend(cut(first.lines().map(|line| format!("  {line}")).collect(), limit));
    lines
}

/// The first attack that the learner's build did not keep out; if there is none, the first that got in on the weak
/// build.
fn worst(weak: &[Finding], own: &[Finding], language: Language, width: usize, limit: usize) -> Vec<String> {
    let open = own.iter().find(|finding| !finding.way().is_defended());
    let taken = || weak.iter().find(|finding| finding.way() == Way::GotIn);
    let (finding, where_to) = match open {
        Some(finding) => (Some(finding), language.choose("On your build:", "あなたのビルドで:")),
        None => (taken(), language.choose("On the weak build:", "弱いビルドで:")),
    };
    let Some(finding) = finding else { return Vec::new() };
    let mut lines = vec![String::new(), format!(" {DIM}{where_to}{DIM:#}")];
    // Skips the first line of the finding, which is empty: it separates findings in a list.
    lines.extend(in_full(finding, language, width, limit).into_iter().skip(1));
    lines
}

fn verdict(battle: &Battle, lab: &Lab, language: Language) -> String {
    let ways = || match &battle.own {
        Own::Findings(own) => own.iter().map(Finding::way).collect::<Vec<_>>(),
        Own::Errors(_) => Vec::new(),
    };
    let count = |wanted: Way| ways().into_iter().filter(|way| *way == wanted).count();
    if battle.is_defended() {
        let text = match (count(Way::ByDesign), language) {
            (0, Language::En) => "Your build kept every attack out.",
            (0, Language::Ja) => "あなたのビルドはすべて防ぎました。",
            (_, Language::En) => "Your build kept out every attack that can be kept out.",
            (_, Language::Ja) => "あなたのビルドは、防げる攻撃をすべて防ぎました。",
        };
        return format!(" {GOOD}✓ {text}{GOOD:#}");
    }
    let text = match (count(Way::GotIn), language) {
        (0, Language::En) => format!("Your code is not finished: `cargo lab learn {}`", lab.id),
        (0, Language::Ja) => format!("まだ書き終わっていません: `cargo lab learn {}`", lab.id),
        (got_in, Language::En) => format!("{got_in} of the attacks got in on your build."),
        (got_in, Language::Ja) => format!("あなたのビルドには {got_in} 件の攻撃が通りました。"),
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
