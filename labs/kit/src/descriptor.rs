//! `GET /lab`: what a server says of itself, so that the checker can hold it to its word.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::config::LogInLimits;
use crate::csrf::Origins;
use crate::design::Design;
use crate::openapi::schema::{list, nullable, object, text, truth, whole};

/// The version of the HTTP contract that the labs speak.
pub const CONTRACT: u32 = 1;

/// What a scheme says of itself.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its design.
    pub design: &'static Design,
    /// Where its credentials' state lives: `memory`, `redis`, or `none`.
    pub store: &'static str,
    /// The promises that the checker tests one by one.
    pub features: &'static [&'static str],
    /// How long an access token is good for, where there is one.
    pub access_ttl: Option<Duration>,
    /// How long a refresh token's session, or a cookie's session, lives at most.
    pub refresh_ttl: Option<Duration>,
    /// How long it lives unused.
    pub idle_ttl: Option<Duration>,
    /// How long after a rotation the token before it still gets the same answer.
    pub refresh_window: Option<Duration>,
}

/// The document. Durations are whole seconds; a scheme without one says `null`.
#[derive(Debug, Serialize)]
pub(crate) struct Descriptor {
    contract: u32,
    lab: &'static str,
    store: &'static str,
    features: Vec<&'static str>,
    access_ttl: Option<u64>,
    refresh_ttl: Option<u64>,
    idle_ttl: Option<u64>,
    refresh_window: Option<u64>,
    limits: Limits,
    controls: bool,
    /// Whose pages may use the server. Any client can learn them by asking with one in `Origin`, so this is no secret.
    origins: Vec<String>,
}

/// What a client may send, and how often it may be wrong.
#[derive(Debug, Serialize)]
struct Limits {
    #[serde(flatten)]
    log_in: LogInLimits,
    /// The shortest new password, in characters.
    password_min: usize,
}

impl Descriptor {
    /// Its shape, for the server's document.
    pub(crate) fn shape() -> Value {
        let limits = [
            "failures_per_account_and_address",
            "failures_per_account",
            "failures_per_address",
            "failures_per_device",
            "failures_per_session",
            "sign_ups_per_address",
            "window_seconds",
            "password_min",
        ];
        let seconds = || nullable(whole());
        object([
            ("contract", whole()),
            ("lab", text(1, 32)),
            ("store", text(1, 32)),
            ("features", list(text(1, 32))),
            ("access_ttl", seconds()),
            ("refresh_ttl", seconds()),
            ("idle_ttl", seconds()),
            ("refresh_window", seconds()),
            ("limits", object(limits.map(|name| (name, whole())))),
            ("controls", truth()),
            ("origins", list(text(1, 512))),
        ])
    }

    pub(crate) fn new(
        description: Description,
        log_in: LogInLimits,
        password_min: usize,
        controls: bool,
        origins: &Origins,
    ) -> Self {
        let cors = origins.are_configured().then_some("cors");
        let seconds = |ttl: Option<Duration>| ttl.map(|ttl| ttl.as_secs());
        Self {
            contract: CONTRACT,
            lab: description.design.name,
            store: description.store,
            features: description.features.iter().copied().chain(cors).collect(),
            access_ttl: seconds(description.access_ttl),
            refresh_ttl: seconds(description.refresh_ttl),
            idle_ttl: seconds(description.idle_ttl),
            refresh_window: seconds(description.refresh_window),
            limits: Limits { log_in, password_min },
            controls,
            origins: origins.iter().map(str::to_owned).collect(),
        }
    }
}
