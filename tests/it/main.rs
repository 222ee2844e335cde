//! Tests that need the whole workspace or real parts: one binary, because linking is what costs time.
//!
//! A test that needs Docker, Redis, HAProxy or Chromium and finds none reports that on stderr and passes;
//! `AUTHLAB_REQUIRE=docker,redis,haproxy` makes it fail instead ([`kit::testing`]).

mod architecture;
mod browser_pages;
mod containers;
mod house_rules;
mod labs;
mod local_redis;
mod logout_problem;
#[cfg(unix)]
mod proxies;
mod registered;
mod stores;
