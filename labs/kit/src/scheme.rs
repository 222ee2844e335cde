//! The one question that the labs answer differently.
//!
//! An authentication scheme says how a credential is **issued**, how it is **checked** and how it is **ended**.
//! Everything else (accounts, passwords, errors, limits, the server) is the same whatever the answer, so it lives in
//! this crate once and every lab is an implementation of [`Scheme`]. The difference between two labs *is* the lesson.

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
/// Implementations write plain `async fn`. None of them is asked about passwords: the kit has checked the password (and
/// the request's origin, for browsers) before it calls [`issue`](Scheme::issue).
pub trait Scheme: Clone + Send + Sync + 'static {
    /// What the answer to a log-in carries: `Json<Body>`, or cookies and `Json<Body>`.
    type Issued: IntoResponse + Send;
    /// What the answer to a log-out carries: cleared cookies, or `()`.
    type Ended: IntoResponseParts + Send;

    /// What this server says of itself at `GET /lab`; every claim is tested by the checker.
    fn describe(&self) -> Description;

    /// The keys that this scheme holds, by their numbers, for the log and the metrics. A scheme without keys keeps this
    /// default.
    fn held_keys(&self) -> Vec<HeldKeys> {
        Vec::new()
    }

    /// The store whose marker the accounts keep, so that one that is empty, older or another is not believed. A scheme
    /// without a store, or with one that ends with this process, keeps this default.
    fn marked(&self) -> Option<Marked> {
        None
    }

    /// Whether every request is [confirmed](Scheme::confirm), and not only those that read or change sessions or the
    /// account: what was ended then opens nothing from that moment on.
    fn live_check(&self) -> bool {
        false
    }

    /// Makes a credential for a user who has just proven who they are.
    ///
    /// Never adopts an identifier that the client sent (session fixation, OWASP ASVS 7.2.4), and ends the session whose
    /// cookie came along with the request. Fails with [`Error::StoreAhead`] when the store knows a greater epoch than
    /// `user`'s: either it was raised after `user` was read, or the accounts' database is behind the store.
    fn issue(
        &self,
        request: &Parts,
        user: &User,
        client: &Client,
    ) -> impl Future<Output = Result<Self::Issued, Error>> + Send;

    /// Says who sent this request, or refuses it. This is the hot path of every design.
    fn authenticate(&self, request: &Parts) -> impl Future<Output = Result<Principal, Error>> + Send;

    /// Makes sure that a principal's credential has not been ended, for the routes that read or change sessions or the
    /// account, and says for what client it was made. `user` is the account's row as it is now. A scheme whose
    /// `authenticate` asks its store already, and one that has no store to ask, keep this default.
    fn confirm(
        &self,
        _principal: &Principal,
        _user: &User,
    ) -> impl Future<Output = Result<Client, Error>> + Send {
        async { Ok(Client::default()) }
    }

    /// Ends the credential that the request presents, and nothing else. Succeeds whatever that credential's state is:
    /// a person who logs out twice has logged out.
    fn end(
        &self,
        request: &Parts,
        log_out: &LogOut,
    ) -> impl Future<Output = Result<Self::Ended, Error>> + Send;

    /// Ends every other credential of the principal's account; the presenting one lives on.
    fn end_others(&self, principal: &Principal) -> impl Future<Output = Result<Self::Ended, Error>> + Send;

    /// Ends every credential of an account that was issued under an earlier epoch, as far as this scheme can. The account's
    /// row has been deleted, or its epoch raised, before this is called: what the ending says is true already. So no
    /// client is told of a failure here. The kit remembers the ending and calls again until this succeeds, perhaps twice at
    /// once, and perhaps after the server was restarted. Fails with [`Error::StoreAhead`], and has ended nothing, when the store
    /// knows a greater epoch.
    fn end_all(&self, ending: &Ending) -> impl Future<Output = Result<(), Error>> + Send;

    /// What makes the client forget its credentials of this account, for the answer to a call that ended all of them: cleared
    /// cookies. `request` is the one that asked for it, and may show several.
    fn forgotten(&self, request: &Parts, user_id: Uuid) -> Self::Ended;

    /// Whether the stores that this scheme needs answer; the message names the part that does not.
    fn ready(&self) -> impl Future<Output = Result<(), NotReady>> + Send {
        async { Ok(()) }
    }
}

