//! The design's description, for the tools.

use kit::design::{Asks, Credential, Design, Logout, Part, Role, State, StoreKind, Variant};

use crate::session::router;
use crate::watched::watched;
use crate::words::WORDS;

/// The session design: a cookie, and a session record in a store.
pub static DESIGN: Design = Design {
    name: "session",
    words: WORDS,
    credential: Credential::Cookie { name: crate::session::COOKIE.name },
    state: State::Sessions,
    stores: StoreKind::ALL,
    logout: Logout::AtOnce,
    secrets: &[],
    variants: &[
        Variant {
            name: "session-memory",
            what: "a cookie whose session is in the server's memory: fast, and only for one server",
            asks: Asks::Memory,
            role: Role::Other,
            settings: &[],
            parts: &[],
        },
        Variant {
            name: "session-redis",
            what: "a cookie whose session each request reads from Redis",
            asks: Asks::Redis,
            role: Role::LookUp,
            settings: &[],
            parts: &[Part::Crowd, Part::Distance, Part::Scale, Part::Targets],
        },
    ],
    page: "lab2-session",
    browser_client: None,
    router: |config, clock, origins| Box::pin(async move { router(&config, clock, origins).await }),
    watched: Some(|watching| Box::pin(watched(watching))),
};
