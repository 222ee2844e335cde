//! Every way in which a request can fail, and the one place where each becomes an HTTP response.
//!
//! The cause and the response are separate: the client reads a fixed problem document (RFC 9457) that reveals nothing
//! internal, and the response's extensions carry the cause to the log, under the same request id.

use std::borrow::Cow;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::not_ready::NotReady;

/// The underlying cause of an error: from a store, the database or the password hasher.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a request was not served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request could not be parsed.
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    /// Validation failed: the request was parsed, and contains values that are not allowed.
    #[error("the request is invalid: {0:?}")]
    Invalid(Vec<Flaw>),
    /// The request contains no credential where one is needed.
    #[error("no credential was sent")]
    Unauthenticated,
    /// The server refused the credential that was sent. Only the log contains the reason.
    #[error("the credential was refused: {0}")]
    InvalidToken(&'static str),
    /// A token that this server did not issue, or that was changed since. The client gets the same answer as for any
    /// refused credential.
    #[error("the token was not issued by this server: {0}")]
    ForgedToken(&'static str),
    /// A token that names a key which this server does not have: the key was removed, or never existed. The client gets the
    /// same answer as for any refused credential.
    #[error("the token names key {0}, which this server does not have")]
    UnknownKey(u16),
    /// The e-mail address or the password is wrong. The answer does not say which of the two.
    #[error("unknown address or wrong password")]
    InvalidCredentials,
    /// The account changed after the password was checked and before the credential was issued. The client gets the same
    /// answer as for any failed login.
    #[error("the account changed during the login")]
    LogInAfresh,
    /// The store knows a greater epoch of the account than the account's row. Handlers raise the row's epoch and continue,
    /// so clients do not see this error.
    #[error("the store has epoch {epoch} for this account, which is greater than that of the account's row")]
    StoreAhead {
        /// The epoch that the store knows.
        epoch: u64,
    },
    /// A credential that only the scheme has was refused, such as a refresh token.
    #[error("the credential was refused: {}", .0.code)]
    Refused(Refusal),
    /// A cross-site request: a browser sent it from a page that is not one of the server's own, or the request does not
    /// show where it comes from.
    #[error("cross-site request: {0}")]
    Csrf(&'static str),
    /// The password that the request gives is not the account's current one.
    #[error("wrong password")]
    WrongPassword,
    /// The resource does not exist, or this client may not know of it.
    #[error("not found")]
    NotFound,
    /// The path exists and does not support the method. The router adds `Allow`.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// An account with this e-mail address exists already.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// The body is longer than the server's limit.
    #[error("the body is too large")]
    TooLarge {
        /// The limit in bytes.
        most_bytes: usize,
    },
    /// The `Content-Type` of the body is not JSON.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// Too many failed logins, or too many sign-ups.
    #[error("throttled for {retry_after_s} s")]
    Throttled {
        /// Seconds until the server accepts the next attempt.
        retry_after_s: u64,
    },
    /// A store failed or did not answer in time. Never answered with 401, because the credential may be valid.
    #[error("the store is unavailable: {0}")]
    StoreUnavailable(#[source] Source),
    /// A part that the server needs does not work; for `/health/ready`.
    #[error("not ready: {0}")]
    NotReady(NotReady),
    /// More work is waiting than the server can do in useful time.
    #[error("overloaded: {0}")]
    Overloaded(&'static str),
    /// An unexpected failure inside the server.
    #[error("internal error: {0}")]
    Internal(#[source] Source),
}

/// How the server refuses a credential that only the scheme has: 401, with a code and words of the scheme's own. In every
/// case the client drops its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code, by which a client recognises the refusal.
    pub code: &'static str,
    /// The title of the problem document.
    pub title: &'static str,
    /// What the client can do.
    pub detail: &'static str,
    /// What the audit log says about it.
    pub audited: Audited,
}

/// What the audit log says about a refused credential whose user is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audited {
    /// No line: the scheme has written one, or none is needed.
    No,
    /// The server did not issue the credential, for this reason.
    Forged(&'static str),
    /// The credential names a key that the server does not have.
    UnknownKey(u16),
}

/// One error in a request's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// Where the error is, as a JSON pointer (RFC 6901): `/email`.
    pub pointer: String,
    /// What is wrong, in a sentence for the client's developer.
    pub detail: String,
}

/// The cause of an error response, stored in the response's extensions for the log.
#[derive(Clone, Debug)]
pub struct Cause(pub Arc<Error>);

/// A problem document: `application/problem+json`, RFC 9457.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: Cow<'static, str>,
    code: &'static str,
    #[serde(skip_serializing_if = "<[Flaw]>::is_empty")]
    errors: &'a [Flaw],
}

impl Error {
    /// The status, the stable code, the title and the detail that the client gets.
    fn answer(&self) -> (StatusCode, &'static str, &'static str, Cow<'static, str>) {
        use StatusCode as S;
        let (status, code, title, detail) = match self {
            Self::NotReady(part) => {
                return (S::SERVICE_UNAVAILABLE, "store_unavailable", "Not ready", part.to_string().into());
            }
            Self::TooLarge { most_bytes } => {
                let detail = format!("The server accepts a body of at most {most_bytes} bytes.");
                return (S::PAYLOAD_TOO_LARGE, "too_large", "The body is too large", detail.into());
            }
            Self::Malformed(detail) => (S::BAD_REQUEST, "malformed", "Malformed request", *detail),
            Self::Invalid(_) => (
                S::UNPROCESSABLE_ENTITY,
                "invalid",
                "Validation failed",
                "`errors` says which values are invalid, and why.",
            ),
            Self::Unauthenticated => (
                S::UNAUTHORIZED,
                "unauthenticated",
                "Authentication required",
                "Log in and send the credential.",
            ),
            Self::InvalidToken(_) | Self::ForgedToken(_) | Self::UnknownKey(_) => (
                S::UNAUTHORIZED,
                "invalid_token",
                "The credential was refused",
                "Refresh it, or log in again.",
            ),
            Self::InvalidCredentials | Self::LogInAfresh => (
                S::UNAUTHORIZED,
                "invalid_credentials",
                "Login refused",
                "The e-mail address or the password is wrong.",
            ),
            Self::Refused(refusal) => (S::UNAUTHORIZED, refusal.code, refusal.title, refusal.detail),
            Self::Csrf(_) => (
                S::FORBIDDEN,
                "csrf",
                "Cross-site request refused",
                "This request must come from the server's own pages.",
            ),
            Self::WrongPassword => (
                S::FORBIDDEN,
                "wrong_password",
                "The password is wrong",
                "Give the account's current password.",
            ),
            Self::NotFound => (S::NOT_FOUND, "not_found", "Not found", "No resource exists at this path."),
            Self::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method not allowed",
                "This path supports other methods; see the Allow header.",
            ),
            Self::EmailTaken => (
                S::CONFLICT,
                "email_taken",
                "The e-mail address is taken",
                "An account with this e-mail address exists already. Log in.",
            ),
            Self::UnsupportedMediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Unsupported media type",
                "Send the body as application/json.",
            ),
            Self::Throttled { .. } => (
                S::TOO_MANY_REQUESTS,
                "throttled",
                "Too many attempts",
                "Wait for the seconds that Retry-After gives, then try again.",
            ),
            Self::StoreUnavailable(_) | Self::StoreAhead { .. } => (
                S::SERVICE_UNAVAILABLE,
                "store_unavailable",
                "A store is unavailable",
                "Keep the credential and try again shortly.",
            ),
            Self::Overloaded(_) => {
                (S::SERVICE_UNAVAILABLE, "overloaded", "The server is busy", "Try again shortly.")
            }
            Self::Internal(_) => (
                S::INTERNAL_SERVER_ERROR,
                "internal",
                "Internal server error",
                "Quote the x-request-id when you report this.",
            ),
        };
        (status, code, title, detail.into())
    }

    /// The status and the stable code, by which a client recognises the error.
    pub(crate) fn told(&self) -> (StatusCode, &'static str) {
        let (status, code, ..) = self.answer();
        (status, code)
    }

    /// The `WWW-Authenticate` challenge that RFC 9110 §11.6.1 requires on every 401, with the `error` of RFC 6750 §3 when a
    /// credential was refused.
    pub(crate) fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Unauthenticated | Self::InvalidCredentials | Self::LogInAfresh => {
                Some(r#"Bearer realm="authlab""#)
            }
            Self::InvalidToken(_) | Self::ForgedToken(_) | Self::UnknownKey(_) | Self::Refused(_) => {
                Some(r#"Bearer realm="authlab", error="invalid_token""#)
            }
            _ => None,
        }
    }

    /// Seconds after which the client may try again, for `Retry-After`.
    pub(crate) fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Throttled { retry_after_s } => Some(*retry_after_s),
            Self::StoreUnavailable(_) | Self::StoreAhead { .. } | Self::Overloaded(_) | Self::NotReady(_) => {
                Some(1)
            }
            _ => None,
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code, title, detail) = self.answer();
        let errors: &[Flaw] = if let Self::Invalid(flaws) = &self { flaws } else { &[] };
        let problem = Problem {
            r#type: format!("/problems/{code}"),
            title,
            status: status.as_u16(),
            detail,
            code,
            errors,
        };
        let mut response = (status, axum::Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(challenge) = self.challenge() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after_s() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Cause(Arc::new(self)));
        response
    }
}

