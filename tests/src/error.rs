//! Why a server cannot be checked at all; each message says in one sentence what to do.

use outside::BaseUrlError;

use crate::transport::ANSWER_WITHIN;

/// A reason why a server cannot be checked. Faults of a server that can be checked are in the report instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not the address of a server.
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
    /// The connection failed: no server listens at the address.
    #[error("cannot connect to {url}: start the server, or correct the address")]
    Unreachable {
        /// The base URL of the server.
        url: String,
        /// The network error.
        #[source]
        source: reqwest::Error,
    },
    /// A server accepted the connection but did not respond.
    #[error("{url} accepted the connection but did not respond within {} s: find out what the server waits for, then try again", ANSWER_WITHIN.as_secs())]
    Silent {
        /// The base URL of the server.
        url: String,
    },
    /// The response is not HTTP.
    #[error(
        "{url} did not send an HTTP response: check the port, and that the server does not expect TLS there"
    )]
    NotHttp {
        /// The base URL of the server.
        url: String,
        /// The error of the HTTP client.
        #[source]
        source: reqwest::Error,
    },
    /// The server has no descriptor.
    #[error(
        "{url} has no descriptor at GET /lab (it responded with {status}): state what the server claims with flags, such as --features access-jwt"
    )]
    NoDescriptor {
        /// The base URL of the server.
        url: String,
        /// The status of its response.
        status: u16,
    },
    /// The server sends the request for its descriptor to another address. The checker follows no redirect, because each
    /// of its calls would be redirected.
    #[error("{url}/lab was answered with {status}, Location {location}: give {target} to --url")]
    Redirected {
        /// The base URL of the server.
        url: String,
        /// The status of its response.
        status: u16,
        /// The address in the response.
        location: String,
        /// The base URL that the address belongs to.
        target: String,
    },
    /// The descriptor cannot be read.
    #[error(
        "the descriptor at {url}/lab cannot be read: correct it, or state what the server claims with flags"
    )]
    BadDescriptor {
        /// The base URL of the server.
        url: String,
        /// The JSON error.
        #[source]
        source: serde_json::Error,
    },
    /// The filter matches no check.
    #[error("no check is called `{name}`: give an id such as `login.succeeds`, or a topic such as `login`")]
    NoSuchCheck {
        /// The name that was given.
        name: String,
    },
    /// The filter matches checks, and none of them acts as an attacker.
    #[error("none of the checks of `{names}` is an attack: choose an attack, or run `check` instead")]
    NoAttack {
        /// The names that were given.
        names: String,
    },
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up on this machine")]
    Client(#[source] reqwest::Error),
}
