//! What a client states about itself when it logs in.

use http::request::Parts;
use serde::{Deserialize, Serialize};

/// The kind of client that will store the credential, as the client states when it logs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientKind {
    /// A page in a browser: long-lived credentials are sent in an `HttpOnly` cookie.
    Web,
    /// An app: all credentials are sent in the body.
    #[default]
    Mobile,
}

impl ClientKind {
    /// The name in requests and responses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Mobile => "mobile",
        }
    }

    /// The kind of a client that does not state one: `Web` if a browser sent the request, otherwise `Mobile`. A page whose
    /// developer forgets to send `web` must not get a refresh token in the body, where any script can read it.
    ///
    /// Browsers add `Sec-Fetch-Site` and its siblings, which pages cannot set (Fetch Metadata §2). `Sec-Fetch-Mode` alone
    /// comes from the `fetch` of Node.js, which is not a browser.
    pub fn assumed(request: &Parts) -> Self {
        let of_browser = |name: &str| name.starts_with("sec-fetch-") && name != "sec-fetch-mode";
        let by_browser = request.headers.keys().any(|name| of_browser(name.as_str()));
        if by_browser { Self::Web } else { Self::Mobile }
    }
}

/// What a client states about itself when it logs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The kind of client that will store the credential.
    pub kind: ClientKind,
    /// A label for the list of sessions, chosen by the client, at most 64 characters.
    pub device: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_in_requests_are_those_of_the_contract() {
        assert_eq!([ClientKind::Web, ClientKind::Mobile].map(ClientKind::as_str), ["web", "mobile"]);
    }
}
