//! The contract's requests, without a credential.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{call::Call, fresh::fresh_password};

/// A signup without a client type, so that the server assumes a mobile client.
pub(crate) fn sign_up(email: &str, password: &str) -> Call {
    sign_up_with(&json!({"email": email, "password": password}))
}

pub(crate) fn sign_up_on(client: &str, email: &str, password: &str) -> Call {
    sign_up_with(&json!({"email": email, "password": password, "client": client}))
}

pub(crate) fn sign_up_with(body: &Value) -> Call {
    Call::post("/auth/signup").json(body)
}

pub(crate) fn log_in(email: &str, password: &str, client: &str) -> Call {
    log_in_with(&json!({"email": email, "password": password, "client": client}))
}

/// A login with a password that no account has.
pub(crate) fn log_in_wrongly(email: &str) -> Call {
    log_in(email, &fresh_password(), "mobile")
}

pub(crate) fn log_in_with(body: &Value) -> Call {
    Call::post("/auth/login").json(body)
}

pub(crate) fn refresh() -> Call {
    Call::post("/auth/refresh")
}

/// A refresh with the token in the body, as a mobile client sends it.
pub(crate) fn refresh_with(token: &str) -> Call {
    refresh().json(&json!({"refresh_token": token}))
}

pub(crate) fn log_out() -> Call {
    Call::post("/auth/logout")
}

pub(crate) fn log_out_with(body: &Value) -> Call {
    log_out().json(body)
}

pub(crate) fn change_password(current: &str, new: &str) -> Call {
    change_password_with(&json!({"current_password": current, "new_password": new}))
}

pub(crate) fn change_password_with(body: &Value) -> Call {
    Call::post("/auth/password").json(body)
}

pub(crate) fn delete_account(password: &str) -> Call {
    Call::delete("/auth/account").json(&json!({"password": password}))
}

/// The form of [`delete_account`] for clients that cannot send a body with DELETE.
pub(crate) fn delete_account_by_post(password: &str) -> Call {
    Call::post("/auth/account/delete").json(&json!({"password": password}))
}

pub(crate) fn advance_clock(seconds: impl Into<Value>) -> Call {
    Call::post("/lab/clock").json(&json!({"advance_seconds": seconds.into()}))
}

/// The request by which a browser asks whether a page of `origin` may send another one (Fetch §3.2.2).
pub(crate) fn preflight_request(path: &str, method: &str, headers: &str, origin: &str) -> Call {
    Call::new(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers)
}

/// Useless `Authorization` headers as faulty clients send them: from an unset variable, of another scheme, or with a
/// forged token.
pub(crate) const USELESS: [&str; 5] =
    ["Bearer undefined", "Bearer null", "", "Basic YW5uOmhvcnNl", "Bearer eyJhbGciOiJub25lIn0.e30."];
