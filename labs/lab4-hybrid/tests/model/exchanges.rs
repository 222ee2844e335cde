//! A model of one session and of every client that presents its tokens: every order of all events.
//!
//! Tabs share a cookie; a device is a single tab. A thief copies the cookie once and presents the tokens that it can
//! obtain. Each exchange is at one of two servers, and may stop after any step: a request or a response is lost, a
//! server crashes with all exchanges that it is processing, a command is sent twice or arrives late, a failover loses
//! the last writes. The store's rules are not repeated here: the model runs this crate's own code, on a record that is
//! built from the state.
//!
//! Time passes in ticks, three or more per window. On a fast network an exchange takes less than half of a window, so
//! at most one tick of three passes during it.

mod state;
mod story;
mod verdicts;

use std::cell::RefCell;
use std::collections::HashMap;

use lab4_hybrid::chain::Keys;
use lab4_hybrid::idempotency::IdempotencyKey;
use lab4_hybrid::store::Policy;
use lab4_hybrid::token::VerifiedToken;

use self::state::{Party, Place, State, TABS, Tab, Told, Wrong};
use self::verdicts::{Question, Said};
use crate::search::World;

/// How many tokens a search may need.
const TOKENS: usize = 14;

/// What can happen in the search.
#[derive(Clone, Copy)]
pub(super) struct Session {
    /// The tabs of the user's browser; one tab is a device.
    pub(super) tabs: u8,
    pub(super) thief: bool,
    /// The thief copies the idempotency key together with the cookie.
    pub(super) thief_copies_key: bool,
    pub(super) keying: Keying,
    pub(super) rule: Rule,
    /// No window: every exchange rotates.
    pub(super) strict: bool,
    /// The window, in ticks.
    pub(super) window: u8,
    /// The most ticks that pass during an exchange; `None` for a network with unbounded delays.
    pub(super) fast: Option<u8>,
    /// Requests and responses get lost, and servers crash with all exchanges that they are processing.
    pub(super) losses: bool,
    /// Commands are sent to the store twice.
    pub(super) twice: bool,
    /// Callers give up on a store that is paused, and the store still runs their commands when it resumes.
    /// `Some(true)`: it resumes after their deadline, so the commands do nothing.
    pub(super) paused: Option<bool>,
    /// How many failovers there are. Each loses at most `lost_writes` writes.
    pub(super) failovers: u8,
    pub(super) lost_writes: u8,
    /// A response of the kind `Kept` also sets the cookie. (It does not; a search shows why.)
    pub(super) kept_sets_cookie: bool,
    /// For how many tokens a thief may go undetected.
    pub(super) slips: u8,
    /// The search looks for a state in which thief and user have the same token of this number, and for nothing else.
    pub(super) coexistence_at: Option<u8>,
    /// How often tokens are presented, and how many ticks pass.
    pub(super) shows: u8,
    pub(super) ticks: u8,
}

/// For what the user's client generates idempotency keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keying {
    None,
    /// An app sees its token, and generates one key for each token.
    PerToken,
    /// A page does not see its token. It generates a key before an exchange and keeps it, even over reloads, until a
    /// response tells it that there is a new token; all tabs send the stored key. A response can be lost in one more
    /// way: the page is reloaded, but the browser stores the cookie.
    Kept,
    /// Like `Kept`, but the page deletes the key after any response, even if the token stays.
    PerExchange,
}

/// The protocol, and two alternatives that were rejected, to show why.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Ours,
    /// The current token rotates although its key is that of the exchange that issued it, and the store deletes that
    /// key.
    KeyServesOnce,
    /// The parent of the current token gets its successor, however late, until a client has presented that successor.
    ParentUntilShown,
}

/// A session without a thief and without failures, on a fast network. Each search adds something to it.
pub(super) const PEACE: Session = Session {
    tabs: 2,
    thief: false,
    thief_copies_key: false,
    keying: Keying::PerToken,
    rule: Rule::Ours,
    strict: false,
    window: 3,
    fast: Some(1),
    losses: false,
    twice: false,
    paused: None,
    failovers: 0,
    lost_writes: 0,
    kept_sets_cookie: false,
    slips: 0,
    coexistence_at: None,
    shows: 5,
    ticks: 5,
};

