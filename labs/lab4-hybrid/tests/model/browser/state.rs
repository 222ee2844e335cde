//! The state of a browser in the search, and counter-examples as text.

use super::Step;

pub(super) const TABS: usize = 3;
/// How many sessions a search may need.
pub(super) const SESSIONS: usize = 4;

/// The state of the browser, the store and all requests. A set of sessions is a bit mask; sessions are numbered in the
/// order of logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(super) alive: u8,
    /// The sessions that a login which has returned still has to end.
    pub(super) unfinished: u8,
    pub(super) issued: u8,
    /// The newest session whose first response has arrived.
    pub(super) newest_heard: Option<u8>,
    /// The sessions whose cookies the browser has.
    pub(super) jar: u8,
    pub(super) tabs: [Tab; TABS],
    /// Whether the user has logged out and has since sent no request that could log in.
    pub(super) left: bool,
    pub(super) requests: u8,
    pub(super) wrong: Option<Wrong>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Tab {
    Idle,
    Sent(Sent),
    Answered(Answer),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ask {
    Refresh,
    /// A login or a sign-up, which a browser cannot tell apart.
    LogIn,
    NewPassword,
    LogOut,
}

/// A request, with the cookies at the time when it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Sent {
    pub(super) ask: Ask,
    pub(super) jar: u8,
    /// The user's session, which the refresh must return if it is alive.
    pub(super) expected: Option<u8>,
    pub(super) left: bool,
    /// How many sessions had been opened, if no login was in progress.
    pub(super) issued: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Answer {
    pub(super) ask: Ask,
    pub(super) sets: Option<u8>,
    pub(super) clears: u8,
    pub(super) issued: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wrong {
    /// The user's session is alive, but the browser's refresh was refused.
    LoggedOut { expected: u8 },
    /// The refresh was answered for an older session.
    Displaced { expected: u8, got: u8 },
    /// The user has logged out, and is logged in again.
    LoggedInAgain { got: u8 },
}

pub(super) fn bit(session: u8) -> u8 {
    1 << session
}

pub(super) fn bits(of: u8) -> impl Iterator<Item = u8> {
    (0..SESSIONS as u8).filter(move |session| of & bit(*session) != 0)
}

impl State {
    /// The start of a search: the user is logged in.
    pub(super) fn start(requests: u8) -> Self {
        Self {
            alive: bit(0),
            unfinished: 0,
            issued: 1,
            newest_heard: Some(0),
            jar: bit(0),
            tabs: [Tab::Idle; TABS],
            left: false,
            requests,
            wrong: None,
        }
    }

    /// The number of requests in progress that may open a session.
    pub(super) fn opening(&self) -> usize {
        let opens = |tab: &&Tab| match tab {
            Tab::Idle => false,
            Tab::Sent(sent) => sent.ask.opens(),
            Tab::Answered(answer) => answer.ask.opens(),
        };
        self.tabs.iter().filter(opens).count()
    }
}

impl Ask {
    pub(super) fn opens(self) -> bool {
        matches!(self, Self::LogIn | Self::NewPassword)
    }
}

impl Wrong {
    pub(super) fn told(self) -> String {
        match self {
            Self::LoggedOut { expected } => {
                format!("session {expected} lives, and the refresh of its browser is refused: logged out")
            }
            Self::Displaced { expected, got } => {
                format!("session {expected} was opened later, and the browser gets session {got}")
            }
            Self::LoggedInAgain { got } => format!("the person has logged out, and gets session {got}"),
        }
    }
}

pub(super) fn told(before: &State, step: Step, after: &State) -> String {
    let list = |of: u8| {
        let names: Vec<String> = bits(of).map(|session| session.to_string()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(" and ") }
    };
    match step {
        Step::Send { tab, ask } => {
            let what = match ask {
                Ask::Refresh => "refreshes",
                Ask::LogIn => "logs in",
                Ask::NewPassword => "changes the password",
                Ask::LogOut => "logs out",
            };
            format!("Tab {} {what}; the cookies sent are those of session {}.", tab + 1, list(before.jar))
        }
        Step::Execute { tab } => match after.tabs[tab] {
            Tab::Answered(answer) => format!(
                "The server answers tab {}: it sets the cookie of session {}, and clears {}. Alive: {}.",
                tab + 1,
                list(answer.sets.map_or(0, bit)),
                list(answer.clears),
                list(after.alive)
            ),
            Tab::Idle | Tab::Sent(_) => String::new(),
        },
        Step::Hear { tab } => {
            format!(
                "The answer reaches tab {}: the browser has the cookies of session {}.",
                tab + 1,
                list(after.jar)
            )
        }
        Step::Lose { tab } => format!("The answer to tab {} is lost.", tab + 1),
        Step::EndElsewhere { session } => format!("Session {session} is ended from another device."),
        Step::Finish => "The ending that a login left unfinished is finished.".into(),
    }
}
