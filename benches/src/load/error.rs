//! Why a run of load could not start.

use std::net::SocketAddr;

/// Why a run of load could not start. Failures during the run are not here: they are counted in [`Errors`](super::Errors).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The base URL, path or a header cannot be read.
    #[error("`{url}` cannot be measured: {reason}")]
    Url {
        /// The URL or header name that was given.
        url: String,
        /// The problem, as the end of a sentence.
        reason: String,
    },
    /// The address is not this machine's, and the caller did not say that the server is their own.
    #[error(
        "{address} is not a loopback address; load is sent elsewhere only to a server of your own, when you say so"
    )]
    NotLoopback {
        /// The address that the URL resolved to.
        address: SocketAddr,
    },
    /// The plan asks for something that cannot be done, such as no connections.
    #[error("this load cannot be made: {0}")]
    Plan(&'static str),
    /// The connections could not be opened.
    #[error("could not connect to {address}: is the server running?")]
    Connect {
        /// The address that the generator called.
        address: SocketAddr,
        /// The error of the operating system or of the HTTP handshake.
        source: std::io::Error,
    },
    /// The operating system gave no thread or no event loop to the generator.
    #[error("the load generator could not start a thread")]
    Thread(#[source] std::io::Error),
    /// A generator thread ended without a result, which is a bug in this library.
    #[error("a thread of the load generator ended without a result")]
    Lost,
}
