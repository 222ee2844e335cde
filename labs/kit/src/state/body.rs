//! The request body as an extractor, within the limits of the server.

use axum::extract::{FromRequest, Request};

use super::App;
use crate::body::{Body, Fields, FromFields};
use crate::error::Error;

/// Reads at most `Limits::body_bytes` within `Limits::read_timeout`, the limits of the server in the state.
impl<T: FromFields, S: AsRef<App> + Sync> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        Fields::from_request(request, state).await?.parsed(T::from_fields).map(Self)
    }
}

/// Reads the body within the same limits, for a handler that decides at run time what it parses the fields into.
impl<S: AsRef<App> + Sync> FromRequest<S> for Fields {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        Self::within(state.as_ref().limits, request).await
    }
}
