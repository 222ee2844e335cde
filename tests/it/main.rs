//! What can only be shown with the whole house or with real parts: one binary, since linking it once is what costs.
//!
//! A test that needs Docker, Redis, HAProxy or Chromium and finds none says so on stderr and passes;
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
mod stores;