impl From<redis::RedisError> for Error {
    /// Every failure of Redis becomes an outage, even an error inside a script, because the credential may be valid.
    fn from(error: redis::RedisError) -> Self {
        Self::StoreUnavailable(error.into())
    }
}

impl From<sqlx::Error> for Error {
    /// A database that is busy, read-only, full, missing or out of connections becomes an outage: the request is correct,
    /// and the client may send it again. Every other error is a fault of this server: an invalid statement, or a value that
    /// cannot be read.
    fn from(error: sqlx::Error) -> Self {
        let outage = match &error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
            | sqlx::Error::Tls(_)
            | sqlx::Error::Io(_) => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| is_sqlite_outage(&code)),
            _ => false,
        };
        if outage { Self::StoreUnavailable(error.into()) } else { Self::Internal(error.into()) }
    }
}

/// Whether a result code of SQLite (<https://www.sqlite.org/rescode.html>) means that the file cannot be used now. The
/// lower eight bits are the primary code; the other bits say which variant of it.
fn is_sqlite_outage(code: &str) -> bool {
    /// `PERM`, `BUSY`, `LOCKED`, `NOMEM`, `READONLY`, `INTERRUPT`, `IOERR`, `CORRUPT`, `FULL`, `CANTOPEN`, `PROTOCOL`,
    /// `AUTH` and `NOTADB`.
    const OUTAGES: &[u32] = &[3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 23, 26];
    code.parse::<u32>().is_ok_and(|code| OUTAGES.contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_outage_is_never_told_as_a_refused_credential() {
        let response = Error::StoreUnavailable("connection reset".into()).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert!(!response.headers().contains_key(header::WWW_AUTHENTICATE));
    }

    #[test]
    fn a_refused_credential_carries_the_bearer_challenge_with_its_error() {
        let refused = Error::InvalidToken("expired").into_response();
        assert_eq!(
            refused.headers()[header::WWW_AUTHENTICATE],
            r#"Bearer realm="authlab", error="invalid_token""#
        );
        let missing = Error::Unauthenticated.into_response();
        assert_eq!(missing.headers()[header::WWW_AUTHENTICATE], r#"Bearer realm="authlab""#);
    }

    #[tokio::test]
    async fn a_log_in_overtaken_by_a_change_reads_like_any_failed_log_in() {
        let bytes = |error: Error| async {
            axum::body::to_bytes(error.into_response().into_body(), 4096).await.unwrap()
        };
        assert_eq!(bytes(Error::LogInAfresh).await, bytes(Error::InvalidCredentials).await);
    }

    #[test]
    fn a_database_that_cannot_be_worked_on_is_an_outage_and_a_broken_rule_of_its_own_is_not() {
        // 5 is BUSY and 517 BUSY_SNAPSHOT; 19 is CONSTRAINT, 1 a statement that SQLite does not understand.
        for code in ["3", "5", "517", "6", "8", "1032", "10", "4874", "11", "13", "14", "26"] {
            assert!(is_sqlite_outage(code), "{code}");
        }
        for code in ["1", "19", "2067", "20", ""] {
            assert!(!is_sqlite_outage(code), "{code}");
        }
    }
}
