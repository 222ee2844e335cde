//! Counter-examples as text.

use super::Step;
use super::state::{Party, State, Tab, Told, Wrong};

pub(super) fn of_wrong(wrong: Wrong) -> String {
    match wrong {
        Wrong::LoggedOut(told) => format!("the legitimate user is logged out ({})", verdict(told, 0)),
        Wrong::Unseen { token, who } => {
            let (who, other) = match who {
                Party::Person => ("the person", "the thief"),
                Party::Thief => ("the thief", "the person"),
            };
            format!("{who} used token {token} a window after {other} had, and was let in")
        }
        Wrong::Forked => "the record names tokens that do not follow from its number".into(),
        Wrong::TooOften => "the session rotated twice within a window".into(),
        Wrong::KeptWrote => "a token that stays was written".into(),
    }
}

pub(super) fn told(before: &State, step: Step, after: &State) -> String {
    let tab = |number: u8| before.tabs[usize::from(number)];
    let asked = |number: u8| match tab(number) {
        Tab::Asked { token, .. } | Tab::Heard { token, .. } => token,
        Tab::Idle => 0,
    };
    let outcome = |number: u8| match after.tabs[usize::from(number)] {
        Tab::Heard { token, told, .. } => verdict(told, token),
        _ => "done".into(),
    };
    match step {
        Step::Ask { tab: number, server } => {
            let token = before.cookie.unwrap_or_default();
            format!("Tab {} sends token {token} to server {}.", number + 1, letter(server))
        }
        Step::Execute { tab: number } => {
            format!("The store gets tab {}'s token {}: {}.", number + 1, asked(number), outcome(number))
        }
        Step::ExecuteUnheard { tab: number } => format!(
            "The store gets tab {}'s token {}{}; the answer is lost.",
            number + 1,
            asked(number),
            moved(before, after)
        ),
        Step::ExecuteAgain { tab: number } => format!(
            "The store gets tab {}'s token {}{}; the connection breaks, and the command is sent again.",
            number + 1,
            asked(number),
            moved(before, after)
        ),
        Step::GiveUp { tab: number } if after.late.is_some() && before.late.is_none() => {
            format!(
                "The store is paused: tab {} gives up, and its token {} waits.",
                number + 1,
                asked(number)
            )
        }
        Step::GiveUp { tab: number } => {
            format!("Tab {}'s token {} never reaches the store.", number + 1, asked(number))
        }
        Step::Hear { tab: number } => match (tab(number), after.cookie) {
            (Tab::Heard { told: Told::Kept, .. }, _) => {
                format!("Tab {} receives the answer that its token stays.", number + 1)
            }
            (_, Some(token)) => {
                format!("Tab {} receives the answer, and the cookie is token {token}.", number + 1)
            }
            (_, None) => format!("Tab {} receives the refusal.", number + 1),
        },
        Step::HearBlind { tab: number } => format!(
            "Tab {} is reloaded and receives nothing; the browser receives the answer, and the cookie is token {}.",
            number + 1,
            after.cookie.unwrap_or_default()
        ),
        Step::Crash { server } => format!("Server {} crashes with all its running requests.", letter(server)),
        Step::RunLate => {
            let (token, _) = before.late.unwrap_or_default();
            format!("The store goes on, and runs the command with token {token}{}.", moved(before, after))
        }
        Step::Steal => {
            let with = if after.copied_key == 0 { "" } else { ", and the key of the exchange" };
            format!("The thief copies the cookie, token {}{with}.", before.cookie.unwrap_or_default())
        }
        Step::ThiefShows { token, with_copied_key } => {
            let gained = if after.stolen == before.stolen { "" } else { ", and gets its successor" };
            let with = if with_copied_key { " with the copied key" } else { "" };
            format!("The thief sends token {token}{with}{}{gained}.", moved(before, after))
        }
        Step::Tick => "Time passes: a part of the window.".into(),
        Step::FailOver { lost } => {
            let generation = |state: &State| state.record.map_or(0, |record| record.generation);
            let writes = if lost == 1 { "write".to_owned() } else { format!("{lost} writes") };
            let now = match generation(after) {
                same if same == generation(before) => "does not know that it issued its token again".into(),
                number => format!("is back at token {number}"),
            };
            format!("A failover loses the last {writes}: the store {now}.")
        }
    }
}

/// How a write changed the session.
fn moved(before: &State, after: &State) -> String {
    match (before.record, after.record) {
        (Some(_), None) => " and ends the session".into(),
        (Some(old), Some(new)) if new.generation > old.generation => {
            format!(" and moves on to token {}", new.generation)
        }
        _ => String::new(),
    }
}

fn verdict(told: Told, token: u8) -> String {
    match told {
        Told::Rotated => format!("rotated, the next is token {}", token + 1),
        Told::Replayed => format!("replayed, the next is token {} as before", token + 1),
        Told::Kept => "the token stays".into(),
        Told::Done => "that exchange was done before, the token stays".into(),
        Told::Reused => "reused, the session is ended".into(),
        Told::Ended => "the session has ended".into(),
        Told::Ahead => "the record is older than it, so there is no verdict".into(),
        Told::Invalid => "not a token of this session".into(),
    }
}

fn letter(server: u8) -> char {
    if server == 0 { 'A' } else { 'B' }
}
