//! `GET /lab`: what a server claims about itself, so that the checker can test each claim.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::config::LogInLimits;
use crate::csrf::Origins;
use crate::design::Design;
use crate::openapi::schema::{list, nullable, object, text, truth, whole};

/// The version of the labs' HTTP contract.
pub const CONTRACT: u32 = 1;

/// What a scheme claims about itself.
#[derive(Clone, Debug)]
pub struct Description {
    /// The design that the scheme implements.
    pub design: &'static Design,
    /// Where the state of its credentials is stored: `memory`, `redis`, or `none`.
    pub store: &'static str,
    /// The promises that the checker tests one by one.
    pub features: &'static [&'static str],
    /// Lifetime of an access token, if the scheme has them.
    pub access_ttl: Option<Duration>,
    /// Absolute lifetime of a session, whether its credential is a refresh token or a cookie.
    pub refresh_ttl: Option<Duration>,
    /// Lifetime of an unused session.
    pub idle_ttl: Option<Duration>,
    /// How long after a rotation the previous refresh token still gets the same answer.
    pub refresh_window: Option<Duration>,
}

/// The JSON document at `GET /lab`. Durations are whole seconds; a duration that the scheme does not have is `null`.
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
    /// The origins whose pages may use the server. They are no secret: any client can find out whether an origin is listed
    /// by sending it in `Origin`.
    origins: Vec<String>,
}

/// What a client may send, and how many wrong attempts it has.
#[derive(Debug, Serialize)]
struct Limits {
    #[serde(flatten)]
    log_in: LogInLimits,
    /// The shortest new password, in characters.
    password_min: usize,
}

impl Descriptor {
    /// The JSON Schema of this document, for the server's OpenAPI document.
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
