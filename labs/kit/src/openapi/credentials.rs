//! What the three designs hand out at a log-in, and how it comes back: the contract's words for it, chosen by what a
//! server claims of itself.

use serde_json::{Map, Value, json};

use super::schema::{constant, object, optional, text, truth, uuid, whole};
use crate::descriptor::Claims;
use crate::scheme::Principal;

/// The credential of a design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    /// None: the baseline lets everybody in.
    None,
    /// A cookie that names a session.
    Session,
    /// An access token.
    Access,
    /// An access token, and a refresh token in the body or in a cookie.
    Both,
}

impl Credential {
    /// What a server that claims this hands out.
    pub(super) fn of(claims: &Claims) -> Self {
        let claimed = |feature| claims.features.contains(&feature);
        match (claimed("session-cookie"), claimed("access-jwt"), claimed("refresh")) {
            (true, _, _) => Self::Session,
            (_, true, true) => Self::Both,
            (_, true, false) => Self::Access,
            _ => Self::None,
        }
    }

    pub(super) fn is_cookie(self) -> bool {
        self == Self::Session
    }

    /// The body of an answer that carries it.
    pub(super) fn issued(self) -> Value {
        let token = [
            ("token_type", constant("Bearer")),
            ("access_token", text(1, 4096)),
            ("expires_in", whole()),
            ("user_id", uuid()),
        ];
        match self {
            Self::None => Principal::shape(),
            Self::Session => object([("user_id", uuid()), ("email", text(3, 254))]),
            Self::Access => object(token),
            Self::Both => {
                let session = [("refresh_expires_in", whole()), ("session_id", uuid())];
                let body = optional(object(token.into_iter().chain(session)), "refresh_token", text(1, 4096));
                optional(body, "refresh_kept", truth())
            }
        }
    }

    /// The schemes that the document's operations name.
    pub(super) fn security_schemes(self, cookies: impl Iterator<Item = &'static str>) -> Value {
        let cookie = |name: &str| json!({ "type": "apiKey", "in": "cookie", "name": name });
        let mut schemes: Map<String, Value> = cookies.map(|name| (name.to_owned(), cookie(name))).collect();
        match self {
            Self::None => {}
            Self::Session => {
                schemes.insert(self.name().to_owned(), cookie("__Host-session"));
            }
            Self::Access | Self::Both => {
                let bearer = json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" });
                schemes.insert(self.name().to_owned(), bearer);
            }
        }
        schemes.into()
    }

    /// The requirement that only it meets.
    pub(super) fn requirement(self) -> Value {
        match self {
            Self::None => json!({}),
            Self::Session | Self::Access | Self::Both => json!({ self.name(): [] }),
        }
    }

    fn name(self) -> &'static str {
        if self.is_cookie() { "session" } else { "access-token" }
    }
}
