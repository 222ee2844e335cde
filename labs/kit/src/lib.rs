//! What all labs share.
//!
//! An authentication scheme answers three questions: how is a credential **issued**, **checked** and **ended**? The one trait
//! of [`scheme`] asks them, and each lab implements it. This crate contains everything else, once:
//!
//! | file | what it is |
//! |---|---|
//! | [`scheme`] | the trait, and the extractors that protect a handler by its signature |
//! | [`mod@routes`] | sign up, log in, who am I and so on, over any scheme |
//! | `client`, `scope`, `not_ready`, [`state`] | the words that the trait uses; what every handler gets |
//! | [`accounts`], [`email`], [`password`] | who may log in |
//! | [`bearer`], [`cookie`], [`csrf`], [`origin`], `cors` | how a client sends a credential, and from which origin |
//! | [`body`], [`error`] | JSON requests, problem documents as error responses |
//! | [`config`], [`keyring`], [`jwk`], [`clock`] | settings, secrets and time, passed in as arguments |
//! | [`redis`], [`store_url`] | one connection with short, logged outages; finding a Redis; its URL without the password |
//! | [`marker`] | whether that Redis is the store that the accounts know |
//! | [`mod@serve`], [`announcement`], [`log`] | connections with limits; the address a server listens on; redacted logs |
//! | [`watch`] | a server whose store calls are counted, whose store can be cut off, and whose records can be read |
//! | [`visible`] | text from outside, made safe to print |
//! | [`design`] | what the tools need to know about a design |
//! | `endings` | sessions that an account's row has ended and the session store does not know of yet |
//! | `throttle`, `device`, `client_address` | how often a client may guess, and which client it is |
//! | [`audit`], `metrics` | what happened to an account: each event, and counts |
//! | [`openapi`] | the OpenAPI document that a server serves about its routes |

pub mod accounts;
pub mod announcement;
pub mod audit;
pub mod bearer;
pub mod body;
mod boxed;
mod client;
mod client_address;
pub mod clock;
pub mod config;
mod controls;
pub mod cookie;
mod cors;
pub mod csrf;
pub mod descriptor;
pub mod design;
mod device;
pub mod email;
mod endings;
pub mod error;
mod health;
mod host;
pub mod jwk;
pub mod keyring;
mod later;
mod list;
pub mod log;
mod log_out;
pub mod marker;
mod metrics;
pub mod none;
mod not_ready;
mod observe;
pub mod openapi;
pub mod origin;
pub mod password;
pub mod redis;
mod request_id;
pub mod routes;
pub mod scheme;
mod scope;
pub mod serve;
mod start_error;
pub mod state;
pub mod store_url;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod throttle;
pub mod watch;
#[cfg(feature = "workshop")]
pub mod workshop;

pub use accounts::{Ending, User};
pub use boxed::Boxed;
pub use client::{Client, ClientKind};
pub use client_address::{TrustedProxy, TrustedProxyError};
pub use clock::Clock;
pub use config::{Config, Store};
pub use controls::names_loopback;
pub use csrf::Origins;
pub use error::Error;
pub use later::finish_later;
pub use not_ready::NotReady;
pub use origin::Origin;
pub use outside::visible;
pub use redis::Redis;
pub use routes::router;
pub use scheme::{Confirmed, Principal, Scheme};
pub use scope::Scope;
pub use serve::{Serving, serve};
pub use start_error::StartError;
pub use state::{App, AppOf};
