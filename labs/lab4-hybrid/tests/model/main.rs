//! Tests of the promises of the refresh protocol: random histories against a model of the contract, every state that
//! crashes and time-outs can lead to, and races over one Redis.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod browser;
mod cluster;
mod contract;
mod effort;
mod endings;
mod exchanges;
mod exhaustive;
mod failover;
mod fleet;
mod person;
mod place;
mod races;
mod search;
mod sequences;
mod servers;
mod tabs;
