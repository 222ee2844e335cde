//! Puts one server under load and counts its responses, failures included.
//!
//! The generator runs on its own threads, each with a small runtime and connections of its own. Its CPU time can
//! therefore be told apart from everything else in the process, and nothing else delays it. Connections are opened
//! before the clock starts. Every response that is not the expected one is counted as an error, by kind; nothing is
//! retried silently.

mod address;
mod answer;
mod closed;
mod connection;
mod error;
mod fixed;
mod generator;
mod latencies;
mod outcome;
mod pacing;
mod plan;
mod queue;
mod run;
mod tally;
mod target;

pub use error::LoadError;
pub use latencies::Latencies;
pub(crate) use outcome::is_too_many_open_files;
pub use outcome::{Outcome, Outcomes};
pub use pacing::on_schedule;
pub use plan::{ClosedLoop, FixedRate, Load};
pub use run::{Errors, GeneratorCpu, Run};
pub use target::{Reach, Target};

/// Runs `load` against `target` and returns once every request is answered or given up.
///
/// The work happens on the generator's own threads: this future only waits, needs no particular runtime, and stops the
/// load when it is dropped.
///
/// ```
/// use std::time::Duration;
///
/// use hyper::StatusCode;
/// use measure::do_nothing;
/// use measure::load::{self, ClosedLoop, Load, Reach, Target};
/// use tokio::net::TcpListener;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let url = format!("http://{}", listener.local_addr()?);
/// tokio::spawn(do_nothing::serve(listener, StatusCode::OK));
///
/// let target = Target::get(&url, "/me", Reach::LoopbackOnly)?;
/// let run = load::run(&target, &Load::Closed(ClosedLoop::new(2, Duration::from_millis(20)))).await?;
/// assert!(run.latency.count() > 0);
/// assert_eq!(run.errors.total(), 0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`LoadError`] when the load cannot start: the plan is invalid, a connection or a thread cannot be opened.
pub async fn run(target: &Target, load: &Load) -> Result<Run, LoadError> {
    run_from(target, load, async {}).await.map(|(run, ())| run)
}

/// Like [`run`], and awaits `connected` when all connections are open and before the first request is sent: a counter
/// that is read then counts no handshakes. Returns its result too.
///
/// # Errors
/// The errors of [`run`].
pub async fn run_from<T>(
    target: &Target,
    load: &Load,
    connected: impl Future<Output = T>,
) -> Result<(Run, T), LoadError> {
    load.check()?;
    let reached = if target.is_settled() { target.clone() } else { target.clone().reached().await? };
    let target = &reached;
    match load {
        Load::Closed(plan) => closed::run(target, plan, connected).await,
        Load::Fixed(plan) => fixed::run(target, plan, connected).await,
    }
}
