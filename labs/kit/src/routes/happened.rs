//! The response to a change of an account that has been made, whatever the session store did afterwards.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::accounts::User;
use crate::error::Error;
use crate::openapi::schema::{constant, object, text, uuid};

/// The body of a success without a credential. The client then logs in with the password that it has just set.
#[derive(Serialize)]
pub(super) struct WithoutCredential {
    user_id: Uuid,
    email: String,
    log_in: &'static str,
}

impl WithoutCredential {
    /// The body's JSON Schema, for the server's OpenAPI document.
    pub(super) fn shape() -> Value {
        object([("user_id", uuid()), ("email", text(3, 254)), ("log_in", constant("required"))])
    }
}

/// Answers with success and with the credential that was issued after the change, or without one if issuing failed. If the
/// client were told of a failure, it would repeat the request, and be refused because the address is taken (by its own
/// account) or because the password has changed.
pub(super) fn happened(
    status: StatusCode,
    user: &User,
    issued: Result<impl IntoResponse, Error>,
) -> Response {
    match issued {
        Ok(issued) => (status, issued).into_response(),
        Err(error) => {
            tracing::warn!(%error, user = %user.id, "the account was changed, but no credential was issued afterwards");
            let email = user.email.as_str().to_owned();
            let body = WithoutCredential { user_id: user.id, email, log_in: "required" };
            (status, [(RETRY_AFTER, "1")], Json(body)).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_without_a_credential_is_told_as_the_document_says() {
        let issued: Result<(), _> = Err(Error::StoreUnavailable("connection reset".into()));
        let response = happened(StatusCode::CREATED, &User::sample(), issued);
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let members: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
        let shape = WithoutCredential::shape();
        let told: Vec<_> = shape["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, told);
        assert_eq!(body["log_in"], "required");
    }

    #[test]
    fn a_change_with_a_credential_carries_it_and_asks_nobody_to_wait() {
        let response = happened(StatusCode::OK, &User::sample(), Ok("the credential"));
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!response.headers().contains_key(RETRY_AFTER));
    }
}