impl Session {
    fn is_page(&self) -> bool {
        matches!(self.keying, Keying::Kept | Keying::PerExchange)
    }
}

/// A session, and all tokens that it will need.
pub(super) struct Tokens {
    session: Session,
    policy: Policy,
    /// The tokens; token *n* is at index *n* − 1.
    chain: Vec<VerifiedToken>,
    /// The keys that the user and the thief send with token *n*.
    keys: [Vec<IdempotencyKey>; 2],
    /// The store's answers so far: it gives the same answer for the same record and the same question.
    said: RefCell<HashMap<Question, Said>>,
}

#[derive(Clone, Copy)]
pub(super) enum Step {
    Ask { tab: u8, server: u8 },
    Execute { tab: u8 },
    ExecuteUnheard { tab: u8 },
    ExecuteAgain { tab: u8 },
    GiveUp { tab: u8 },
    Hear { tab: u8 },
    HearBlind { tab: u8 },
    Crash { server: u8 },
    RunLate,
    Steal,
    ThiefShows { token: u8, with_copied_key: bool },
    Tick,
    FailOver { lost: u8 },
}

impl Tokens {
    pub(super) fn of(session: Session) -> Self {
        let keys = Keys::derive(&kit::keyring::Keyring::random()).unwrap();
        let first = keys.first_token(uuid::Uuid::new_v4(), kit::ClientKind::Web).unwrap();
        let mut chain = vec![keys.verify(first.token.expose()).unwrap()];
        while chain.len() < TOKENS {
            let next = chain[chain.len() - 1].successor();
            chain.push(keys.verify(next.expose()).unwrap());
        }
        let of =
            |who: &str| (0..TOKENS).map(|number| IdempotencyKey::of(&format!("{who} {number}"))).collect();
        Self {
            policy: verdicts::policy(&session),
            session,
            chain,
            keys: [of("person"), of("thief")],
            said: RefCell::default(),
        }
    }

    fn exchanges(&self, state: &State, found: &mut Vec<(Step, State)>) {
        let of = &self.session;
        // Without crashes it does not matter which server processes an exchange.
        let servers = if of.losses { 2 } else { 1 };
        for number in 0..of.tabs {
            let tab = state.tabs[usize::from(number)];
            let mut put = |step, mut after: State, now: Tab| {
                after.tabs[usize::from(number)] = now;
                found.push((step, after));
            };
            match tab {
                Tab::Idle => {
                    let Some(token) = state.cookie.filter(|_| state.shows > 0) else { continue };
                    let key = self.key_of_exchange(state, token);
                    let pending = if of.is_page() { key } else { 0 };
                    for server in 0..servers {
                        let asked = Tab::Asked { token, key, at: Place { server, age: 0 } };
                        let after = State { shows: state.shows - 1, pending, ..*state };
                        put(Step::Ask { tab: number, server }, after, asked);
                    }
                }
                Tab::Asked { token, key, at } => {
                    let (after, told) = self.shown(state, Party::Person, token, Self::persons(key));
                    put(Step::Execute { tab: number }, after, Tab::Heard { token, key, told, at });
                    if of.losses {
                        put(Step::ExecuteUnheard { tab: number }, after, Tab::Idle);
                        put(Step::GiveUp { tab: number }, *state, Tab::Idle);
                    }
                    if of.twice {
                        put(Step::ExecuteAgain { tab: number }, after, tab);
                    }
                    if of.paused.is_some() && state.late.is_none() {
                        let late = (of.paused == Some(false)).then_some((token, key));
                        put(Step::GiveUp { tab: number }, State { late, ..*state }, Tab::Idle);
                    }
                }
                Tab::Heard { token, key, told, .. } => {
                    let heard = self.heard(state, token, told);
                    let stays = told == Told::Kept && of.keying == Keying::Kept;
                    let pending = if heard.pending == key && !stays { 0 } else { heard.pending };
                    put(Step::Hear { tab: number }, State { pending, ..heard }, Tab::Idle);
                    if of.is_page() && of.losses && heard.wrong.is_none() {
                        put(Step::HearBlind { tab: number }, heard, Tab::Idle);
                    }
                }
            }
        }
    }

