//! The one trait that the labs implement differently.
//!
//! An authentication scheme decides how a credential is **issued**, how it is **checked** and how it is **ended**.
//! Everything else (accounts, passwords, errors, limits, the server) is the same for every scheme, so this crate contains
//! it once and every lab is an implementation of [`Scheme`]. The difference between two labs *is* the lesson.

use std::fmt;
use std::future::Future;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, IntoResponseParts};
use http::request::Parts;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::accounts::{Email, Ending, User};
use crate::descriptor::Description;
use crate::error::Error;
use crate::keyring::HeldKeys;
use crate::marker::Marked;
use crate::openapi::schema::{nullable, object, text, uuid};
use crate::state::App;

/// How a credential is issued, checked and ended.
///
/// Implementations write plain `async fn`. They do not handle passwords: the kit has checked the password (and the
/// request's origin, for browsers) before it calls [`issue`](Scheme::issue).
pub trait Scheme: Clone + Send + Sync + 'static {
    /// What the response to a login contains: `Json<Body>`, or cookies and `Json<Body>`.
    type Issued: IntoResponse + Send;
    /// What the response to a logout contains: cleared cookies, or `()`.
    type Ended: IntoResponseParts + Send;

    /// What this server claims about itself at `GET /lab`; the checker tests every claim.
    fn describe(&self) -> Description;

    /// The keys of this scheme, by their numbers, for the log and the metrics. A scheme without keys keeps this default.
    fn held_keys(&self) -> Vec<HeldKeys> {
        Vec::new()
    }

    /// The store whose marker the accounts remember, so that the server refuses a store that is empty, older or a different
    /// one. A scheme without a store, or whose store ends with this process, keeps this default.
    fn marked(&self) -> Option<Marked> {
        None
    }

    /// Whether the kit [confirms](Scheme::confirm) every request, and not only those that read or change sessions or the
    /// account. Then an ended credential is refused everywhere from that moment on.
    fn live_check(&self) -> bool {
        false
    }

    /// Issues a credential to a user who has just proven their identity.
    ///
    /// Never adopts an identifier that the client sent (session fixation, OWASP ASVS 7.2.4), and ends the session whose
    /// cookie the request contains.
    ///
    /// # Errors
    /// [`Error::StoreAhead`] when the store knows a greater epoch than `user`'s: either the epoch was raised after `user`
    /// was read, or the accounts' database is behind the store. Also when the store is unavailable.
    fn issue(
        &self,
        request: &Parts,
        user: &User,
        client: &Client,
    ) -> impl Future<Output = Result<Self::Issued, Error>> + Send;

    /// Identifies the user who sent this request, or refuses the request. This is the hot path of every design.
    ///
    /// # Errors
    /// The request contains no credential or one that is refused, it is malformed or cross-site, or the store is
    /// unavailable.
    fn authenticate(&self, request: &Parts) -> impl Future<Output = Result<Principal, Error>> + Send;

    /// Checks that a principal's credential has not been ended, and returns the client that it was issued to. Used by the
    /// routes that read or change sessions or the account. `user` is the account's row as it is now. A scheme whose
    /// `authenticate` already asks its store, or that has no store to ask, keeps this default.
    ///
    /// # Errors
    /// The credential has been ended, or the store is unavailable.
    fn confirm(
        &self,
        _principal: &Principal,
        _user: &User,
    ) -> impl Future<Output = Result<Client, Error>> + Send {
        async { Ok(Client::default()) }
    }

    /// Ends the credential that the request presents, and nothing else. Succeeds whatever that credential's state is: a
    /// user who logs out twice has logged out.
    ///
    /// # Errors
    /// The request is malformed or cross-site, or the store is unavailable.
    fn end(
        &self,
        request: &Parts,
        log_out: &LogOut,
    ) -> impl Future<Output = Result<Self::Ended, Error>> + Send;

    /// Ends every other credential of the principal's account; the presenting one stays valid.
    ///
    /// # Errors
    /// The principal has no session in a scheme with sessions, or the store is unavailable.
    fn end_others(&self, principal: &Principal) -> impl Future<Output = Result<Self::Ended, Error>> + Send;

    /// Ends every credential of an account that was issued under an earlier epoch, as far as this scheme can. The kit has
    /// deleted the account's row or raised its epoch before it calls this, so the ending is in force already, and no client
    /// is told of a failure here. The kit remembers the ending and calls again until this succeeds, perhaps twice at the
    /// same time, and perhaps after a restart of the server.
    ///
    /// # Errors
    /// [`Error::StoreAhead`] when the store knows a greater epoch; then nothing has been ended. Also when the store is
    /// unavailable.
    fn end_all(&self, ending: &Ending) -> impl Future<Output = Result<(), Error>> + Send;

    /// Cleared cookies that make the client forget its credentials of this account, for the response to a call that ended
    /// all of them. `request` is the request that asked for it, and may contain several cookies.
    fn forgotten(&self, request: &Parts, user_id: Uuid) -> Self::Ended;

    /// Checks that the stores which this scheme needs answer.
    ///
    /// # Errors
    /// The message names the part that does not work.
    fn ready(&self) -> impl Future<Output = Result<(), NotReady>> + Send {
        async { Ok(()) }
    }
}

