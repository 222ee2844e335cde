//! The one trait that the labs implement differently.
//!
//! An authentication scheme decides how a credential is **issued**, how it is **checked** and how it is **ended**.
//! Everything else (accounts, passwords, errors, limits, the server) is the same for every scheme, so this crate contains
//! it once and every lab is an implementation of [`Scheme`]. The difference between two labs *is* the lesson.

use std::future::Future;

use axum::response::{IntoResponse, IntoResponseParts};
use http::request::Parts;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::accounts::{Ending, User};
use crate::body::FromFields;
use crate::client::Client;
use crate::descriptor::Description;
use crate::error::Error;
use crate::keyring::HeldKeys;
use crate::marker::Marked;
use crate::not_ready::NotReady;
use crate::openapi::schema::{nullable, object, text, uuid};

/// How a credential is issued, checked and ended.
///
/// Implementations write plain `async fn`. They do not handle passwords: the kit has checked the password (and the
/// request's origin, for browsers) before it calls [`issue`](Scheme::issue).
pub trait Scheme: Clone + Send + Sync + 'static {
    /// What the response to a login contains: `Json<Body>`, or cookies and `Json<Body>`.
    type Issued: IntoResponse + Send;
    /// What the response to a logout contains: cleared cookies, or `()`.
    type Ended: IntoResponseParts + Send;
    /// The members of a logout's body that only this scheme has: `()` if it has none.
    type LogOut: FromFields + Send + Sync;

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
        log_out: &Self::LogOut,
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
}
