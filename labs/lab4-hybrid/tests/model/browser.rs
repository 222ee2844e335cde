//! A model of a browser's cookies: every order in which tabs log in, sign up, change the password, refresh and log out,
//! and in which the responses arrive.
//!
//! A response's `Set-Cookie` takes effect when the response arrives, and it may be arbitrarily late. How long an
//! exchange may take within one session is covered by the other search ([`exchanges`](crate::exchanges)), so here a
//! session is either alive or not. This crate's own code, run on real tokens, decides which cookies are used, and in
//! which order.

mod state;

use std::cell::RefCell;
use std::collections::HashMap;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use lab4_hybrid::chain::Keys;
use lab4_hybrid::delivery::cookies::{REFRESH_COOKIE, Shown, name_of};
use uuid::Uuid;

use self::state::{Answer, Ask, SESSIONS, Sent, State, Tab, Wrong, bit, bits};
use crate::search::World;

/// The name under which a session's cookie is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Each session has a cookie name of its own.
    Own,
    /// All sessions share one name, as in an earlier version. A search shows why that was changed.
    Shared,
    /// The first session was opened by a server of the version that knew only the shared name.
    FirstShared,
}

/// What can happen in the search.
#[derive(Clone, Copy)]
pub(super) struct Habits {
    pub(super) names: Names,
    /// The clocks of the servers differ by more than the time between two logins, so the id of a newer session looks
    /// older.
    pub(super) skewed: bool,
    /// A login ends the sessions that it replaces later, after its response.
    pub(super) deferred: bool,
    /// The response to a refresh sets the cookie.
    pub(super) rotates: bool,
    /// The user may also log out.
    pub(super) log_outs: bool,
    pub(super) tabs: u8,
    /// How many requests are sent.
    pub(super) requests: u8,
}

/// Three tabs, and a cookie name for each session.
pub(super) const BUSY: Habits = Habits {
    names: Names::Own,
    skewed: false,
    deferred: false,
    rotates: true,
    log_outs: true,
    tabs: 3,
    requests: 5,
};

pub(super) struct Browser {
    habits: Habits,
    keys: Keys,
    /// The sessions in the order in which they are opened, each with its cookie as the browser sends it.
    cookies: Vec<(Uuid, String)>,
    orders: RefCell<HashMap<u8, Vec<u8>>>,
}

#[derive(Clone, Copy)]
pub(super) enum Step {
    Send { tab: usize, ask: Ask },
    Execute { tab: usize },
    Hear { tab: usize },
    Lose { tab: usize },
    EndElsewhere { session: u8 },
    Finish,
}

impl Browser {
    pub(super) fn of(habits: Habits) -> Self {
        let keys = Keys::derive(&kit::keyring::Keyring::random()).unwrap();
        let user = Uuid::new_v4();
        let mut firsts: Vec<_> =
            (0..SESSIONS).map(|_| keys.first_token(user, kit::ClientKind::Web).unwrap()).collect();
        if habits.skewed {
            firsts.reverse();
        }
        let cookie = |(number, first): (usize, &lab4_hybrid::token::FirstToken)| {
            let name = match habits.names {
                Names::Shared => REFRESH_COOKIE.name.to_owned(),
                Names::FirstShared if number == 0 => REFRESH_COOKIE.name.to_owned(),
                Names::FirstShared | Names::Own => name_of(first.session_id),
            };
            (first.session_id, format!("{name}={}", first.token.expose()))
        };
        let cookies = firsts.iter().enumerate().map(cookie).collect();
        Self { habits, keys, cookies, orders: RefCell::default() }
    }

