//! Every check, by topic. Each topic is a file; its table lists the rules, its functions test them.

mod access;
mod account;
mod chosen;
mod controls;
mod cookie;
mod cors;
mod csrf;
mod expiry;
mod health;
mod http;
mod login;
mod logout;
mod me;
mod password;
mod raw;
mod refresh;
mod rotation;
mod sessions;
mod signup;
mod tabs;
mod throttle;
mod throttle_fairness;

use crate::check::Check;

/// Every check, in the order of the report.
pub fn checks() -> Vec<Check> {
    [
        controls::CHECKS,
        health::CHECKS,
        http::CHECKS,
        http::bodies::CHECKS,
        http::browsers::CHECKS,
        raw::CHECKS,
        raw::host::CHECKS,
        raw::deaf::CHECKS,
        signup::CHECKS,
        chosen::CHECKS,
        login::CHECKS,
        login::hashing::CHECKS,
        me::CHECKS,
        cookie::CHECKS,
        cookie::clearing::CHECKS,
        csrf::CHECKS,
        cors::CHECKS,
        access::CHECKS,
        access::header::CHECKS,
        access::key::CHECKS,
        access::signature::CHECKS,
        access::encoding::CHECKS,
        logout::CHECKS,
        logout::scopes::CHECKS,
        logout::race::CHECKS,
        refresh::delivery::CHECKS,
        refresh::refused::CHECKS,
        refresh::CHECKS,
        rotation::CHECKS,
        tabs::CHECKS,
        sessions::CHECKS,
        password::CHECKS,
        account::CHECKS,
        expiry::CHECKS,
        throttle::CHECKS,
        throttle_fairness::CHECKS,
    ]
    .concat()
}
