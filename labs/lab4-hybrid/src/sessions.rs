//! `/auth/sessions`: lists the sessions of the account, and logs one of them out.
//!
//! Both routes take [`Confirmed`]: they refuse the access token of an ended session.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::StatusCode;
use http::request::Parts;
use kit::audit::{Event, Whose};
use kit::openapi::schema::{list as list_of, nullable, object, truth, uuid, whole, word};
use kit::openapi::{Access, Answer, Operation};
use kit::{AppOf, ClientKind, Confirmed, Error};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::delivery::shown_cookies;
use crate::hybrid::Hybrid;
use crate::store::{Session, Store};

/// One session in the response. Times are in seconds since the Unix epoch.
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

/// The OpenAPI description of the route that lists sessions.
pub fn list_described() -> Operation {
    let kinds = [ClientKind::Web, ClientKind::Mobile].map(ClientKind::as_str);
    let line = object([
        ("session_id", uuid()),
        ("current", truth()),
        ("client", word(&kinds)),
        ("device", nullable(json!({ "type": "string", "maxLength": 64 }))),
        ("created_at", whole()),
        ("last_seen_at", whole()),
        ("expires_at", whole()),
    ]);
    Operation {
        summary: "The user's sessions",
        access: Access::Credential,
        answers: vec![(StatusCode::OK, Answer::Json(list_of(line)))],
        ..Operation::default()
    }
}

/// The OpenAPI description of the route that ends a session.
pub fn end_described() -> Operation {
    let id = json!({ "name": "id", "in": "path", "required": true, "schema": uuid() });
    Operation {
        summary: "End one session",
        access: Access::Credential,
        parameters: vec![id],
        answers: vec![(StatusCode::NO_CONTENT, Answer::Nothing)],
        refusals: vec![Error::NotFound],
        ..Operation::default()
    }
}

/// Lists all live sessions of the account, the most recently used first.
///
/// # Errors
/// Fails if the store does not answer.
pub async fn list<S: Store>(
    State(app): State<AppOf<Hybrid<S>>>,
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

/// Ends one session of the account. A session of another user is looked up under this account, so it is never found:
/// the response is the same as for a session that does not exist.
///
/// # Errors
/// Fails with 404 if the account has no such live session, and with 503 if the store does not answer or does not
/// confirm the ending.
pub async fn end<S: Store>(
    State(app): State<AppOf<Hybrid<S>>>,
    confirmed: Confirmed,
    request: Parts,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<impl IntoResponse, Error> {
    let Ok(Path(session_id)) = id else { return Err(Error::NotFound) };
    let user = confirmed.user.id;
    let shared = app.scheme.parts();
    match shared.store.end(user, session_id).await? {
        true => {
            app.audit(&request, Event::SessionEnded, Whose::session(user, session_id));
            let cookies = shown_cookies(&shared.keys, &request);
            let cleared = cookies.cleared_where(|token| token.session_id() == session_id);
            Ok((StatusCode::NO_CONTENT, cleared, ()))
        }
        false => Err(Error::NotFound),
    }
}
