//! What an operator's tools ask a server: whether its process is alive, whether it can work, and its metrics.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::Serialize;
use serde_json::Value;

use crate::client_address::is_forwarded;
use crate::error::Error;
use crate::metrics::FORMAT;
use crate::not_ready::NotReady;
use crate::openapi::schema::{constant, object};
use crate::state::App;

/// The response of a healthy server.
#[derive(Serialize)]
pub(crate) struct Healthy {
    status: &'static str,
}

impl Healthy {
    /// The JSON Schema of this response, for the server's OpenAPI document.
    pub(crate) fn shape() -> Value {
        object([("status", constant("ok"))])
    }
}

/// Answers as long as the process is alive. Calls no store, so that a store's outage does not cause a restart of the
/// server.
pub(crate) async fn live() -> Json<Healthy> {
    Json(Healthy { status: "ok" })
}

/// Answers 200 if every store works, otherwise a 503 that names the store that does not.
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Healthy>, Error> {
    if let Err(error) = app.accounts.ready().await {
        tracing::error!(%error, "the accounts' store is not ready");
        return Err(Error::NotReady(NotReady { part: "accounts", problem: "does not answer".into() }));
    }
    app.scheme.ready().await.map_err(Error::NotReady)?;
    Ok(Json(Healthy { status: "ok" }))
}

/// Answers with the metrics as text, or 404 if they are off or a proxy forwarded the request.
pub(crate) async fn metrics(State(app): State<App>, request: Parts) -> Result<Response, Error> {
    if is_forwarded(&request) {
        return Err(Error::NotFound);
    }
    let text = app.metrics.text(app.accounts.hashing())?.ok_or(Error::NotFound)?;
    Ok(([(CONTENT_TYPE, FORMAT)], text).into_response())
}
