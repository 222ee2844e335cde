//! The lab over HTTP: delivery, cookies, where requests may come from, and what a client hears when a store is gone.

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