    /// How a response changes the browser.
    fn heard(&self, state: &State, token: u8, told: Told) -> State {
        let mut after = *state;
        match told {
            Told::Kept | Told::Done if !self.session.kept_sets_cookie => {}
            Told::Kept | Told::Done => after.cookie = Some(token),
            Told::Rotated | Told::Replayed => after.cookie = Some(token + 1),
            refused => {
                after.cookie = None;
                if !self.session.thief {
                    after.wrong = after.wrong.or(Some(Wrong::LoggedOut(refused)));
                }
            }
        }
        after
    }

    fn mishaps(&self, state: &State, found: &mut Vec<(Step, State)>) {
        let of = &self.session;
        for server in 0..2 {
            let held = |tab: &Tab| tab.place().is_some_and(|at| at.server == server);
            // The loss of a single exchange is a step of its own.
            if of.losses && state.tabs.iter().filter(|tab| held(tab)).count() > 1 {
                let mut after = *state;
                after.tabs.iter_mut().filter(|tab| held(tab)).for_each(|tab| *tab = Tab::Idle);
                found.push((Step::Crash { server }, after));
            }
        }
        if let Some((token, key)) = state.late {
            let (after, _) = self.shown(state, Party::Person, token, Self::persons(key));
            found.push((Step::RunLate, State { late: None, ..after }));
        }
        if state.failovers > 0 {
            for (lost, record) in (1..).zip(state.replica).take(usize::from(state.behind)) {
                let (record, failovers) = (Some(record), state.failovers - 1);
                let after = State { record, failovers, ..state.caught_up() };
                found.push((Step::FailOver { lost }, after));
            }
        }
        let aged: [Tab; TABS] = state.tabs.map(|tab| tab.aged(of.window));
        let too_slow = |tab: &Tab| of.fast.zip(tab.place()).is_some_and(|(most, at)| at.age > most);
        if state.ticks > 0 && !aged.iter().any(too_slow) {
            let ticked = State { tabs: aged, ticks: state.ticks - 1, ..state.caught_up() };
            found.push((Step::Tick, ticked.aged(of.window)));
        }
    }

    fn thefts(&self, state: &State, found: &mut Vec<(Step, State)>) {
        if !self.session.thief {
            return;
        }
        if let (Some(token), 0) = (state.cookie, state.stolen) {
            let key = if self.session.is_page() { state.pending } else { token };
            let copied_key = if self.session.thief_copies_key { key } else { 0 };
            found.push((Step::Steal, State { stolen: 1 << token, copied: token, copied_key, ..*state }));
        }
        for token in (1..TOKENS as u8).filter(|token| state.shows > 0 && state.stolen & (1 << token) != 0) {
            for key in self.keys_of_thief(state, token) {
                let (mut after, told) = self.shown(state, Party::Thief, token, key);
                if matches!(told, Told::Rotated | Told::Replayed) {
                    after.stolen |= 1 << (token + 1);
                }
                let with_copied_key = matches!(key, Some((Party::Person, _)));
                let step = Step::ThiefShows { token, with_copied_key };
                found.push((step, State { shows: state.shows - 1, ..after }));
            }
        }
    }
}

impl World for Tokens {
    type State = State;
    type Step = Step;

    fn start(&self) -> State {
        State::start(&self.session)
    }

    fn steps(&self, state: &State) -> Vec<(Step, State)> {
        let mut found = Vec::new();
        self.exchanges(state, &mut found);
        self.mishaps(state, &mut found);
        self.thefts(state, &mut found);
        found
    }

    fn wrong(&self, state: &State) -> Option<String> {
        match self.session.coexistence_at {
            Some(number) => state.coexist(number).then(|| {
                format!("the thief and the user both hold token {number}, the current one, and the server has not noticed")
            }),
            None => state.wrong.map(story::of_wrong),
        }
    }

    /// Tabs share everything, and servers store nothing, so states that differ only by the numbers of tabs and servers
    /// are equal.
    fn nameless(&self, state: State) -> State {
        let tabs = usize::from(self.session.tabs);
        let sorted = |mut state: State| {
            state.tabs[..tabs].sort_unstable();
            state
        };
        let mut swapped = state;
        swapped.tabs = state.tabs.map(Tab::at_the_other_server);
        let (one, other) = (sorted(state), sorted(swapped));
        if one.tabs <= other.tabs { one } else { other }
    }

    fn told(&self, before: &State, step: Step, after: &State) -> String {
        story::told(before, step, after)
    }
}
