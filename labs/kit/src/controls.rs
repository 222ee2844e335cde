//! Lab controls: moving the server's clock, for the checker, the playground and the learner.
//!
//! They exist only on a server that was started with lab controls, and only for a client on this machine that connects
//! directly: any other client gets a 404. The name in `Host` must be a loopback name too, because an attacker's page can
//! make its own name point at 127.0.0.1 (DNS rebinding).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use http::header::{HOST, HeaderMap};
use http::request::Parts;
use serde::Serialize;
use serde_json::{Value, json};

use crate::body::{Body, Fields, FromFields};
use crate::client_address::is_forwarded;
use crate::clock::MAX_ADVANCE_SECONDS;
use crate::error::Error;
use crate::openapi::schema::{object, whole};
use crate::state::App;

/// This server's time, in seconds since the Unix epoch.
#[derive(Serialize)]
pub(crate) struct Now {
    now: u64,
}

impl Now {
    /// The JSON Schema of this response, for the server's OpenAPI document.
    pub(crate) fn shape() -> Value {
        object([("now", whole())])
    }
}

pub(crate) struct Advance {
    by: Duration,
}

impl FromFields for Advance {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let seconds = fields.required_number("advance_seconds", MAX_ADVANCE_SECONDS)?;
        Some(Self { by: Duration::from_secs(seconds) })
    }

    fn shapes() -> Vec<(&'static str, Value)> {
        vec![("advance_seconds", json!({ "type": "integer", "minimum": 0, "maximum": MAX_ADVANCE_SECONDS }))]
    }
}

pub(crate) async fn read_clock(_here: AtTheBench, State(app): State<App>) -> Json<Now> {
    Json(Now { now: app.clock.now_s() })
}

pub(crate) async fn advance_clock(
    _here: AtTheBench,
    State(app): State<App>,
    Body(advance): Body<Advance>,
) -> Json<Now> {
    app.clock.advance(advance.by);
    tracing::info!(seconds = advance.by.as_secs(), "the clock was moved");
    Json(Now { now: app.clock.now_s() })
}

/// Proof that the request came directly from this machine to a server with lab controls.
pub(crate) struct AtTheBench;

impl FromRequestParts<App> for AtTheBench {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
        let local = peer.is_some_and(|peer| peer.is_loopback())
            && names_loopback(&parts.headers)
            && !is_forwarded(parts);
        if !(app.controls && local) {
            return Err(Error::NotFound);
        }
        app.origins.refuse_foreign(parts)?;
        Ok(Self)
    }
}

/// Whether a request has exactly one `Host`, which is a loopback name. Another name may belong to an attacker's page and
/// point at this machine (DNS rebinding).
pub fn names_loopback(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
