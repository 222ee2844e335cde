//! Shows the result of a duel on one screen: which attacks got in on which server.

use std::collections::BTreeMap;

use conformance::{Accounts, CheckResult, Report};
use harness::terminal::{self, BAD, DIM, GOOD, TITLE};
use outside::visible::excerpt;
use serde_json::{Value, json};

use super::{Duel, NAME_SHOWN};
use crate::COLUMNS;
use crate::attack::{Way, told::said};
use crate::layout::wrapped;
use crate::words::Words;

/// How many attacks are listed by name for each side.
const NAMED: usize = 2;

/// How many topics get a row of their own; only topics in which an attack got in, or the server is not written, get
/// one.
const TOPICS: usize = 5;

/// The result of one attack on both servers.
struct Attack<'a> {
    result: &'a CheckResult,
    you: Way,
    they: Way,
}

fn attacks(duel: &Duel) -> Vec<Attack<'_>> {
    let way = |result: &CheckResult| Way::of(&result.outcome, result.weakness);
    let both = duel.you.results.iter().zip(&duel.they.results);
    both.map(|(you, they)| Attack { result: you, you: way(you), they: way(they) }).collect()
}

/// How many of the attacks that were tried on both servers got in: on the learner's, and on the other's.
fn score(attacks: &[Attack<'_>]) -> (usize, usize) {
    let both = || attacks.iter().filter(|attack| attack.you.is_decided() && attack.they.is_decided());
    (both().filter(|attack| lost(attack.you)).count(), both().filter(|attack| lost(attack.they)).count())
}

/// Whether the side loses this attack. A function that is not written counts as lost, because it keeps no attacker out.
fn lost(way: Way) -> bool {
    matches!(way, Way::GotIn | Way::NotWritten)
}

pub(super) fn lines(duel: &Duel, words: &Words) -> Vec<String> {
    let attacks = attacks(duel);
    let mut lines = vec![
        format!(" {TITLE}{}{TITLE:#}", words.duel),
        side(words.you, &duel.you, words),
        side(words.they, &duel.they, words),
        String::new(),
    ];
    lines.extend(table(&attacks, words));
    lines.extend(untried(&attacks, words));
    lines.push(String::new());
    for (whose, way) in [
        (words.on_yours, (|attack| attack.you) as fn(&Attack<'_>) -> Way),
        (words.on_theirs, |attack| attack.they),
    ] {
        lines.extend(named(&attacks, whose, way, words));
    }
    if lines.last().is_some_and(|line| !line.is_empty()) {
        lines.push(String::new());
    }
    lines.push(verdict(score(&attacks), words));
    lines
}

fn side(who: &str, report: &Report, words: &Words) -> String {
    let accounts = accounts(&report.accounts, words);
    let lab = excerpt(&report.claims.lab, NAME_SHOWN);
    format!("  {who}{DIM}{} ({lab}){accounts}{DIM:#}", report.base_url)
}

/// A text on the accounts that the attacks created; the JSON output says why some are left. It is empty for an exercise
/// that was started for the duel, because its accounts end with it.
fn accounts(side: &Accounts, words: &Words) -> String {
    let Accounts { created, deleted, left, .. } = side;
    if side.text().is_none() {
        return String::new();
    }
    let text = match *left {
        0 => (words.accounts_deleted)(*created, *deleted),
        left => (words.accounts_left)(*created, left),
    };
    format!(" · {text}")
}

/// The table: one row for each topic in which either server lost an attack, and one row for all others.
fn table(attacks: &[Attack<'_>], words: &Words) -> Vec<String> {
    let mut topics: BTreeMap<&str, Vec<&Attack<'_>>> = BTreeMap::new();
    for attack in attacks {
        let topic = attack.result.id.split('.').next().unwrap_or_default();
        topics.entry(topic).or_default().push(attack);
    }
    let is_open = |attack: &&&Attack<'_>| lost(attack.you) || lost(attack.they);
    let open = |attacks: &[&Attack<'_>]| attacks.iter().filter(is_open).count();
    let mut topics: Vec<_> = topics.into_iter().collect();
    topics.sort_by_key(|(_, attacks)| std::cmp::Reverse(open(attacks)));
    let own_row = topics.iter().take(TOPICS).take_while(|(_, attacks)| open(attacks) > 0).count();
    let others: Vec<&Attack<'_>> =
        topics.split_off(own_row).into_iter().flat_map(|(_, attacks)| attacks).collect();
    if others.iter().any(|attack| attack.you.is_decided() || attack.they.is_decided()) {
        topics.push((if own_row == 0 { words.all } else { words.all_others }, others));
    }
    let rows = topics.into_iter().map(|(topic, attacks)| {
        let of = |way: fn(&Attack<'_>) -> Way| {
            let ways: Vec<Way> = attacks.iter().map(|attack| way(attack)).collect();
            count(&ways, words)
        };
        vec![topic.to_owned(), of(|attack| attack.you), of(|attack| attack.they)]
    });
    let header = [words.attacks, words.on_yours, words.on_theirs];
    let bad = [said(Way::GotIn, words).0].map(|word| (word, BAD));
    let table = terminal::paint(&terminal::table(&header, 3, rows.collect()), &bad);
    table.lines().map(str::to_owned).collect()
}

/// A line that says how many attacks do not count because they could not be tried on both servers.
fn untried(attacks: &[Attack<'_>], words: &Words) -> Option<String> {
    let untried = |attack: &&Attack<'_>| !(attack.you.is_decided() && attack.they.is_decided());
    let (count, of) = (attacks.iter().filter(untried).count(), attacks.len());
    (count > 0).then(|| format!("  {DIM}{}{DIM:#}", (words.not_tried_on_both)(count, of)))
}

/// Counts by outcome, as `13 kept out, 1 GOT IN`; outcomes that do not occur are left out.
fn count(ways: &[Way], words: &Words) -> String {
    let each = [Way::KeptOut, Way::ByDesign, Way::GotIn, Way::NotWritten];
    let counted = each.into_iter().filter_map(|way| {
        let count = ways.iter().filter(|other| **other == way).count();
        (count > 0).then(|| format!("{count} {}", said(way, words).0))
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// The names of the attacks that got in on one side.
fn named(attacks: &[Attack<'_>], whose: &str, way: fn(&Attack<'_>) -> Way, words: &Words) -> Vec<String> {
    let got_in: Vec<_> = attacks.iter().filter(|attack| way(attack) == Way::GotIn).collect();
    if got_in.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!(" {BAD}{}{BAD:#} {whose}", said(Way::GotIn, words).0)];
    for attack in got_in.iter().take(NAMED) {
        let id = attack.result.id;
        let text = format!("{id}: {}", attack.result.gains);
        lines.extend(wrapped(&text, "  ", "    ", COLUMNS, anstyle::Style::new(), 1));
    }
    if got_in.len() > NAMED {
        lines.push(format!("  {DIM}{}{DIM:#}", (words.more_attacks)(got_in.len() - NAMED)));
    }
    lines
}

fn verdict((you, they): (usize, usize), words: &Words) -> String {
    let (style, text) = match you.cmp(&they) {
        std::cmp::Ordering::Less => (GOOD, words.you_win),
        std::cmp::Ordering::Equal => (TITLE, words.a_draw),
        std::cmp::Ordering::Greater => (BAD, words.they_win),
    };
    format!(" {style}{text}{style:#}: {}", (words.score)(you, they))
}

/// The result of a duel as JSON, for programs.
pub(super) fn as_json(duel: &Duel) -> Value {
    let attacks = attacks(duel);
    let (you, they) = score(&attacks);
    let rows: Vec<Value> = attacks
        .iter()
        .map(|attack| {
            let CheckResult { id, gains, .. } = attack.result;
            json!({ "id": id, "gains": gains, "you": attack.you.name(), "they": attack.they.name() })
        })
        .collect();
    json!({
        "you": duel.you.base_url, "they": duel.they.base_url, "got_in": { "you": you, "they": they }, "attacks": rows,
        "accounts": { "you": duel.you.accounts, "they": duel.they.accounts },
    })
}

#[cfg(test)]
mod tests {
    use conformance::{Counts, Descriptor, Outcome, checks};

    use super::*;
    use crate::words::WORDS;

    /// A report in which the first attacks of the checker have these outcomes.
    fn report(url: &str, outcomes: &[Outcome]) -> Report {
        let attacks = checks().into_iter().filter(|check| check.attack).zip(outcomes);
        let results = attacks.map(|(check, outcome)| CheckResult {
            id: check.id,
            title: check.title,
            attack: check.attack,
            weakness: check.weakness,
            gains: check.gains,
            read: check.read,
            outcome: outcome.clone(),
            elapsed_ms: 1,
        });
        Report {
            base_url: url.into(),
            claims: Descriptor::described("access", []),
            counts: Counts::default(),
            elapsed_ms: 1,
            accounts: Accounts { created: 60, deleted: 58, left: 2, ..Accounts::default() },
            results: results.collect(),
        }
    }

    fn failed() -> Outcome {
        Outcome::Failed {
            sent: "GET /me".into(),
            expected: "401".into(),
            received: "200".into(),
            status: Some(200),
            refused: false,
        }
    }

    fn skipped() -> Outcome {
        Outcome::Skipped { reason: "no lab controls".into() }
    }

    fn told(you: &[Outcome], they: &[Outcome]) -> (Value, String) {
        let duel = Duel { you: report("http://127.0.0.1:1", you), they: report("http://192.0.2.1:2", they) };
        let text = lines(&duel, &WORDS.en).join("\n");
        (as_json(&duel), anstream::adapter::strip_str(&text).to_string())
    }

    #[test]
    fn who_lets_less_in_wins_and_what_got_in_is_named() {
        let (json, text) = told(&[Outcome::Passed, Outcome::Passed], &[failed(), Outcome::Passed]);
        assert_eq!(json["got_in"], json!({"you": 0, "they": 1}));
        let id = json["attacks"][0]["id"].as_str().unwrap();
        assert_eq!(json["attacks"][0]["they"], "got_in");
        assert!(text.contains("You win") && text.contains(&format!("{id}: ")), "{text}");
        assert!(text.contains("GOT IN on theirs") && !text.contains("GOT IN on yours"), "{text}");
        assert!(told(&[failed()], &[Outcome::Passed]).1.contains("They win"));
        assert!(told(&[failed()], &[failed()]).1.contains("A draw"));
    }

    #[test]
    fn what_could_be_tried_on_one_side_alone_counts_for_nobody() {
        let (json, text) = told(&[failed(), Outcome::Passed], &[skipped(), Outcome::Passed]);
        assert_eq!(json["got_in"], json!({"you": 0, "they": 0}));
        assert!(
            text.contains("A draw") && text.contains("1 of 2 could not be tried on both servers"),
            "{text}"
        );
    }

    #[test]
    fn the_name_that_a_server_gives_itself_is_shown_without_control_characters_and_another_as_it_is() {
        let named = |lab: &str| {
            let mut they = report("http://192.0.2.1:2", &[Outcome::Passed]);
            they.claims.lab = lab.into();
            let duel = Duel { you: report("http://127.0.0.1:1", &[Outcome::Passed]), they };
            lines(&duel, &WORDS.en).join("\n")
        };
        let text = named("\u{1b}[2K\u{1b}]0;title\u{7}\u{202e}x");
        assert!(text.contains("(\\u{1b}[2K\\u{1b}]0;title\\u{7}\\u{202e}x)"), "{text:?}");
        assert!(named("ログイン").contains("(ログイン)"));
    }

    #[test]
    fn an_unwritten_server_keeps_nothing_out() {
        let unwritten = Outcome::NotWritten { text: "issue".into() };
        let (json, _) = told(&[unwritten], &[Outcome::Passed]);
        assert_eq!(json["got_in"], json!({"you": 1, "they": 0}));
    }

    #[test]
    fn a_screen_of_24_rows_holds_it_however_much_got_in() {
        let many = vec![failed(); 60];
        let (_, text) = told(&many, &many);
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 80 && text.lines().count() < 24, "{widest} columns:\n{text}");
        assert!(text.contains("and 58 more") && text.contains("all others"), "{text}");
    }

    #[test]
    fn what_became_of_the_accounts_on_both_sides_is_told_and_nothing_where_there_were_none() {
        let (json, text) = told(&[Outcome::Passed], &[Outcome::Passed]);
        assert_eq!(json["accounts"]["they"]["left"], 2);
        assert!(text.contains("they  http://192.0.2.1:2 (access) · 60 accounts created, 2 left\n"), "{text}");
        let deleted = Accounts { created: 60, deleted: 60, ..Accounts::default() };
        assert_eq!(accounts(&deleted, &WORDS.en), " · 60 accounts created, 60 deleted");
        assert_eq!(accounts(&Accounts::default(), &WORDS.en), "");
    }
}
