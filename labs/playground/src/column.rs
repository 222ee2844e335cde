//! One design: its server, its user, its thief, and the result of each request.

mod acts;

use std::time::Duration;

use harness::Failure;
use harness::client::{Account, Request};
use harness::design::Design;
use kit::watch::Whose;
use kit::{Clock, Store};
use serde_json::json;

use super::action::Action;
use super::contents;
use super::holding::Holding;
use super::revocation::Revocation;
use super::seen::{Seen, Shown, Somebody, Verdict, Who};
use super::server::Server;
use super::wire::Exchange;

/// The most session cookies that are remembered; they are needed to look the sessions up in a memory store.
const MOST_COOKIES: usize = 20;
/// How many times, and at what interval, a server is asked whether it can reach its store again.
const MENDING_LOOKS: usize = 50;
const MENDING_PAUSE: Duration = Duration::from_millis(100);

/// One design of a room.
pub(super) struct Column {
    design: Design,
    server: Server,
    account: Account,
    whose: Whose,
    person: Holding,
    thief: Holding,
    /// The requests that were sent since the last step.
    exchanges: Vec<Shown>,
    /// The keys in the store after the account was opened; they are not shown.
    before: Vec<String>,
    store_calls: u64,
    revocation: Option<Revocation>,
}

impl Column {
    /// Starts the server and opens the user's account. Signing up also logs the user in; this session is logged out, so
    /// that a visitor begins with a user without credentials and an empty store. The server reaches its store through
    /// `over`, which may be a line that can be cut.
    pub(super) async fn open(
        design: Design,
        over: &Store,
        store: &Store,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let server = Server::start(design, over, store, clock).await?;
        let account = Account::named("ann");
        let answer = server.ask(&account.sign_up()).await?;
        let first = answer.issued();
        let Some(user) = first.user_id else {
            return Err(Failure::new(format!(
                "the {design} server answered the sign-up with status {}",
                answer.status
            )));
        };
        server.ask(&first.signed(Request::post("/auth/logout", json!({})))).await?;
        let whose = Whose { user, cookies: Vec::new() };
        let before = contents::of(&*server.records, &whose).await.unwrap_or_default();
        Ok(Self {
            design,
            server,
            before: before.into_iter().map(|entry| entry.key).collect(),
            account,
            whose,
            person: Holding::default(),
            thief: Holding::default(),
            exchanges: Vec::new(),
            store_calls: 0,
            revocation: None,
        })
    }

    /// The design of this column.
    pub(super) fn design(&self) -> Design {
        self.design
    }

    /// The URL of the page for the visitor's own tabs on this server, if the design has one.
    pub(super) fn tabs(&self) -> Option<&str> {
        self.server.tabs()
    }

    /// Cuts or mends the connection between the server and its store, if the line is a switch in the gate.
    pub(super) fn cut(&self, cut: bool) {
        self.server.gate.set_cut(cut);
    }

    /// Waits until the server reports that it can reach its store again, or until the time limit.
    pub(super) async fn mended(&self) {
        for _ in 0..MENDING_LOOKS {
            if self.server.ask(&Request::get("/health/ready")).await.is_ok_and(|answer| answer.is_done()) {
                return;
            }
            tokio::time::sleep(MENDING_PAUSE).await;
        }
    }

    /// Performs one action, then probes who gets in. `now_s` is the room's time, in seconds since the Unix epoch.
    pub(super) async fn act(&mut self, action: Option<Action>, now_s: u64) -> Result<Seen, Failure> {
        let outcome = match action {
            Some(action) => self.perform(action, now_s).await?,
            None => acts::DONE.to_owned(),
        };
        let (person, thief) = (self.probe(Who::Person).await?, self.probe(Who::Thief).await?);
        if let Some(revocation) = &mut self.revocation {
            match thief {
                Verdict::In => revocation.let_in(now_s),
                Verdict::Out => revocation.shut_out(now_s),
                Verdict::Nothing | Verdict::Unknown => {}
            }
        }
        let looked = contents::of(&*self.server.records, &self.whose).await;
        let (mut store, store_unseen) = looked.map_or_else(|why| (Vec::new(), Some(why)), |all| (all, None));
        store.retain(|entry| !self.before.contains(&entry.key));
        Ok(Seen {
            outcome,
            exchanges: std::mem::take(&mut self.exchanges),
            person: Somebody { verdict: person, holds: self.person.clone() },
            thief: Somebody { verdict: thief, holds: self.thief.clone() },
            store,
            store_unseen,
            store_calls: self.store_calls,
            revocation: self.revocation.clone(),
        })
    }

    /// Sends `GET /me` with the credentials of the user or the thief, so that the page can show who gets in.
    async fn probe(&mut self, who: Who) -> Result<Verdict, Failure> {
        if self.holding(who).is_empty() {
            return Ok(Verdict::Nothing);
        }
        let verdict = Verdict::of(self.ask_me(who, true).await?.status);
        if verdict == Verdict::Out {
            match who {
                Who::Person => self.person.refused_at_the_door(),
                Who::Thief => self.thief.refused_at_the_door(),
            }
        }
        Ok(verdict)
    }

    async fn ask_me(&mut self, who: Who, probe: bool) -> Result<Exchange, Failure> {
        let request = self.holding(who).held().signed(Request::get("/me"));
        self.send(who, probe, &request).await
    }

    fn holding(&self, who: Who) -> &Holding {
        match who {
            Who::Person => &self.person,
            Who::Thief => &self.thief,
        }
    }

    fn receive(&mut self, answer: &Exchange, now_s: u64) {
        self.person.take(answer, now_s);
        if let Some((_, name)) = self.person.cookie.as_ref().and_then(|cookie| cookie.text.split_once('=')) {
            self.whose.cookies.retain(|known| known != name);
            self.whose.cookies.push(name.to_owned());
            let too_many = self.whose.cookies.len().saturating_sub(MOST_COOKIES);
            self.whose.cookies.drain(..too_many);
        }
    }

    async fn send(&mut self, who: Who, probe: bool, request: &Request) -> Result<Exchange, Failure> {
        let before = self.server.gate.calls();
        let exchange = self.server.ask(request).await?;
        let store_calls = self.server.gate.calls().saturating_sub(before);
        if !probe {
            self.store_calls += store_calls;
        }
        self.exchanges.push(Shown { who, probe, store_calls, exchange: exchange.clone() });
        Ok(exchange)
    }
}
