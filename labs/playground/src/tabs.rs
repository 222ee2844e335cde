//! A page on one of a room's own servers, for the visitor's real tabs: the reference client at work.
//!
//! The columns of the playground show what a person and a thief send, byte by byte, so this program sends it. This page is
//! the other side: the visitor's browser talks to the same server by itself, with the cookie in its own jar and the design's
//! client for browsers in each tab. The room's clock and its line to the store act on both.

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

/// The page and its files, to be merged with the lab's own routes: page and API are one origin.
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
