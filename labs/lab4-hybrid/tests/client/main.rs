//! Tests of the client for browsers (`client/authlab-client.js`) in a real Chromium, against this lab's server, over a
//! network that loses and delays messages on command.
//!
//! Where it is cheap, a story is tested twice: with the client as it is, and with a part of its protection removed from
//! the browser (`navigator.locks`, the stored key). The second test checks the messages on the network, so its result
//! does not depend on how much the server tolerates.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod crowd;
mod logins;
mod lost;
mod network;
mod outages;
mod siblings;
mod stage;
