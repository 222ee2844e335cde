//! What a design is: all that the tools need to know of one.
//!
//! Each lab exports its own as `DESIGN`, and the list of them is written once, in the harness. What the command line takes,
//! what `serve` warns of, which servers are measured, what a table is headed with: every other list is computed from it.

use std::pin::Pin;

use axum::Router;
use serde::Serialize;

use crate::clock::Clock;
use crate::config::Config;
use crate::csrf::Origins;
use crate::state::StartError;
use crate::watch::{Making, Watching};

/// A design, as its lab describes it.
#[derive(Debug)]
pub struct Design {
    /// The name on the command line, in `GET /lab` and in reports.
    pub name: &'static str,
    /// What it is, for people.
    pub words: Words,
    /// What a log-in hands out, and how it comes back.
    pub credential: Credential,
    /// What its server remembers of a log-in.
    pub state: State,
    /// When a copied credential stops working after its owner has logged out.
    pub logout: Logout,
    /// The secrets that its server needs.
    pub secrets: &'static [Secret],
    /// How it is measured: at least once.
    pub variants: &'static [Variant],
    /// The client for browsers, a module without dependencies, where a page needs one to use the design.
    pub browser_client: Option<&'static str>,
    /// Makes its whole server, ready to be served.
    pub router: fn(Config, Clock, Origins) -> Starting,
    /// Makes the same over a store that is watched, where the design has a store.
    pub watched: Option<fn(Watching) -> Making>,
}

/// A server that is being made. Boxed, so that a program which serves every design is not compiled with the insides of each.
pub type Starting = Pin<Box<dyn Future<Output = Result<Router, StartError>> + Send>>;

/// A sentence in the languages of the labs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Japanese.
    pub ja: &'static str,
}

/// What a design is, for people.
#[derive(Debug, Serialize)]
pub struct Words {
    /// Its name in a table: one to three words.
    pub title: Text,
    /// What a client holds, in half a sentence.
    pub summary: Text,
    /// What a client holds and what the server keeps, in one or two sentences.
    pub about: Text,
    /// What the server stores and when it reads it, in half a sentence.
    pub stored: Text,
    /// What the playground says of an action's outcome, by `action outcome`: `log-out done`, `person-refreshes refresh_ended`.
    /// Outcomes that are the same in every design are the playground's own.
    #[serde(skip)]
    pub outcomes: &'static [(&'static str, Text)],
}

/// What a log-in hands out. The server's OpenAPI document, the clients of the tools and the playground follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Credential {
    /// None: every request is let in.
    None,
    /// A cookie that names a session.
    Cookie {
        /// The cookie's name.
        name: &'static str,
    },
    /// An access token (RFC 6750).
    Bearer,
    /// An access token, and a refresh token that is exchanged for the next pair.
    BearerAndRefresh,
}

/// What a server remembers of a log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing: it cannot end a credential before that expires.
    Stateless,
    /// A session record in its store, for each log-in.
    Sessions,
}

/// When a copied credential stops working after its owner has logged out: the logout problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Logout {
    /// There is no credential.
    None,
    /// With the log-out.
    AtOnce,
    /// When its access token expires.
    AtExpiry,
}

/// A secret of a server, which it makes at random where it is given none.
#[derive(Debug)]
pub struct Secret {
    /// The variable of the environment that it is read from.
    pub variable: &'static str,
    /// Whether it was given.
    pub is_set: fn(&Config) -> bool,
    /// What a server without it tells an operator.
    pub warning: &'static str,
}

/// A design as it is measured: with these settings, over this store.
#[derive(Debug, Serialize)]
pub struct Variant {
    /// Its name in a report. Names of a design's variants begin with that of the design.
    pub name: &'static str,
    /// What is measured, in one sentence.
    pub what: &'static str,
    /// Where `GET /me` looks.
    pub asks: Asks,
    /// Its part in what a report argues.
    pub role: Role,
    /// Settings of its server, as variables of the environment.
    pub settings: &'static [(&'static str, &'static str)],
    /// The parts of a report that it is measured in, besides the comparison of all.
    pub parts: &'static [Part],
}

/// Where `GET /me` looks before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asks {
    /// Nowhere: the request itself says who sent it.
    Nothing,
    /// In the server's own memory.
    Memory,
    /// In Redis.
    Redis,
}

/// The part of a variant in what a report argues. One variant of all designs has each, except the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Each request looks a session up in Redis.
    LookUp,
    /// Each request is checked by its signature alone, and nothing can end its credential.
    Signed,
    /// Each request is checked by its signature alone, and a refresh token keeps the user logged in.
    SignedAndRefreshed,
    /// Each request is checked by its signature and looked up in Redis as well.
    SignedAndLookedUp,
    /// None: it is measured beside the others.
    Other,
}

/// A part of a benchmark's report that not every variant is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// With larger and larger access tokens.
    Claims,
    /// With more and more connections at once.
    Crowd,
    /// With a longer and longer way to the store.
    Distance,
    /// What a million people cost.
    Scale,
    /// Whether the project's targets are met.
    Targets,
}

impl Design {
    /// Whether a request without a credential is let in: the baseline of every measurement.
    pub fn is_baseline(&self) -> bool {
        self.credential == Credential::None
    }

    /// Whether its server remembers log-ins.
    pub fn has_sessions(&self) -> bool {
        self.state == State::Sessions
    }

    /// Whether an ordinary request asks the store.
    pub fn asks_store(&self) -> bool {
        self.variants.iter().all(|variant| variant.asks != Asks::Nothing)
    }

    /// The stores that its server can keep them in.
    pub fn stores(&self) -> &'static [&'static str] {
        match self.state {
            State::Stateless => &[],
            State::Sessions => &["memory", "redis"],
        }
    }
}
