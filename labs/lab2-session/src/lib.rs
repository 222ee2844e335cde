//! Sessions: the server stores which user is logged in; the browser stores a cookie with a random id that an
//! attacker cannot guess.
//!
//! - [`session`]: the scheme: it reads a cookie, looks the session up, and returns the user
//! - [`holder`]: what a session record contains, and the two time limits of a session
//! - [`design`]: what the tools need to know about this lab
//! - [`store`]: where session records are stored: [`store::memory`] or [`store::redis`], both tested by one suite
//!
//! ```
//! use std::net::{Ipv4Addr, SocketAddr};
//!
//! use axum::body::Body;
//! use http::{Request, StatusCode};
//! use kit::{Clock, Config, Origins};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
//! let origins = Origins::new(&[], address, "session");
//! let server = lab2_session::router(&Config::default(), Clock::system(), origins).await?;
//!
//! // A cookie is only as good as the session record that the server has for it.
//! let unknown = Request::get("/me").header("cookie", "__Host-session=AAAAAAAAAAAAAAAAAAAAAA");
//! let response = server.oneshot(unknown.body(Body::empty())?).await?;
//! assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
//! # Ok(())
//! # }
//! ```

pub mod design;
pub mod holder;
pub mod session;
pub mod store;
#[cfg(any(test, feature = "suite"))]
#[doc(hidden)]
pub mod suite;

mod watched;
mod words;

pub use design::DESIGN;
pub use session::{Sessions, router, router_over};
