//! Whether the process lives, and whether it can work.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::openapi::schema::{constant, object};
use crate::scheme::{NotReady, Scheme};
use crate::state::App;

/// The answer of a healthy server.
#[derive(Serialize)]
pub(crate) struct Healthy {
    status: &'static str,
}

impl Healthy {
    /// Its shape, for the server's document.
    pub(crate) fn shape() -> Value {
        object([("status", constant("ok"))])
    }
}

/// The process answers. Asks nobody, so that an outage of a store does not get a server restarted.
pub(crate) async fn live() -> Json<Healthy> {
    Json(Healthy { status: "ok" })
}

/// Every store answers; or a 503 that names the one that does not.
pub(crate) async fn ready<S: Scheme>(State(app): State<App<S>>) -> Result<Json<Healthy>, Error> {
    if let Err(error) = app.accounts.ready().await {
        tracing::error!(%error, "the accounts' store is not ready");
        return Err(Error::NotReady(NotReady { part: "accounts", problem: "does not answer".into() }));
    }
    app.scheme.ready().await.map_err(Error::NotReady)?;
    Ok(Json(Healthy { status: "ok" }))
}
