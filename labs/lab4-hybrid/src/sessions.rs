//! `/auth/sessions`: where am I logged in, and out with that one.
//!
//! Both routes take [`Confirmed`]: the access token of a session that was ended opens neither.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use kit::{App, ClientKind, Confirmed, Error};
use serde::Serialize;
use uuid::Uuid;

use crate::hybrid::Hybrid;
use crate::store::{Session, Store};

/// One line of the list. Times are in seconds since the Unix epoch.
#[derive(Debug, Serialize)]
pub struct Line {
    session_id: Uuid,
    current: bool,
    client: ClientKind,
    device: Option<String>,
    created_at: u64,
    last_seen_at: u64,
    expires_at: u64,
}

/// All live sessions of the account, the latest used first.
pub async fn list<S: Store>(
    State(app): State<App<Hybrid<S>>>,
    confirmed: Confirmed,
) -> Result<Json<Vec<Line>>, Error> {
    let sessions = app.scheme.parts().store.list(confirmed.user.id, confirmed.user.epoch).await?;
    let line = |session: Session| Line {
        session_id: session.id,
        current: confirmed.principal.session_id == Some(session.id),
        client: session.client.kind,
        device: session.client.device,
        created_at: session.created_at_ms / 1000,
        last_seen_at: session.seen_at_ms / 1000,
        expires_at: session.expires_at_ms / 1000,
    };
    Ok(Json(sessions.into_iter().map(line).collect()))
}

/// Ends one session of the account. Somebody else's is looked for under this account's name, and so is never found: the
/// answer cannot tell it from one that does not exist.
pub async fn end<S: Store>(
    State(app): State<App<Hybrid<S>>>,
    confirmed: Confirmed,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<StatusCode, Error> {
    let Ok(Path(session_id)) = id else { return Err(Error::NotFound) };
    let user = confirmed.user.id;
    match app.scheme.parts().store.end(user, session_id).await? {
        true => {
            tracing::info!(target: "audit", event = "session_ended", %user, session = %session_id);
            Ok(StatusCode::NO_CONTENT)
        }
        false => Err(Error::NotFound),
    }
}
