//! What every lab stands on.
//!
//! An authentication scheme answers three questions: how is a credential **issued**, **checked** and **ended**? That is
//! [`scheme`], the one trait that the labs implement. All the rest is here, once:
//!
//! | file | what it is |
//! |---|---|
//! | [`scheme`] | the trait, and the extractors that protect a handler by its signature |
//! | [`mod@routes`] | the five flows over any scheme |
//! | [`accounts`], [`email`], [`password`] | who may log in |
//! | [`bearer`], [`cookie`], [`csrf`], [`origin`], `cors` | how a credential travels, and from where |
//! | [`body`], [`error`] | JSON in, problem documents out |
//! | [`config`], [`keyring`], [`jwk`], [`clock`] | settings, secrets and time, passed in |
//! | [`redis`], [`store_url`] | one connection whose outages are short and loud; where a Redis is found; its URL without its password |
//! | [`marker`] | whether that Redis is the one that the accounts know |
//! | [`mod@serve`], [`announcement`], [`log`] | connections with limits; where a server listens; lines without credentials |
//! | [`watch`] | a server whose store is counted, cut off and looked into |
//! | [`design`] | what the tools need to know of a design |
//! | `endings` | what the accounts' rows have ended and the session store has not been told of |
//! | `throttle`, `device`, `client_address` | how often a client may guess, and which client it is |
//! | [`audit`], `metrics` | what happened to an account, one by one and counted |
//! | [`openapi`] | the document that a server gives of its routes |

pub mod accounts;
pub mod announcement;
pub mod audit;
pub mod bearer;
pub mod body;
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
mod lifted;
mod list;
pub mod log;
pub mod marker;
mod metrics;
pub mod none;
mod observe;
pub mod openapi;
pub mod origin;
pub mod password;
pub mod redis;
pub mod routes;
pub mod scheme;
pub mod serve;
pub mod state;
pub mod store_url;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod throttle;
pub mod watch;
#[cfg(feature = "workshop")]
pub mod workshop;

pub use accounts::{Ending, User};
pub use client_address::{TrustedProxy, TrustedProxyError};
pub use clock::Clock;
pub use config::{Config, Store};
pub use controls::names_loopback;
pub use csrf::Origins;
pub use error::Error;
pub use later::finish_later;
pub use origin::Origin;
pub use redis::Redis;
pub use routes::{router, routes};
pub use scheme::{Client, ClientKind, Confirmed, LogOut, NotReady, Principal, Scheme, Scope};
pub use serve::{Serving, serve};
pub use state::{App, StartError};
