//! Every way in which a request can fail, and the one place where each becomes an HTTP answer.
//!
//! A cause and an answer are two things: the client reads a fixed problem document (RFC 9457) that gives nothing
//! internal away, while the cause goes along in the response's extensions to the log, under the same request id.

use std::borrow::Cow;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::scheme::NotReady;

/// A cause from below: a store, the database, the hasher.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a request was not served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request could not be read at all.
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    /// The request was read, and says something that cannot be.
    #[error("the request is invalid: {0:?}")]
    Invalid(Vec<Flaw>),
    /// No credential was sent where one is needed.
    #[error("no credential was sent")]
    Unauthenticated,
    /// A credential was sent and refused. The reason is for the log alone.
    #[error("the credential was refused: {0}")]
    InvalidToken(&'static str),
    /// A token that this server did not make, or that was changed since. To the client it is refused like any other.
    #[error("the token was not made by this server: {0}")]
    ForgedToken(&'static str),
    /// A token that names a key which this server does not hold: it was removed, or never was. To the client it is refused
    /// like any other.
    #[error("the token names key {0}, which this server does not hold")]
    UnknownKey(u16),
    /// The address or the password is wrong; which of the two is nobody's business.
    #[error("unknown address or wrong password")]
    InvalidCredentials,
    /// The account changed between the check of the password and the making of the credential. To the client this is a
    /// failed log-in like any other.
    #[error("the account changed while the log-in was under way")]
    LogInAfresh,
    /// The store knows a greater epoch of the account than its row says. Handlers lift the row and go on, so
    /// a client does not see this.
    #[error("the store knows epoch {epoch} of this account, and its row is behind")]
    StoreAhead {
        /// The epoch that the store knows.
        epoch: u64,
    },
    /// A refresh token was refused.
    #[error("the refresh token was refused: {0:?}")]
    Refresh(RefreshRefusal),
    /// A browser sent this request from a page that is not ours.
    #[error("cross-site request: {0}")]
    Csrf(&'static str),
    /// The current password was not the one given.
    #[error("wrong password")]
    WrongPassword,
    /// Nothing is there, or nothing that this caller may know of.
    #[error("not found")]
    NotFound,
    /// The path exists, the method does not. The router adds `Allow`.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The address has an account already.
    #[error("the address is taken")]
    EmailTaken,
    /// The body is longer than a body may be.
    #[error("the body is too large")]
    TooLarge {
        /// The most bytes that this server reads.
        most_bytes: usize,
    },
    /// The body is no JSON by its own account.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// Too many failed log-ins, or too many sign-ups.
    #[error("throttled for {retry_after_s} s")]
    Throttled {
        /// Seconds until the next attempt is looked at.
        retry_after_s: u64,
    },
    /// A store did not answer, or not in time. Never told to a client as a 401: it is not their credential's fault.
    #[error("the store is unavailable: {0}")]
    StoreUnavailable(#[source] Source),
    /// A part that the server needs is not in working order; for `/health/ready`.
    #[error("not ready: {0}")]
    NotReady(NotReady),
    /// More work is waiting than can be done in useful time.
    #[error("overloaded: {0}")]
    Overloaded(&'static str),
    /// Something that should not happen did.
    #[error("internal error: {0}")]
    Internal(#[source] Source),
}

/// Why a refresh token was refused. The client drops its credentials on every one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshRefusal {
    /// It does not parse, its MAC does not hold, or it came by the wrong way.
    Invalid,
    /// It names a key that this server does not hold. To the client it is invalid like any other.
    UnknownKey(u16),
    /// Its session has passed its idle or absolute limit.
    Expired,
    /// It had been exchanged before: a copy is about, and the whole session is over.
    Reused,
    /// Its session was ended, by a log-out or by a change of the account.
    Ended,
}

/// One thing that is wrong with a request's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// Where, as a JSON pointer (RFC 6901): `/email`.
    pub pointer: String,
    /// What, in a sentence for the person who wrote the client.
    pub detail: String,
}

/// The cause of a failed response, left in its extensions for the log.
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
    /// Status, stable code and the two sentences that a client gets to read.
    fn answer(&self) -> (StatusCode, &'static str, &'static str, Cow<'static, str>) {
        use StatusCode as S;
        let (status, code, title, detail) = match self {
            Self::NotReady(part) => {
                return (S::SERVICE_UNAVAILABLE, "store_unavailable", "Not ready", part.to_string().into());
            }
            Self::TooLarge { most_bytes } => {
                let detail = format!("A body has at most {most_bytes} bytes.");
                return (S::PAYLOAD_TOO_LARGE, "too_large", "The body is too large", detail.into());
            }
            Self::Malformed(detail) => (S::BAD_REQUEST, "malformed", "The request cannot be read", *detail),
            Self::Invalid(_) => (
                S::UNPROCESSABLE_ENTITY,
                "invalid",
                "The request says something that cannot be",
                "See `errors` for each flaw and where it is.",
            ),
            Self::Unauthenticated => (
                S::UNAUTHORIZED,
                "unauthenticated",
                "A credential is needed",
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
                "The log-in was refused",
                "The address or the password is wrong.",
            ),
            Self::Refresh(refusal) => {
                let (code, detail) = match refusal {
                    RefreshRefusal::Invalid | RefreshRefusal::UnknownKey(_) => {
                        ("refresh_invalid", "This is no refresh token of this server.")
                    }
                    RefreshRefusal::Expired => {
                        ("refresh_expired", "The session is over its time. Log in again.")
                    }
                    RefreshRefusal::Reused => (
                        "refresh_reused",
                        "This token had been used before, so its session was ended. Log in again.",
                    ),
                    RefreshRefusal::Ended => ("refresh_ended", "The session was ended. Log in again."),
                };
                (S::UNAUTHORIZED, code, "The refresh token was refused", detail)
            }
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
            Self::NotFound => {
                (S::NOT_FOUND, "not_found", "Nothing is here", "There is nothing at this address.")
            }
            Self::MethodNotAllowed => (
                S::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Wrong method",
                "This address answers to other methods; see the Allow header.",
            ),
            Self::EmailTaken => (
                S::CONFLICT,
                "email_taken",
                "The address is taken",
                "There is an account with this address. Log in.",
            ),
            Self::UnsupportedMediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Wrong content type",
                "Send the body as application/json.",
            ),
            Self::Throttled { .. } => (
                S::TOO_MANY_REQUESTS,
                "throttled",
                "Too many attempts",
                "Wait as long as Retry-After says and try again.",
            ),
            Self::StoreUnavailable(_) | Self::StoreAhead { .. } => (
                S::SERVICE_UNAVAILABLE,
                "store_unavailable",
                "A store does not answer",
                "Keep the credential and try again shortly.",
            ),
            Self::Overloaded(_) => {
                (S::SERVICE_UNAVAILABLE, "overloaded", "The server is busy", "Try again shortly.")
            }
            Self::Internal(_) => (
                S::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong here",
                "Quote the x-request-id when you report this.",
            ),
        };
        (status, code, title, detail.into())
    }

    /// What a client gets to know it by.
    pub(crate) fn told(&self) -> (StatusCode, &'static str) {
        let (status, code, ..) = self.answer();
        (status, code)
    }

    /// The challenge that RFC 9110 §11.6.1 asks of every 401, with RFC 6750 §3's `error` when a credential was refused.
    pub(crate) fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Unauthenticated | Self::InvalidCredentials | Self::LogInAfresh => {
                Some(r#"Bearer realm="authlab""#)
            }
            Self::InvalidToken(_) | Self::ForgedToken(_) | Self::UnknownKey(_) | Self::Refresh(_) => {
                Some(r#"Bearer realm="authlab", error="invalid_token""#)
            }
            _ => None,
        }
    }

    /// Seconds after which trying again makes sense.
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
    /// Every failure of Redis is an outage to the caller, a script's own error included: the credential may be fine.
    fn from(error: redis::RedisError) -> Self {
        Self::StoreUnavailable(error.into())
    }
}

impl From<sqlx::Error> for Error {
    /// A database that is busy, read-only, full, gone or out of connections is an outage: nothing is wrong with the request,
    /// and it may be sent again. Every other error is a fault of ours: a statement that makes no sense, or a value
    /// that does not read.
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

/// Whether a result code of SQLite (<https://www.sqlite.org/rescode.html>) says that the file cannot be worked on now. The
/// lower eight bits name the kind; the others say which of them it is.
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
