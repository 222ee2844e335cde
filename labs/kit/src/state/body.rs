//! The request body as an extractor, within the limits of the server.

use axum::extract::{FromRequest, Request};

use super::App;
use crate::body::{Body, FromFields};
use crate::error::Error;

/// Reads at most `Limits::body_bytes` within `Limits::read_timeout`, the limits of the server in `app`.
impl<T: FromFields, S: Send + Sync + 'static> FromRequest<App<S>> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App<S>) -> Result<Self, Error> {
        Self::within(app.limits, request).await
    }
}