    /// The sessions of these cookies, in the order in which the crate's code uses them.
    fn in_order(&self, jar: u8) -> Vec<u8> {
        let read = || {
            let pairs: Vec<&str> =
                bits(jar).map(|session| self.cookies[usize::from(session)].1.as_str()).collect();
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(&pairs.join("; ")).unwrap());
            let shown = Shown::read(&self.keys, &headers);
            let number = |id| self.cookies.iter().position(|(of, _)| *of == id).unwrap() as u8;
            shown.sessions().iter().map(|session| number(session.token.session_id())).collect()
        };
        self.orders.borrow_mut().entry(jar).or_insert_with(read).clone()
    }

    /// All sessions whose cookie has the same name as this session's.
    fn of_same_name(&self, session: u8) -> u8 {
        let name = |session: usize| self.cookies[session].1.split('=').next().map(str::to_owned);
        let own = name(usize::from(session));
        (0..SESSIONS).filter(|other| name(*other) == own).map(|other| bit(other as u8)).sum()
    }

    fn send(&self, state: &State, found: &mut Vec<(Step, State)>) {
        if state.requests == 0 {
            return;
        }
        let expected = state.newest_heard.filter(|session| state.alive & bit(*session) != 0);
        for tab in (0..usize::from(self.habits.tabs)).filter(|tab| state.tabs[*tab] == Tab::Idle) {
            for ask in [Ask::Refresh, Ask::LogIn, Ask::NewPassword, Ask::LogOut] {
                let possible = match ask {
                    Ask::Refresh => state.jar != 0 || expected.is_some(),
                    Ask::LogIn => usize::from(state.issued) + state.opening() < SESSIONS,
                    Ask::NewPassword => {
                        expected.is_some() && usize::from(state.issued) + state.opening() < SESSIONS
                    }
                    Ask::LogOut => self.habits.log_outs && state.jar != 0,
                };
                if !possible {
                    continue;
                }
                let issued = Some(state.issued).filter(|_| state.opening() == 0);
                let sent = Sent { ask, jar: state.jar, expected, left: state.left, issued };
                let mut after = State { requests: state.requests - 1, ..*state };
                after.left &= !ask.opens();
                after.tabs[tab] = Tab::Sent(sent);
                found.push((Step::Send { tab, ask }, after));
            }
        }
    }

    /// A server processes a request.
    fn execute(&self, state: &State, sent: Sent) -> (State, Answer) {
        let mut after = *state;
        let mut answer = Answer { ask: sent.ask, sets: None, clears: 0, issued: sent.issued };
        match sent.ask {
            Ask::Refresh => {
                let order = self.in_order(sent.jar);
                let alive = order.iter().position(|session| state.alive & bit(*session) != 0);
                let dead = &order[..alive.unwrap_or(0)];
                answer.sets = alive.map(|place| order[place]);
                answer.clears = dead.iter().map(|session| bit(*session)).sum();
                after.wrong = after.wrong.or(self.judged(state, sent, answer.sets));
                answer.sets = answer.sets.filter(|_| self.habits.rotates);
            }
            Ask::LogOut => {
                after.alive &= !sent.jar;
                answer.clears = sent.jar;
            }
            Ask::NewPassword if sent.expected.is_none_or(|session| state.alive & bit(session) == 0) => {}
            Ask::LogIn | Ask::NewPassword => {
                let ended = if sent.ask == Ask::NewPassword { after.alive } else { sent.jar };
                if self.habits.deferred && sent.ask == Ask::LogIn {
                    after.unfinished |= ended;
                } else {
                    after.alive &= !ended;
                }
                after.alive |= bit(after.issued);
                answer.sets = Some(after.issued);
                answer.clears = sent.jar;
                after.issued += 1;
            }
        }
        (after, answer)
    }

    /// What is wrong with the result of a refresh, if anything.
    fn judged(&self, state: &State, sent: Sent, got: Option<u8>) -> Option<Wrong> {
        let expected = sent.expected.filter(|session| state.alive & bit(*session) != 0);
        match (expected, got) {
            (Some(expected), None) => Some(Wrong::LoggedOut { expected }),
            // If the clocks differ, they decide which of two concurrent logins counts as the newer one.
            (Some(expected), Some(got)) if got < expected && !self.habits.skewed => {
                Some(Wrong::Displaced { expected, got })
            }
            (_, Some(got)) if sent.left => Some(Wrong::LoggedInAgain { got }),
            _ => None,
        }
    }

    /// A response arrives at the browser.
    fn heard(&self, state: &State, answer: Answer) -> State {
        let mut after = *state;
        for session in bits(answer.clears) {
            after.jar &= !self.of_same_name(session);
        }
        if let Some(session) = answer.sets {
            after.jar = after.jar & !self.of_same_name(session) | bit(session);
        }
        if answer.ask.opens() {
            after.newest_heard = after.newest_heard.max(answer.sets);
        }
        if answer.ask == Ask::LogOut {
            after.left = answer.issued == Some(after.issued) && after.opening() == 0;
        }
        after
    }
}

impl World for Browser {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State::start(self.habits.requests)
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut found = Vec::new();
        self.send(state, &mut found);
        for tab in 0..usize::from(self.habits.tabs) {
            let mut put = |step, mut after: State, now: Tab| {
                after.tabs[tab] = now;
                found.push((step, after));
            };
            match state.tabs[tab] {
                Tab::Idle => {}
                Tab::Sent(sent) => {
                    let (after, answer) = self.execute(state, sent);
                    put(Step::Execute { tab }, after, Tab::Answered(answer));
                }
                Tab::Answered(answer) => {
                    put(Step::Lose { tab }, *state, Tab::Idle);
                    // The tab no longer waits, so that a logout counts only the tabs that still wait.
                    let mut idle = *state;
                    idle.tabs[tab] = Tab::Idle;
                    put(Step::Hear { tab }, self.heard(&idle, answer), Tab::Idle);
                }
            }
        }
        for session in bits(state.alive).filter(|_| state.requests > 0) {
            let after = State { alive: state.alive & !bit(session), requests: state.requests - 1, ..*state };
            found.push((Step::EndElsewhere { session }, after));
        }
        if state.unfinished != 0 {
            let alive = state.alive & !state.unfinished;
            found.push((Step::Finish, State { alive, unfinished: 0, ..*state }));
        }
        found
    }

    fn wrong(&self, state: &State) -> Option<String> {
        state.wrong.map(Wrong::told)
    }

    fn nameless(&self, mut state: State) -> State {
        state.tabs[..usize::from(self.habits.tabs)].sort_unstable();
        state
    }

    fn told(&self, before: &State, step: Step, after: &State) -> String {
        state::told(before, step, after)
    }
}
