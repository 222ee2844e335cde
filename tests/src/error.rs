//! Why a server could not be judged at all, each in one sentence that says what to do.

use crate::client::ANSWER_WITHIN;

/// A server that cannot be judged. What a judged server does wrong stands in the report instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no URL, or one without a host.
    #[error("`{url}` is not a URL: give one such as http://127.0.0.1:8080")]
    NotAUrl {
        /// What was given.
        url: String,
    },
    /// TLS is not built in.
    #[error(
        "`{url}` needs TLS, which the checker does not speak: give it the http:// address behind the proxy, such as http://127.0.0.1:8080"
    )]
    Tls {
        /// What was given.
        url: String,
    },
    /// Another scheme than HTTP.
    #[error("`{url}` is not an http:// URL: give one such as http://127.0.0.1:8080")]
    NotAnHttpUrl {
        /// What was given.
        url: String,
    },
    /// Nobody listens there.
    #[error("nothing answers at {url}: start the server, or correct the address")]
    Unreachable {
        /// Where.
        url: String,
        /// What the network said.
        #[source]
        source: reqwest::Error,
    },
    /// Somebody listens and says nothing.
    #[error("{url} took the connection and did not answer within {} s: see what the server waits for, then try again", ANSWER_WITHIN.as_secs())]
    Silent {
        /// Where.
        url: String,
    },
    /// Somebody answers in another protocol.
    #[error("{url} does not answer in HTTP: check the port, and that TLS is not expected there")]
    NotHttp {
        /// Where.
        url: String,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
    /// The server has no descriptor.
    #[error(
        "{url} has no descriptor at GET /lab (it answered {status}): say what it claims with flags, such as --features access-jwt"
    )]
    NoDescriptor {
        /// Where.
        url: String,
        /// What it answered.
        status: u16,
    },
    /// The descriptor cannot be read.
    #[error(
        "the descriptor at {url}/lab cannot be read: correct it, or say what the server claims with flags"
    )]
    BadDescriptor {
        /// Where.
        url: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A filter that no check goes by.
    #[error("no check is called `{name}`: give an id such as `login.succeeds`, or a topic such as `login`")]
    NoSuchCheck {
        /// What was asked for.
        name: String,
    },
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up on this machine")]
    Client(#[source] reqwest::Error),
}
