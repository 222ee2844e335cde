//! Tests of the lab over HTTP: delivery, cookies, the origin of requests, and the responses during an outage of the
//! store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audit;
mod chromium;
mod delivery;
mod document;
mod endings;
mod exchange;
mod outage;
mod server;
mod sessions;
mod tabs;
mod throttle;
mod time_travel;
mod unfinished;
