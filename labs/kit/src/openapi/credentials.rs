//! The OpenAPI description of a design's credential: what a login issues, and how the client sends it back.

use serde_json::{Map, Value, json};

use super::schema::{constant, object, optional, text, truth, uuid, whole};
use crate::design::Credential;
use crate::scheme::Principal;

impl Credential {
    pub(super) fn is_cookie(self) -> bool {
        matches!(self, Self::Cookie { .. })
    }

    /// The JSON Schema of a response body that issues the credential.
    pub(super) fn issued(self) -> Value {
        let token = [
            ("token_type", constant("Bearer")),
            ("access_token", text(1, 4096)),
            ("expires_in", whole()),
            ("user_id", uuid()),
        ];
        match self {
            Self::None => Principal::shape(),
            Self::Cookie { .. } => object([("user_id", uuid()), ("email", text(3, 254))]),
            Self::Bearer => object(token),
            Self::BearerAndRefresh => {
                let session = [("refresh_expires_in", whole()), ("session_id", uuid())];
                let body = optional(object(token.into_iter().chain(session)), "refresh_token", text(1, 4096));
                optional(body, "refresh_kept", truth())
            }
        }
    }

    /// The security schemes that the document's operations refer to.
    pub(super) fn security_schemes(self, cookies: impl Iterator<Item = &'static str>) -> Value {
        let cookie = |name: &str| json!({ "type": "apiKey", "in": "cookie", "name": name });
        let mut schemes: Map<String, Value> = cookies.map(|name| (name.to_owned(), cookie(name))).collect();
        match self {
            Self::None => {}
            Self::Cookie { name } => {
                schemes.insert(self.name().to_owned(), cookie(name));
            }
            Self::Bearer | Self::BearerAndRefresh => {
                let bearer = json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" });
                schemes.insert(self.name().to_owned(), bearer);
            }
        }
        schemes.into()
    }

    /// The security requirement that only this credential meets.
    pub(super) fn requirement(self) -> Value {
        match self {
            Self::None => json!({}),
            Self::Cookie { .. } | Self::Bearer | Self::BearerAndRefresh => json!({ self.name(): [] }),
        }
    }

    fn name(self) -> &'static str {
        if self.is_cookie() { "session" } else { "access-token" }
    }
}
