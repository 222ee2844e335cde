//! The shared routes, each with the description of its requests and responses.

use http::StatusCode;
use serde_json::Value;

use super::happened::WithoutCredential;
use super::{
    Credentials, Deletion, PasswordChange, change_password, delete_account, describe, log_in, me, sign_up,
};
use crate::descriptor::Descriptor;
use crate::error::Error;
use crate::not_ready::NotReady;
use crate::openapi::schema::body;
use crate::openapi::{Access, Answer, Described, Operation};
use crate::scheme::Principal;
use crate::{controls, health};

/// The routes that every lab has, with their descriptions. `log_out` is the JSON Schema of a logout's body, which may have
/// members that only the scheme has.
pub(super) fn routes(log_out: Value) -> Described {
    flows(log_out).merge(of_the_server())
}

fn flows(log_out: Value) -> Described {
    Described::new()
        .post(
            "/auth/signup",
            sign_up,
            Operation {
                summary: "Create an account and log in",
                body: Some(body::<Credentials>()),
                parameters: vec![crate::device::parameter()],
                answers: vec![(StatusCode::CREATED, Answer::CredentialsOr(WithoutCredential::shape()))],
                refusals: vec![
                    Error::EmailTaken,
                    throttled(),
                    Error::Csrf(""),
                    Error::Overloaded(""),
                    store_away(),
                ],
                ..Operation::default()
            },
        )
        .post(
            "/auth/login",
            log_in,
            Operation {
                summary: "Log in",
                body: Some(body::<Credentials>()),
                parameters: vec![crate::device::parameter()],
                answers: vec![(StatusCode::OK, Answer::Credentials)],
                refusals: vec![
                    Error::InvalidCredentials,
                    throttled(),
                    Error::Csrf(""),
                    Error::Overloaded(""),
                    store_away(),
                ],
                ..Operation::default()
            },
        )
        .get(
            "/me",
            me,
            Operation {
                summary: "The logged-in user",
                access: Access::Credential,
                answers: vec![(StatusCode::OK, Answer::Json(Principal::shape()))],
                ..Operation::default()
            },
        )
        .post(
            "/auth/logout",
            super::log_out,
            Operation {
                summary: "Log out of this session, of all others, or of all",
                access: Access::CredentialOrNothing,
                body: Some(log_out),
                answers: vec![(StatusCode::NO_CONTENT, Answer::Nothing)],
                refusals: vec![Error::Csrf("")],
                ..Operation::default()
            },
        )
        .post(
            "/auth/password",
            change_password,
            Operation {
                summary: "Change the password and end every earlier session",
                access: Access::Credential,
                body: Some(body::<PasswordChange>()),
                answers: vec![(StatusCode::OK, Answer::CredentialsOr(WithoutCredential::shape()))],
                refusals: vec![Error::WrongPassword, Error::LogInAfresh, throttled(), Error::Overloaded("")],
                ..Operation::default()
            },
        )
        .delete("/auth/account", delete_account, deletion())
        .post("/auth/account/delete", delete_account, deletion())
}

fn deletion() -> Operation {
    Operation {
        summary: "Delete the account",
        access: Access::Credential,
        body: Some(body::<Deletion>()),
        answers: vec![(StatusCode::NO_CONTENT, Answer::Nothing)],
        refusals: vec![Error::WrongPassword, throttled(), Error::Overloaded("")],
        ..Operation::default()
    }
}

fn of_the_server() -> Described {
    let now = || vec![(StatusCode::OK, Answer::Json(controls::Now::shape()))];
    let healthy = || vec![(StatusCode::OK, Answer::Json(health::Healthy::shape()))];
    Described::new()
        .get(
            "/lab",
            describe,
            Operation {
                summary: "What this server is, and which properties it claims",
                answers: vec![(StatusCode::OK, Answer::Json(Descriptor::shape()))],
                ..Operation::default()
            },
        )
        .get(
            "/lab/clock",
            controls::read_clock,
            Operation {
                summary: "This server's time, where lab controls are on",
                answers: now(),
                refusals: vec![Error::NotFound, Error::Csrf("")],
                ..Operation::default()
            },
        )
        .post(
            "/lab/clock",
            controls::advance_clock,
            Operation {
                summary: "Move this server's clock, where lab controls are on",
                body: Some(body::<controls::Advance>()),
                answers: now(),
                refusals: vec![Error::NotFound, Error::Csrf("")],
                ..Operation::default()
            },
        )
        .get(
            "/health/live",
            health::live,
            Operation { summary: "Whether the process runs", answers: healthy(), ..Operation::default() },
        )
        .get(
            "/health/ready",
            health::ready,
            Operation {
                summary: "Whether the server can serve requests",
                answers: healthy(),
                refusals: vec![Error::NotReady(NotReady { part: "", problem: String::new() })],
                ..Operation::default()
            },
        )
}

fn store_away() -> Error {
    Error::StoreUnavailable("".into())
}

fn throttled() -> Error {
    Error::Throttled { retry_after_s: 1 }
}
