//! The design's description, for the tools.

use kit::design::{Asks, Credential, Design, Logout, Part, Role, Secret, State, StoreKind, Variant};
use lab3_access::design::SIGNING;

use crate::hybrid::router;
use crate::watched::watched;
use crate::words::WORDS;

/// The hybrid design: an access token and a refresh token.
pub static DESIGN: Design = Design {
    name: "hybrid",
    words: WORDS,
    credential: Credential::BearerAndRefresh,
    state: State::Sessions,
    stores: StoreKind::ALL,
    logout: Logout::AtExpiry,
    secrets: &[
        SIGNING,
        Secret {
            variable: "AUTHLAB_REFRESH_KEYS",
            is_set: |config| config.variables.has("AUTHLAB_REFRESH_KEYS"),
            warning: "refresh tokens are made from a random key and become invalid when this process ends; set AUTHLAB_REFRESH_KEYS",
        },
    ],
    variants: &[
        Variant {
            name: "hybrid",
            what: "a short-lived access token, checked by our own code without a store, and a refresh token",
            asks: Asks::Nothing,
            role: Role::SignedAndRefreshed,
            settings: &[],
            parts: &[Part::Claims, Part::Crowd, Part::Distance, Part::Scale, Part::Targets],
        },
        Variant {
            name: "hybrid+denylist",
            what: "the same, and each request asks Redis whether the session was ended",
            asks: Asks::Redis,
            role: Role::SignedAndLookedUp,
            settings: &[("AUTHLAB_LIVE_CHECK", "on")],
            parts: &[Part::Crowd, Part::Distance, Part::Scale],
        },
    ],
    page: "lab4-hybrid",
    browser_client: Some(crate::BROWSER_CLIENT),
    router: |config, clock, origins| Box::pin(async move { router(&config, clock, origins).await }),
    watched: Some(|watching| Box::pin(watched(watching))),
};
