//! A page on one of a room's own servers, for real tabs of the visitor's browser: it runs the reference client.
//!
//! The columns of the playground show the bytes that a user and a thief send, so this program sends those requests
//! itself. On this page, the visitor's browser calls the same server, with the cookie in its own cookie jar and the
//! design's browser client in each tab. The room's clock and its connection to the store affect both.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::site::hardened;

/// The page's path on the server.
pub(super) const PATH: &str = "/tabs";

const SCRIPT: &str = "text/javascript; charset=utf-8";
const FILES: [(&str, &str, &str); 3] = [
    ("tabs.css", "text/css; charset=utf-8", include_str!("tabs/tabs.css")),
    ("tabs.js", SCRIPT, include_str!("tabs/tabs.js")),
    ("words.js", SCRIPT, include_str!("tabs/words.js")),
];

/// The routes of the page and its files, to be merged with the lab's own routes, so that page and API have the same
/// origin.
pub(super) fn router(client: &'static str) -> Router {
    Router::new()
        .route(PATH, get(async || Html(include_str!("tabs/tabs.html"))))
        .route("/tabs/authlab-client.js", get(async move || ([(header::CONTENT_TYPE, SCRIPT)], client)))
        .route("/tabs/{name}", get(show_file))
        .layer(from_fn(hardened))
}

async fn show_file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, ..)| *known == name) {
        Some((_, kind, content)) => {
            ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], *content).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
