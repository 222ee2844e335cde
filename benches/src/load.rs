//! Puts one server under load and counts its responses, failures included.
//!
//! The generator runs on its own threads, each with a small runtime and connections of its own. Its CPU time can
//! therefore be told apart from everything else in the process, and nothing else delays it. Connections are opened
//! before the clock starts. Every response that is not the expected one is counted as an error, by kind; nothing is
//! retried silently.

mod closed;
mod connection;
mod fixed;
mod generator;
mod latencies;
mod pacing;
mod plan;
mod queue;
mod run;
mod tally;
mod target;

pub use latencies::Latencies;
pub use plan::{ClosedLoop, FixedRate, Load};
pub use run::{Errors, GeneratorCpu, Run};
pub use target::{Reach, Target};

use std::net::SocketAddr;

/// Why a run of load could not start. Failures during the run are not here: they are counted in [`Errors`].
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

/// Runs `load` against `target` and returns once every request is answered or given up.
///
/// The work happens on the generator's own threads: this future only waits, needs no particular runtime, and stops the
/// load when it is dropped.
///
/// # Errors
/// [`LoadError`] when the load cannot start: the plan is invalid, a connection or a thread cannot be opened.
pub async fn run(target: &Target, load: &Load) -> Result<Run, LoadError> {
    load.check()?;
    match load {
        Load::Closed(plan) => closed::run(target, plan).await,
        Load::Fixed(plan) => fixed::run(target, plan).await,
    }
}
