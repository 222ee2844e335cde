//! Why a run of load could not start.

use std::io;
use std::net::SocketAddr;

use super::outcome::Outcome;

/// Why a run of load could not start. Failures during the run are not here: they are counted in [`Errors`](super::Errors).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The URL cannot be measured.
    #[error("`{url}` cannot be measured: {reason}")]
    Url {
        /// The URL that was given, without user name and password.
        url: String,
        /// The problem, as the end of a sentence.
        reason: String,
    },
    /// A header cannot be sent.
    #[error("header `{name}` cannot be sent: {reason}")]
    Header {
        /// The name of the header, in lower case.
        name: String,
        /// The problem, as the end of a sentence.
        reason: &'static str,
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
    #[error("could not connect to {}{}", listed(.addresses), advice(.source))]
    Connect {
        /// The addresses that the generator called.
        addresses: Vec<SocketAddr>,
        /// The error of the operating system or of the HTTP handshake.
        source: io::Error,
    },
    /// The operating system gave no thread or no event loop to the generator.
    #[error("the load generator could not start a thread")]
    Thread(#[source] io::Error),
    /// A generator thread ended without a result, which is a bug in this library.
    #[error("a thread of the load generator ended without a result")]
    Lost,
}

fn listed(addresses: &[SocketAddr]) -> String {
    let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
    addresses.join(" or ")
}

/// What to do about a connection that could not be opened. The cause itself is the error's source.
fn advice(source: &io::Error) -> &'static str {
    match Outcome::of_io(source) {
        Outcome::Refused => ": is the server running?",
        Outcome::TooManyOpenFiles => {
            ": the load generator needs more open connections than this shell allows, raise `ulimit -n`"
        }
        _ => "",
    }
}
