//! The client for browsers (`client/authlab-client.js`) in a real Chromium, against this lab's server, over a network that
//! loses and delays what it is told to.
//!
//! A story is told twice where that is cheap: with the client as it is, and as its twin, with a part of the protection
//! taken out of the browser (`navigator.locks`, the stored key). What the twin shows is seen on the wire, so it does not
//! depend on how much the server forgives.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod crowd;
mod logins;
mod lost;
mod network;
mod outages;
mod siblings;
mod stage;
