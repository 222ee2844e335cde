//! What a server says of itself at `GET /lab`, or what a person says of a server that has no such route.
//!
//! The checker tests every claim and skips, visibly, what is not claimed. Reading is lenient, so that a server with a
//! faulty descriptor can still be judged: whether it is well-formed is a check of its own.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

/// One thing that a server claims to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Feature {
    /// The credential is a `__Host-session` cookie.
    SessionCookie,
    /// The credential is a signed access token, sent as a bearer token.
    AccessJwt,
    /// A refresh token comes with the access token.
    Refresh,
    /// Refresh tokens are rotated, and their reuse is detected.
    Rotation,
    /// `GET /auth/sessions` and `DELETE /auth/sessions/{id}`.
    SessionsList,
    /// `POST /auth/logout` knows `local`, `others` and `global`.
    Scopes,
    /// An ended session's credential is refused at once, everywhere.
    InstantRevocation,
    /// The public keys are published.
    Jwks,
    /// API keys for machines.
    ApiKeys,
    /// Log-in through an identity provider.
    Oauth,
    /// CORS with credentials for the origins that are listed in `/lab`.
    Cors,
}

impl Feature {
    /// Every feature of the contract, in its order.
    pub const ALL: [Feature; 11] = [
        Feature::SessionCookie,
        Feature::AccessJwt,
        Feature::Refresh,
        Feature::Rotation,
        Feature::SessionsList,
        Feature::Scopes,
        Feature::InstantRevocation,
        Feature::Jwks,
        Feature::ApiKeys,
        Feature::Oauth,
        Feature::Cors,
    ];

    /// The feature's name in `/lab` and in flags.
    pub const fn name(self) -> &'static str {
        match self {
            Feature::SessionCookie => "session-cookie",
            Feature::AccessJwt => "access-jwt",
            Feature::Refresh => "refresh",
            Feature::Rotation => "rotation",
            Feature::SessionsList => "sessions-list",
            Feature::Scopes => "scopes",
            Feature::InstantRevocation => "instant-revocation",
            Feature::Jwks => "jwks",
            Feature::ApiKeys => "api-keys",
            Feature::Oauth => "oauth",
            Feature::Cors => "cors",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no feature of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no feature of the contract: choose from {names}", names = Feature::ALL.map(Feature::name).join(", "))]
pub struct UnknownFeature(pub String);

impl FromStr for Feature {
    type Err = UnknownFeature;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Feature::ALL
            .into_iter()
            .find(|feature| feature.name() == name)
            .ok_or_else(|| UnknownFeature(name.to_owned()))
    }
}

/// How many failed log-ins and how many sign-ups a server takes, and in how long. `None`: the server does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Failures of one account from one address.
    pub failures_per_account_and_address: u32,
    /// Failures of one account from anywhere.
    pub failures_per_account: u32,
    /// Failures of any account from one address.
    pub failures_per_address: u32,
    /// Failures from a device that has logged in to the account before.
    pub failures_per_device: Option<u32>,
    /// Wrong passwords at a change, from one live session.
    pub failures_per_session: Option<u32>,
    /// Sign-ups from one address.
    pub sign_ups_per_address: Option<u32>,
    /// The window that they are counted in, in seconds.
    pub window_seconds: u64,
    /// The shortest new password, in characters, where the server says so.
    pub password_min: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            failures_per_account_and_address: 10,
            failures_per_account: 100,
            failures_per_address: 100,
            failures_per_device: None,
            failures_per_session: None,
            sign_ups_per_address: None,
            window_seconds: 15 * 60,
            password_min: None,
        }
    }
}

/// What a server claims. Times are in seconds; `None` where the scheme has no such thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Descriptor {
    /// The contract's version.
    pub contract: u64,
    /// The lab's name.
    pub lab: String,
    /// Where sessions live: `memory`, `redis` or another word.
    pub store: String,
    /// What is claimed; words that this checker does not know are left out.
    #[serde(deserialize_with = "known_features")]
    pub features: BTreeSet<Feature>,
    /// An access token's lifetime.
    pub access_ttl: Option<u64>,
    /// A refresh token's or session's absolute lifetime.
    pub refresh_ttl: Option<u64>,
    /// How long a session lives unused.
    pub idle_ttl: Option<u64>,
    /// How long a refresh token's predecessor is still answered.
    pub refresh_window: Option<u64>,
    /// The throttle's limits.
    pub limits: Limits,
    /// Whether the clock can be moved by `POST /lab/clock`.
    pub controls: bool,
    /// The origins whose pages may use the server.
    pub origins: Vec<String>,
    /// The server's own origin, where it is not the base URL's.
    pub origin: Option<String>,
}

impl Default for Descriptor {
    fn default() -> Self {
        Descriptor {
            contract: 1,
            lab: "unnamed".to_owned(),
            store: "unknown".to_owned(),
            features: BTreeSet::new(),
            access_ttl: None,
            refresh_ttl: None,
            idle_ttl: None,
            refresh_window: None,
            limits: Limits::default(),
            controls: false,
            origins: Vec::new(),
            origin: None,
        }
    }
}

impl Descriptor {
    /// Describes a server that has no `/lab`.
    pub fn described(lab: impl Into<String>, features: impl IntoIterator<Item = Feature>) -> Self {
        Descriptor { lab: lab.into(), features: features.into_iter().collect(), ..Descriptor::default() }
    }

    /// Whether the server claims this.
    pub fn claims(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }
}

fn known_features<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<Feature>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}
