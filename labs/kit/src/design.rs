//! The description of a design: everything that the tools need to know about it.
//!
//! Each lab exports its own as `DESIGN`, and the harness contains the only list of them. Every other list is computed from
//! that one: the names that the command line accepts, the warnings of `serve`, the servers that are measured, the headings
//! of tables.

use axum::Router;
use serde::{Deserialize, Serialize};

use crate::boxed::Boxed;
use crate::clock::Clock;
use crate::config::Config;
use crate::csrf::Origins;
use crate::start_error::StartError;
use crate::watch::{Making, Watching};

/// A design, as its lab describes it.
#[derive(Debug)]
pub struct Design {
    /// The name on the command line, in `GET /lab` and in reports.
    pub name: &'static str,
    /// The texts that describe the design to people.
    pub words: Words,
    /// What a login issues, and how the client sends it back.
    pub credential: Credential,
    /// What the server remembers of a login.
    pub state: State,
    /// The kinds of stores that its server can keep session records in: none for a stateless one.
    pub stores: &'static [StoreKind],
    /// When a copied credential stops working after its owner has logged out.
    pub logout: Logout,
    /// The secrets that the server needs.
    pub secrets: &'static [Secret],
    /// The variants in which benchmarks measure the design; at least one.
    pub variants: &'static [Variant],
    /// The page of the book about it: the file's name without `.md`.
    pub page: &'static str,
    /// The source of a client for browsers, as a JavaScript module without dependencies, if a page needs one to use the
    /// design.
    pub browser_client: Option<&'static str>,
    /// Builds the design's whole server, ready to be served.
    pub router: fn(Config, Clock, Origins) -> Starting,
    /// Builds the same server over a watched store, if the design has a store.
    pub watched: Option<fn(Watching) -> Making>,
}

/// The future of a server that is being built. Boxed, so that a program that serves every design does not have the types
/// inside each of them compiled into it.
pub type Starting = Boxed<'static, Result<Router, StartError>>;

/// A text in the languages of the labs, or a table of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Text<T = &'static str> {
    /// English.
    pub en: T,
    /// Japanese.
    pub ja: T,
}

/// The texts that describe a design to people.
#[derive(Debug, Serialize)]
pub struct Words {
    /// The design's title in a table: one to three words.
    pub title: Text,
    /// What a client stores, in half a sentence.
    pub summary: Text,
    /// What a client stores and what the server stores, in one or two sentences.
    pub about: Text,
    /// What the server stores and when it reads it, in half a sentence.
    pub stored: Text,
    /// The playground's texts for an action's outcome, by `action outcome`: `log-out done`,
    /// `person-refreshes refresh_ended`. The playground itself has the texts of outcomes that are the same in every design.
    #[serde(skip)]
    pub outcomes: &'static [(&'static str, Text)],
}

/// What a login issues. The server's OpenAPI document, the clients of the tools and the playground are derived from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Credential {
    /// No credential: the server accepts every request.
    None,
    /// A cookie that contains a session's identifier.
    Cookie {
        /// The cookie's name.
        name: &'static str,
    },
    /// An access token (RFC 6750).
    Bearer,
    /// An access token, and a refresh token that the client exchanges for the next pair.
    BearerAndRefresh,
}

/// What a server remembers of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing: the server cannot end a credential before it expires.
    Stateless,
    /// A session record in its store for each login.
    Sessions,
}

/// A kind of store for session records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// The server's own memory.
    Memory,
    /// Redis, which several servers can share.
    Redis,
}

impl StoreKind {
    /// Every kind, for a design whose records can be in any.
    pub const ALL: &'static [Self] = &[Self::Memory, Self::Redis];

    /// Its name in `--store` and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
        }
    }
}

/// When a copied credential stops working after its owner has logged out: the logout problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Logout {
    /// The design has no credential.
    None,
    /// At the moment of the logout.
    AtOnce,
    /// When its access token expires.
    AtExpiry,
}

/// A secret of a server. A server that is not given the secret generates a random one.
#[derive(Debug)]
pub struct Secret {
    /// The environment variable that contains the secret.
    pub variable: &'static str,
    /// Whether the configuration contains the secret.
    pub is_set: fn(&Config) -> bool,
    /// The warning that a server without the secret shows to its operator.
    pub warning: &'static str,
}

/// A design as benchmarks measure it: with these settings, over this store.
#[derive(Debug, Serialize)]
pub struct Variant {
    /// The variant's name in a report. It begins with the design's name.
    pub name: &'static str,
    /// What is measured, in one sentence.
    pub what: &'static str,
    /// Where `GET /me` looks up the user.
    pub asks: Asks,
    /// The variant's role in a report's argument.
    pub role: Role,
    /// Settings of the variant's server, as environment variables.
    pub settings: &'static [(&'static str, &'static str)],
    /// The parts of a report in which the variant is measured, besides the comparison of all variants.
    pub parts: &'static [Part],
}

/// Where `GET /me` looks up the user before it answers.
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

/// The role of a variant in a report's argument. Among all designs, one variant has each role, except `Other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The server looks up a session in Redis at each request.
    LookUp,
    /// The server checks each request by its signature alone, and cannot end the credential.
    Signed,
    /// The server checks each request by its signature alone, and a refresh token keeps the user logged in.
    SignedAndRefreshed,
    /// The server checks each request by its signature and also looks it up in Redis.
    SignedAndLookedUp,
    /// No role: the variant is measured beside the others.
    Other,
}

/// A part of a benchmark's report that measures only some of the variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// With access tokens of increasing size.
    Claims,
    /// With an increasing number of simultaneous connections.
    Crowd,
    /// With an increasing distance to the store.
    Distance,
    /// The cost of a million users.
    Scale,
    /// Whether the variant meets the project's targets.
    Targets,
}

impl Design {
    /// Whether the server accepts a request without a credential, as the baseline of every measurement does.
    pub fn is_baseline(&self) -> bool {
        self.credential == Credential::None
    }

    /// Whether the server stores a record for each login.
    pub fn has_sessions(&self) -> bool {
        self.state == State::Sessions
    }

    /// Whether an ordinary request asks the store.
    pub fn asks_store(&self) -> bool {
        self.variants.iter().all(|variant| variant.asks != Asks::Nothing)
    }
}
