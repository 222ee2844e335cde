//! The playground over HTTP: the page, and the rooms.
//!
//! The rooms contain credentials in the clear, so only a page of this server may request them. The name in `Host` must
//! be a loopback name, because otherwise an attacker's page could let its own name point here (DNS rebinding); a
//! request that changes state must come from the page itself (checked by Fetch Metadata, or `Origin` in older
//! browsers); and no answer may be framed, sniffed or read from another origin.

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use harness::language::Language;
use kit::{Origins, names_loopback};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::action::Action;
use super::page;
use super::room::{MOST_STEPS, NotDone, Room};
use super::rooms::Rooms;

/// The most bytes of a request's body, which is the name of an action.
const MOST_BODY: usize = 1024;
/// The content security policy: everything comes from this server, nothing is inline. The page's icon is a `data:` URL.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The state that the routes share.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) rooms: Rooms,
    pub(super) origins: Origins,
    pub(super) language: Option<Language>,
    /// A description of the store, for the page.
    pub(super) store: String,
}

/// The routes of the whole site.
pub(super) fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(show_page))
        .route("/page/{name}", get(show_file))
        .route("/rooms", post(open_room))
        .route("/rooms/{name}", get(show_room))
        .route("/rooms/{name}/steps", post(take_step))
        .fallback(async || refuse(StatusCode::NOT_FOUND, "not_found", "No such path."))
        .method_not_allowed_fallback(async || {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed.")
        })
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(from_fn_with_state(site.origins.clone(), from_this_page_alone))
        .layer(from_fn(hardened))
        .with_state(site)
}

async fn show_page(State(site): State<Site>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page::html(site.language))
}

async fn show_file(Path(name): Path<String>) -> Response {
    match page::file(&name) {
        Some((kind, content)) => ([(header::CONTENT_TYPE, kind)], content).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "not_found", "No such file."),
    }
}

async fn open_room(State(site): State<Site>) -> Response {
    match site.rooms.open().await {
        Ok((name, room)) => {
            let room = room.lock().await;
            (StatusCode::CREATED, Json(seen(name, &site, &room))).into_response()
        }
        Err(failure) => refuse(StatusCode::SERVICE_UNAVAILABLE, "no_room", &failure.to_string()),
    }
}

async fn show_room(State(site): State<Site>, Path(name): Path<String>) -> Response {
    let found = Uuid::parse_str(&name).ok().and_then(|name| site.rooms.find(name));
    match found {
        Some(room) => {
            let room = room.lock().await;
            Json(seen(name, &site, &room)).into_response()
        }
        None => no_such_room(),
    }
}

fn seen(name: impl Serialize, site: &Site, room: &Room) -> Value {
    json!({
        "room": name, "store": site.store, "line": room.line(), "designs": room.headings(), "steps": room.steps(),
    })
}

#[derive(Deserialize)]
struct Wish {
    action: String,
}

async fn take_step(
    State(site): State<Site>,
    Path(name): Path<String>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Response {
    let wish = match wish {
        Ok(Json(wish)) => wish,
        Err(rejection) => return refuse(rejection.status(), "unreadable", &rejection.body_text()),
    };
    let Some(action) = Action::named(&wish.action) else {
        let all = json!(Action::ALL).to_string();
        return refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "unknown_action",
            &format!("The actions are {all}."),
        );
    };
    let Some(room) = Uuid::parse_str(&name).ok().and_then(|name| site.rooms.find(name)) else {
        return no_such_room();
    };
    // Requests to one room run one after another. Further requests wait, and the number of connections is limited.
    let mut room = room.lock().await;
    match room.act(action).await {
        Ok(step) => Json(step).into_response(),
        Err(NotDone::Full) => {
            let sentence = format!("The room has reached its limit of {MOST_STEPS} steps. Start a new one.");
            refuse(StatusCode::CONFLICT, "room_full", &sentence)
        }
        Err(NotDone::Broken(failure)) => {
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "broken", &failure.to_string())
        }
    }
}

fn no_such_room() -> Response {
    refuse(
        StatusCode::NOT_FOUND,
        "no_such_room",
        "No such room, or it was closed because it was unused for too long.",
    )
}

fn refuse(status: StatusCode, code: &str, detail: &str) -> Response {
    let problem = json!({ "type": "about:blank", "status": status.as_u16(), "code": code, "detail": detail });
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, kind, problem.to_string()).into_response()
}

/// Refuses requests that come neither from a page of this server nor from the address bar of a browser or a tool on
/// this machine.
async fn from_this_page_alone(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if !names_loopback(&parts.headers) {
        return refuse(
            StatusCode::MISDIRECTED_REQUEST,
            "foreign_host",
            "The Host header must be a loopback name.",
        );
    }
    if is_from_another_page(&parts) || origins.require_own(&parts).is_err() {
        return refuse(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "Only this server's own page may send this request.",
        );
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Whether the request comes from a page of another site. Such a page may only navigate here, by a link.
fn is_from_another_page(parts: &Parts) -> bool {
    let value = |name: &str| parts.headers.get(name).map(HeaderValue::as_bytes);
    let foreign = matches!(value("sec-fetch-site"), Some(site) if site != b"same-origin" && site != b"none");
    foreign && value("sec-fetch-mode") != Some(b"navigate")
}

/// Adds the headers that keep an answer from being framed, sniffed or read by another origin.
pub(super) async fn hardened(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