/// Who sent a request. A handler that takes one as an argument is protected by its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// The account.
    pub user_id: Uuid,
    /// The account's address as it was when the credential was made.
    pub email: String,
    /// The session's public name, where the scheme has sessions. It is no secret and opens nothing.
    pub session_id: Option<Uuid>,
    /// The account's epoch when the credential was made, where the scheme promises that an ended credential is refused at
    /// once. The kit compares it with endings that the scheme's store has not been told of yet. Shown to no client.
    #[serde(skip)]
    pub epoch: Option<u64>,
}

impl Principal {
    /// Its shape, for the server's document.
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

/// A principal whose account exists and whose credential has not been ended, both asked of the stores just now. The
/// routes that read or change sessions or the account take this one.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// Who sent the request.
    pub principal: Principal,
    /// Their account, as it is now.
    pub user: User,
    /// The client that the credential was made for, so that one that takes its place goes to the same kind.
    pub client: Client,
}

impl<S: Scheme> FromRequestParts<App<S>> for Confirmed {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App<S>) -> Result<Self, Error> {
        let principal = app.scheme.authenticate(parts).await?;
        let user =
            app.accounts.find(principal.user_id).await?.ok_or(Error::InvalidToken("its account is gone"))?;
        // The row is the authority. A store that has not been told of an ending yet would let the credential pass.
        if principal.epoch.is_some_and(|epoch| epoch < user.epoch) {
            return Err(Error::InvalidToken("its session has ended"));
        }
        let client = app.scheme.confirm(&principal, &user).await?;
        Ok(Self { principal, user, client })
    }
}

/// Where the credential is going to live, as the client says of itself when it logs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientKind {
    /// A page in a browser: long-lived credentials go into an `HttpOnly` cookie.
    Web,
    /// An app: everything goes into the body.
    #[default]
    Mobile,
}

impl ClientKind {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Mobile => "mobile",
        }
    }

    /// The kind of a client that does not name its own: a page's if a browser sent the request, an app's otherwise. A
    /// page whose author forgets to say `web` must not find a refresh token in the body, where any script reads it.
    ///
    /// Browsers add `Sec-Fetch-Site` and its siblings, which no page can write (Fetch Metadata §2). `Sec-Fetch-Mode`
    /// alone is the `fetch` of Node.js, and no browser.
    pub fn assumed(request: &Parts) -> Self {
        let of_browser = |name: &str| name.starts_with("sec-fetch-") && name != "sec-fetch-mode";
        let by_browser = request.headers.keys().any(|name| of_browser(name.as_str()));
        if by_browser { Self::Web } else { Self::Mobile }
    }
}

/// What a client says of itself when it logs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Where the credential will live.
    pub kind: ClientKind,
    /// A free label for the list of sessions, at most 64 characters.
    pub device: Option<String>,
}

/// What a log-out for the presenting credential may carry besides the request's headers.
#[derive(Clone, Debug, Default)]
pub struct LogOut {
    /// The refresh token, from a client that keeps it outside a cookie.
    pub refresh_token: Option<SecretString>,
}

/// Which sessions a log-out ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The presenting one.
    #[default]
    Local,
    /// All but the presenting one.
    Others,
    /// All of the account's.
    Global,
}

impl Scope {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Others => "others",
            Self::Global => "global",
        }
    }
}

/// A part that a server needs and that does not answer. The text goes to whoever asks `/health/ready`: a name and a
/// plain word, nothing internal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// The failing part, such as `redis`.
    pub part: &'static str,
    /// What is wrong with it, in words for an operator.
    pub problem: String,
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.problem)
    }
}

impl User {
    /// A user who exists nowhere: the baseline design and unit tests issue credentials to them.
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