/// The user who sent a request. A handler that takes one as an argument is protected by its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// The account's id.
    pub user_id: Uuid,
    /// The account's e-mail address at the time when the credential was issued.
    pub email: String,
    /// The session's public id, if the scheme has sessions. It is not secret and authenticates nothing.
    pub session_id: Option<Uuid>,
    /// The account's epoch when the credential was issued, if the scheme promises that an ended credential is refused at
    /// once. The kit compares it with endings that the scheme's store does not know of yet. Never sent to a client.
    #[serde(skip)]
    pub epoch: Option<u64>,
}

impl Principal {
    /// The principal's JSON Schema, for the server's OpenAPI document.
    pub(crate) fn shape() -> Value {
        object([("user_id", uuid()), ("email", text(3, 254)), ("session_id", nullable(uuid()))])
    }
}

impl<S: Scheme> FromRequestParts<App<S>> for Principal {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App<S>) -> Result<Self, Error> {
        if app.scheme.live_check() {
            return Ok(Confirmed::from_request_parts(parts, app).await?.principal);
        }
        let principal = app.scheme.authenticate(parts).await?;
        app.endings.refuse_ended(&principal)?;
        Ok(principal)
    }
}

/// A principal whose account exists and whose credential has not been ended, both read from the stores during this request.
/// The routes that read or change sessions or the account take this one.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The user who sent the request.
    pub principal: Principal,
    /// The user's account, as it is now.
    pub user: User,
    /// The client that the credential was issued to, so that a replacement is issued for the same kind of client.
    pub client: Client,
}

impl<S: Scheme> FromRequestParts<App<S>> for Confirmed {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App<S>) -> Result<Self, Error> {
        let principal = app.scheme.authenticate(parts).await?;
        let user =
            app.accounts.find(principal.user_id).await?.ok_or(Error::InvalidToken("its account is gone"))?;
        // The row is the authority: a store that does not know of an ending yet would accept the credential.
        if principal.epoch.is_some_and(|epoch| epoch < user.epoch) {
            return Err(Error::InvalidToken("its session has ended"));
        }
        let client = app.scheme.confirm(&principal, &user).await?;
        Ok(Self { principal, user, client })
    }
}

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

/// What a logout request contains about the presenting credential besides its headers.
#[derive(Clone, Debug, Default)]
pub struct LogOut {
    /// The refresh token, if the client does not keep it in a cookie.
    pub refresh_token: Option<SecretString>,
}

/// The sessions that a logout ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The presenting session.
    #[default]
    Local,
    /// All sessions of the account except the presenting one.
    Others,
    /// All sessions of the account.
    Global,
}

impl Scope {
    /// The name in requests and responses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Others => "others",
            Self::Global => "global",
        }
    }
}

/// A part that the server needs and that does not work. Any client can read the text at `/health/ready`, so it contains a
/// name and a plain description and nothing internal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// The failing part, such as `redis`.
    pub part: &'static str,
    /// What is wrong with the part, in words for an operator.
    pub problem: String,
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.problem)
    }
}

impl User {
    /// A user without an account, for the credentials of the baseline design and of unit tests.
    pub fn sample() -> Self {
        Self { id: Uuid::from_u128(1), email: Email::sample(), epoch: 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_principal_has_the_members_that_the_document_tells_of() {
        let user = User::sample();
        let principal =
            Principal { user_id: user.id, email: user.email.as_str().into(), session_id: None, epoch: None };
        let told = serde_json::to_value(&principal).unwrap();
        let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(members(&told), members(&Principal::shape()["properties"]));
        assert_eq!(members(&told), BTreeSet::from(["email", "session_id", "user_id"].map(String::from)));
    }

    #[test]
    fn names_on_the_wire_are_those_of_the_contract() {
        assert_eq!([ClientKind::Web, ClientKind::Mobile].map(ClientKind::as_str), ["web", "mobile"]);
        let scopes = [Scope::Local, Scope::Others, Scope::Global];
        assert_eq!(scopes.map(Scope::as_str), ["local", "others", "global"]);
    }

    #[test]
    fn what_is_not_ready_is_told_by_name() {
        let redis = NotReady { part: "redis", problem: "no answer".into() };
        assert_eq!(redis.to_string(), "redis: no answer");
    }
}
