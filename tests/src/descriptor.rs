//! What a server claims at `GET /lab`, or what the user states about a server without that endpoint.
//!
//! The checker tests every claim and reports unclaimed features as skipped. Reading is lenient, so that a server with a
//! faulty descriptor can still be checked: a separate check verifies that it is well-formed.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

/// A feature that a server claims to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Feature {
    /// The credential is a `__Host-session` cookie.
    SessionCookie,
    /// The credential is a signed access token, sent as a bearer token.
    AccessJwt,
    /// The server issues a refresh token together with the access token.
    Refresh,
    /// Refresh tokens are rotated, and their reuse is detected.
    Rotation,
    /// The server has `GET /auth/sessions` and `DELETE /auth/sessions/{id}`.
    SessionsList,
    /// `POST /auth/logout` supports the scopes `local`, `others` and `global`.
    Scopes,
    /// The credential of an ended session is refused at once by every endpoint.
    InstantRevocation,
    /// The server publishes its public keys.
    Jwks,
    /// The server supports API keys for machines.
    ApiKeys,
    /// Users can log in through an identity provider.
    Oauth,
    /// The server allows CORS with credentials for the origins that are listed in `/lab`.
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

/// A name that is not a feature of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a feature of the contract: choose from {names}", names = Feature::ALL.map(Feature::name).join(", "))]
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

/// How many failed logins and how many signups a server allows per time window. `None`: the server does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Failures for one account from one address.
    pub failures_per_account_and_address: u32,
    /// Failures for one account from all addresses.
    pub failures_per_account: u32,
    /// Failures for all accounts from one address.
    pub failures_per_address: u32,
    /// Failures from a device that has logged in to the account before.
    pub failures_per_device: Option<u32>,
    /// Wrong passwords in attempts to change the password, from one live session.
    pub failures_per_session: Option<u32>,
    /// Signups from one address.
    pub sign_ups_per_address: Option<u32>,
    /// The length of the time window, in seconds.
    pub window_seconds: u64,
    /// The shortest new password, in characters; `None` if the server does not say.
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

/// The claims of a server. Times are in seconds; `None` if the scheme does not have the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Descriptor {
    /// The version of the contract.
    pub contract: u64,
    /// The name of the lab.
    pub lab: String,
    /// Where sessions are stored: `memory`, `redis` or another word.
    pub store: String,
    /// The claimed features; names that this checker does not know are left out.
    #[serde(deserialize_with = "known_features")]
    pub features: BTreeSet<Feature>,
    /// The lifetime of an access token.
    pub access_ttl: Option<u64>,
    /// The absolute lifetime of a refresh token or session.
    pub refresh_ttl: Option<u64>,
    /// How long a session may be idle before it ends.
    pub idle_ttl: Option<u64>,
    /// How long the predecessor of a refresh token is still accepted.
    pub refresh_window: Option<u64>,
    /// The throttle's limits.
    pub limits: Limits,
    /// Whether the clock can be moved by `POST /lab/clock`.
    pub controls: bool,
    /// The origins whose pages may use the server.
    pub origins: Vec<String>,
    /// The server's own origin, if it is not that of the base URL.
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
    /// Describes a server that has no `/lab` endpoint.
    pub fn described(lab: impl Into<String>, features: impl IntoIterator<Item = Feature>) -> Self {
        Descriptor { lab: lab.into(), features: features.into_iter().collect(), ..Descriptor::default() }
    }

    /// Whether the server claims this feature.
    pub fn claims(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }
}

fn known_features<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<Feature>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}
