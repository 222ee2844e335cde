//! A scheme of any type.
//!
//! The routes, the extractors and the background work call this trait instead of [`Scheme`], so they are compiled once in
//! this crate and not once more in each lab. A call costs an allocation for its future: some ten nanoseconds of a request's
//! ten thousand.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use serde_json::Value;
use uuid::Uuid;

use crate::accounts::{Ending, User};
use crate::body::{Fields, FromFields};
use crate::boxed::Boxed;
use crate::client::Client;
use crate::descriptor::Description;
use crate::error::Error;
use crate::keyring::HeldKeys;
use crate::log_out::LogOutRequest;
use crate::marker::Marked;
use crate::not_ready::NotReady;
use crate::openapi::schema::body;
use crate::scheme::{Principal, Scheme};
use crate::scope::Scope;

/// [`Scheme`] for schemes whose type is not known, with responses instead of the scheme's own types.
pub(crate) trait AnyScheme: Send + Sync {
    fn describe(&self) -> Description;
    fn held_keys(&self) -> Vec<HeldKeys>;
    fn marked(&self) -> Option<Marked>;
    fn live_check(&self) -> bool;
    fn issue<'a>(
        &'a self,
        request: &'a Parts,
        user: &'a User,
        client: &'a Client,
    ) -> Boxed<'a, Result<Response, Error>>;
    fn authenticate<'a>(&'a self, request: &'a Parts) -> Boxed<'a, Result<Principal, Error>>;
    fn confirm<'a>(&'a self, principal: &'a Principal, user: &'a User) -> Boxed<'a, Result<Client, Error>>;
    fn end_others<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, Result<Response, Error>>;
    fn end_all<'a>(&'a self, ending: &'a Ending) -> Boxed<'a, Result<(), Error>>;
    fn forgotten(&self, request: &Parts, user_id: Uuid) -> Response;
    fn ready(&self) -> Boxed<'_, Result<(), NotReady>>;

    /// Reads a logout from the fields of its body.
    fn log_out(&self, fields: &mut Fields) -> Option<AskedLogOut>;
    /// The JSON Schema of a logout's body.
    fn log_out_shape(&self) -> Value;
}

/// A logout as its body asks for it.
pub(crate) struct AskedLogOut {
    /// Which sessions it ends.
    pub(crate) scope: Scope,
    /// Ends the presenting session.
    pub(crate) local: Box<dyn EndPresented>,
}

/// A scheme with its own members of a logout's body.
pub(crate) trait EndPresented: Send + Sync {
    /// Ends the credential that the request presents; see [`Scheme::end`].
    fn end<'a>(&'a self, request: &'a Parts) -> Boxed<'a, Result<Response, Error>>;
}

struct Local<S: Scheme> {
    scheme: S,
    own: S::LogOut,
}

impl<S: Scheme> EndPresented for Local<S> {
    fn end<'a>(&'a self, request: &'a Parts) -> Boxed<'a, Result<Response, Error>> {
        Box::pin(async { self.scheme.end(request, &self.own).await.map(ended::<S>) })
    }
}

impl<S: Scheme> AnyScheme for S {
    fn describe(&self) -> Description {
        Scheme::describe(self)
    }

    fn held_keys(&self) -> Vec<HeldKeys> {
        Scheme::held_keys(self)
    }

    fn marked(&self) -> Option<Marked> {
        Scheme::marked(self)
    }

    fn live_check(&self) -> bool {
        Scheme::live_check(self)
    }

    fn issue<'a>(
        &'a self,
        request: &'a Parts,
        user: &'a User,
        client: &'a Client,
    ) -> Boxed<'a, Result<Response, Error>> {
        Box::pin(async { Scheme::issue(self, request, user, client).await.map(S::Issued::into_response) })
    }

    fn authenticate<'a>(&'a self, request: &'a Parts) -> Boxed<'a, Result<Principal, Error>> {
        Box::pin(Scheme::authenticate(self, request))
    }

    fn confirm<'a>(&'a self, principal: &'a Principal, user: &'a User) -> Boxed<'a, Result<Client, Error>> {
        Box::pin(Scheme::confirm(self, principal, user))
    }

    fn end_others<'a>(&'a self, principal: &'a Principal) -> Boxed<'a, Result<Response, Error>> {
        Box::pin(async { Scheme::end_others(self, principal).await.map(ended::<S>) })
    }

    fn end_all<'a>(&'a self, ending: &'a Ending) -> Boxed<'a, Result<(), Error>> {
        Box::pin(Scheme::end_all(self, ending))
    }

    fn forgotten(&self, request: &Parts, user_id: Uuid) -> Response {
        ended::<S>(Scheme::forgotten(self, request, user_id))
    }

    fn ready(&self) -> Boxed<'_, Result<(), NotReady>> {
        Box::pin(Scheme::ready(self))
    }

    fn log_out(&self, fields: &mut Fields) -> Option<AskedLogOut> {
        let LogOutRequest { scope, own } = LogOutRequest::<S::LogOut>::from_fields(fields)?;
        Some(AskedLogOut { scope, local: Box::new(Local { scheme: self.clone(), own }) })
    }

    fn log_out_shape(&self) -> Value {
        body::<LogOutRequest<S::LogOut>>()
    }
}

/// The response to a call that ended sessions.
fn ended<S: Scheme>(parts: S::Ended) -> Response {
    (StatusCode::NO_CONTENT, parts, ()).into_response()
}
