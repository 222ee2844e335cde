//! Access token and refresh token together: the design that a team would run.
//!
//! A short access token is checked without asking anybody, so `/me` costs what it costs in the access-only lab. A long
//! refresh token, exchanged for a new one at every use, keeps the person logged in; its session lives in a store, so it
//! can be seen, ended, and caught when somebody else uses a copy. What is given up against plain sessions: an access token
//! that was copied works until its `exp`, fifteen minutes at most, on routes that do not ask the store.
//!
//! | file | what it is |
//! |---|---|
//! | [`token`] | the refresh token on the wire, and the only way from a string to one that is ours |
//! | [`chain`] | the keyed chain: why no token is stored and a repeated request does no harm |
//! | [`idempotency`] | the key that tells a client's retry from a thief |
//! | `rotation` | what becomes of a session when one of its tokens is shown |
//! | [`store`] | what a store promises; [`store::Memory`], and [`store::Redis`] with one script per operation |
//! | [`strict`] | the check of an access token on the path of every request |
//! | [`hybrid`] | the scheme: how both tokens are issued, checked and ended |
//! | [`design`] | what the tools need to know of it |
//! | [`delivery`] | the cookie for pages, the body for apps |
//! | [`refresh`], [`sessions`] | the routes that only this scheme has |
//! | `client/` | the client for browsers, [`BROWSER_CLIENT`]: the half of promise 2 that a page must keep |
//!
//! # What is promised
//!
//! 1. **A session never forks.** However many callers, servers and repetitions: a token has one successor.
//! 2. **An honest person is never logged out.** Not by tabs that race, on a network that loses requests and answers, over
//!    servers that crash, as long as each exchange is shorter than half of the window; nor by a failover that loses the last
//!    two writes. Where the store has lost more than that, or is another, the answer is 503, and no client loses a
//!    credential ([`kit::marker`]). A client that uses its session from one place at a time, and sends idempotency keys, survives all of this
//!    together, and a network that takes for ever; a page does so over reloads, if it keeps its key as [`idempotency`]
//!    says. And not by an answer of one tab that arrives, however late, after another tab has logged in, signed up,
//!    changed the password or logged out: each session has a cookie of its own, and the newest session that is alive
//!    counts ([`delivery::cookies`]).
//! 3. **Who uses a copied token second, a window after its owner, is noticed**, and the session ends for both.
//! 4. **What was ended stays ended** from the moment that the call has returned; what the account's row bears witness to
//!    (log out everywhere, a new password, a deletion) over any failover as well.
//! 5. **No log-in slips past an ending** that was under way while its password was checked.
//!
//! `tests/model` holds the stores to this in three ways: random lives against a model of the contract, every state that
//! there is in a bounded world (one session and its tokens, one account and its endings, one browser and its cookies), and
//! races over two connections to a real Redis, one server or a cluster. `tests/client` holds the browser's half to it: eight
//! tabs of a real Chromium, over a network that loses and delays.
//!
//! # What cannot be promised
//!
//! Each of these is a test that finds the shortest way there and tells it as a story
//! (`cargo test -p lab4-hybrid --test model exhaustive -- --nocapture`).
//!
//! | what happens | what comes of it | what bounds it |
//! |---|---|---|
//! | A thief comes inside every window. | Thief and person get the same successors, and nobody notices. | The absolute limit; a token that is bound to a key of the client (DPoP, RFC 9449). |
//! | A thief copied the idempotency key with the token, or a failover lost the rotation. | One late use goes unnoticed; the next does not, unless the client never changes its key. | The idle time: without a new key there is no rotation. |
//! | A page forgets its key although the token stays, and an answer to another tab is lost. | The next exchange shows an ancestor: the session ends. | The answer says `refresh_kept`. |
//! | The clocks of two servers differ by more than the time between two log-ins of one browser at the same moment. | Both sessions live, and the older one counts. | A log-out and the next log-in end both. |
//! | The answer to a log-in is lost, or comes after a log-out that was asked for later. | The person logs in, or out, once more. | Pages let one of these requests go at a time (Web Locks). |
//! | Two tabs, and one exchange that takes longer than the window. | The slow tab shows an ancestor: the session ends. | The window; servers answer within a second. |
//! | An answer is lost, and the client repeats the request after the window without its idempotency key. | It shows an ancestor: the session ends. | Clients send the key. |
//! | Two tabs, a lost answer, and a failover that loses its repetition. | As above: the new primary does not know that the token was just handed out. | Three mishaps within one window. |
//! | A session is logged out by itself, no replica confirms, and the primary is lost. | The session lives again. | Where there are replicas, an ending without a confirmation is a 503. |
//! | A failover loses a log-in. | The person logs in once more. | |
//! | "Log out all others" is sent twice, and the first copy runs when the call has returned. | Who logged in meanwhile is logged out, too. | The command's deadline, half a second. |
//!
//! A store that lost no more than the tolerated loss, or comes back from a backup that is younger than twice that, is believed
//! ([`kit::Config::store_loss`]): what it lost counts as never done, so an ended session may live again and an exchanged token
//! be taken. An older backup is refused (`tests/http/time_travel.rs`).

pub mod chain;
pub mod delivery;
pub mod design;
pub mod hybrid;
pub mod idempotency;
pub mod refresh;
mod rotation;
pub mod sessions;
pub mod store;
pub mod strict;
pub mod token;
mod watched;
mod words;

pub use design::DESIGN;
pub use hybrid::{Hybrid, router, router_over};

/// The client for browsers, `client/authlab-client.js`: a module without dependencies, to be served as it is.
pub const BROWSER_CLIENT: &str = include_str!("../client/authlab-client.js");
