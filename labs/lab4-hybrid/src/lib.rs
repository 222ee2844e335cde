//! Access token and refresh token together: the design that a team would run in production.
//!
//! A short-lived access token is verified without asking a store, so `/me` costs the same as in the access-only lab. A
//! long-lived refresh token, exchanged for a new one at every use, keeps the user logged in. Its session record is in a
//! store, so the user can list it and end it, and the server can detect that an attacker uses a copy. The price,
//! compared with plain sessions: a copied access token works until its `exp`, at most fifteen minutes, on routes that
//! do not ask the store.
//!
//! | file | content |
//! |---|---|
//! | [`token`] | the refresh token on the wire, and the only way from a string to a verified token |
//! | [`chain`] | the keyed chain: why the server stores no token, and why a repeated request is harmless |
//! | [`idempotency`] | the key that tells a client's retry from a replay by a thief |
//! | `rotation` | the rules for a refresh token that a client presents |
//! | [`store`] | the store's guarantees; [`store::Memory`], and [`store::Redis`] with one script per operation |
//! | [`strict`] | the check of the access token, which every request passes through |
//! | [`hybrid`] | the scheme: how both tokens are issued, checked and ended |
//! | [`settings`] | the settings that only this lab has |
//! | [`design`] | what the tools need to know about this lab |
//! | [`in_body`], [`refusal`] | a refresh token in a request's body; why a refresh token is refused |
//! | [`delivery`] | how tokens reach the client: a cookie for pages, the body for apps |
//! | [`refresh`], [`sessions`] | the routes that only this scheme has |
//! | `client/` | the client for browsers, [`BROWSER_CLIENT`]: what a page must do for promise 2 |
//!
//! The life of a refresh token, with the store in memory:
//!
//! ```
//! use std::time::Duration;
//!
//! use kit::keyring::Keyring;
//! use kit::{Client, ClientKind, Clock};
//! use lab4_hybrid::chain::Keys;
//! use lab4_hybrid::store::{Memory, NewSession, Policy, Refresh, Store};
//! # use uuid::Uuid;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (keys, clock) = (Keys::derive(&Keyring::random())?, Clock::system());
//! let policy = Policy::default();
//! let store = Memory::new(policy, clock.clone());
//!
//! // At a login, the client gets the first token, and the store gets nothing but digests.
//! let ann = Uuid::new_v4();
//! let first = keys.first_token(ann, ClientKind::Mobile)?;
//! let client = Client { kind: ClientKind::Mobile, device: None };
//! let (session_id, digests) = (first.session_id, first.digests);
//! store.issue(&NewSession { user_id: ann, session_id, epoch: 0, digests, client: &client }).await?;
//!
//! // Fifteen minutes later the client exchanges it, and repeats the request because no response arrived.
//! clock.advance(Duration::from_secs(900));
//! let presented = keys.verify(first.token.expose()).ok_or("a token of this server")?;
//! assert!(matches!(store.refresh(&presented, 0, None).await?, Refresh::Rotated { .. }));
//! assert!(matches!(store.refresh(&presented, 0, None).await?, Refresh::Replayed { .. }));
//!
//! // After the window, a thief presents a copy: the session ends for the thief and for the user.
//! clock.advance(policy.window);
//! assert_eq!(store.refresh(&presented, 0, None).await?, Refresh::Reused);
//! let second = keys.verify(presented.successor().expose()).ok_or("a token of this server")?;
//! assert_eq!(store.refresh(&second, 0, None).await?, Refresh::Reused, "the user is told why the session ended");
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//!
//! 1. **A session never forks.** However many clients, servers and repetitions there are, a token has one successor.
//! 2. **A legitimate user is never logged out.** Not by tabs that race on a network that loses requests and responses,
//!    over servers that crash, as long as each exchange takes less than half of the window. Not by a failover that
//!    loses the last two writes. If the store has lost more than that, or is a different one, the response is 503, and
//!    no client loses a credential ([`kit::marker`]). A client that uses its session from one place at a time, and
//!    sends idempotency keys, survives all of this together, even on a network with unbounded delays; so does a page
//!    across reloads, if it keeps its key as [`idempotency`] describes. Nor does a response to one tab log the user
//!    out, however late it arrives after another tab has logged in, signed up, changed the password or logged out: each
//!    session has its own cookie, and the newest session that is alive is used ([`delivery::cookies`]).
//! 3. **A reuse of a copied token is detected** if it comes a window or more after the other holder of the token has
//!    exchanged it, and the session ends for both holders.
//! 4. **A session that was ended stays ended** from the moment that the call returns. If the account's row records the
//!    ending (log out everywhere, a new password, a deletion), this holds over any failover as well.
//! 5. **No login survives an ending** that took place while its password was being checked.
//!
//! `tests/model` tests the stores against these promises in three ways: random histories against a model of the
//! contract; every state of a bounded world (one session and its tokens, one account and its endings, one browser and
//! its cookies); and races over two connections to a real Redis, a single server or a cluster. `tests/client` tests the
//! client for browsers: eight tabs of a real Chromium, over a network that loses and delays messages.
//!
//! # What cannot be promised
//!
//! For each of these there is a test that finds the shortest sequence of events and prints it as a story
//! (`cargo test -p lab4-hybrid --test model exhaustive -- --nocapture`). Each entry says what happens, its effect, and
//! what limits it.
//!
//! - A thief replays within every window. Thief and user get the same successors, and the server does not notice.
//!   Limits: the absolute limit; a token that is bound to a key of the client (DPoP, RFC 9449).
//! - A thief copied the idempotency key together with the token, or a failover lost the rotation. One late use is not
//!   detected; the next one is, unless the client never changes its key. Limit: the idle time, because without a new
//!   key there is no rotation.
//! - A page forgets its key although its token stays, and the response to another tab is lost. The next exchange
//!   presents an ancestor, and the session ends. Limit: the response says `refresh_kept`.
//! - The clocks of two servers differ by more than the time between two logins of one browser at the same moment. Both
//!   sessions live, and the older one is used. Limit: a logout and the next login end both.
//! - The response to a login is lost, or arrives after a logout that was requested later. The user logs in, or out,
//!   once more. Limit: pages send one of these requests at a time (Web Locks).
//! - There are two tabs, and one exchange takes longer than the window. The slow tab presents an ancestor, and the
//!   session ends. Limit: the window; servers answer within a second.
//! - A response is lost, and the client repeats the request after the window without its idempotency key. It presents
//!   an ancestor, and the session ends. Limit: clients send the key.
//! - There are two tabs, a response is lost, and a failover loses the repeated request. The session ends in the same
//!   way, because the new primary does not know that the token was just issued again. Limit: it takes three failures
//!   within one window.
//! - One session is logged out, no replica confirms, and the primary is lost. The session is alive again. Limit: where
//!   there are replicas, an ending without a confirmation is answered with 503.
//! - A failover loses a login. The user logs in once more.
//! - "Log out all others" is sent twice, and the first copy runs after the call has returned. A session that was opened
//!   meanwhile is ended, too. Limit: the command's deadline, half a second.
//!
//! A store that lost no more than the tolerated loss, or was restored from a backup that is younger than twice that, is
//! accepted ([`kit::Config::store_loss`]). What it lost counts as never done, so an ended session may be alive again
//! and an exchanged token may be accepted. An older backup is refused (`tests/http/time_travel.rs`).

pub mod chain;
pub mod delivery;
pub mod design;
pub mod hybrid;
pub mod idempotency;
pub mod in_body;
pub mod refresh;
pub mod refusal;
mod rotation;
pub mod sessions;
pub mod settings;
pub mod store;
pub mod strict;
pub mod token;
mod watched;
mod words;

pub use design::DESIGN;
pub use hybrid::{Hybrid, router, router_over};
pub use settings::Settings;

/// The source of the client for browsers, `client/authlab-client.js`: a JavaScript module without dependencies, served
/// unchanged.
pub const BROWSER_CLIENT: &str = include_str!("../client/authlab-client.js");
