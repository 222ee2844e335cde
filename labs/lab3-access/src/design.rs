//! The design's description, for the tools.

use kit::design::{Asks, Credential, Design, Logout, Part, Role, Secret, State, Variant};

use crate::access::router;
use crate::words::WORDS;

/// The design with an access token as the only credential.
pub static DESIGN: Design = Design {
    name: "access",
    words: WORDS,
    credential: Credential::Bearer,
    state: State::Stateless,
    stores: &[],
    logout: Logout::AtExpiry,
    secrets: &[SIGNING],
    variants: &[Variant {
        name: "access",
        what: "a signed access token (HS256) without a session, checked by a library",
        asks: Asks::Nothing,
        role: Role::Signed,
        settings: &[],
        parts: &[Part::Claims],
    }],
    page: "lab3-access",
    browser_client: None,
    router: |config, clock, origins| Box::pin(async move { router(&config, clock, origins).await }),
    watched: None,
};

/// The setting with the keys that sign access tokens.
pub const SIGNING: Secret = Secret {
    variable: "AUTHLAB_ACCESS_KEYS",
    is_set: |config| config.access_keys.is_some(),
    warning: "access tokens are signed with a random key and become invalid when this process ends; set AUTHLAB_ACCESS_KEYS",
};
