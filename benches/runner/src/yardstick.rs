//! Servers that do the least that can be done: what `bench` measures the load generator and the designs by.
//!
//! They are no designs; `bench` starts them and nobody else.

use std::io::Write;
use std::process::ExitCode;

use axum::http::StatusCode;
use clap::{Args, ValueEnum};
use harness::Failure;
use harness::process::stdin_ends;
use harness::server::Process;
use harness::store;
use kit::config::LogFormat;
use kit::{Config, announcement};
use measure::do_nothing;
use tokio::net::TcpListener;
use tokio::process::Command;

/// A server that no design can beat, for `bench` to measure by
#[derive(Debug, Args)]
pub struct YardstickArguments {
    /// What the server does
    #[arg(value_enum, default_value = "nothing")]
    pub(crate) kind: Yardstick,
}

/// What one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Yardstick {
    /// One answer for everything, on hyper alone: what the generator reaches there is its own ceiling
    Nothing,
    /// `/me` as a plain axum route, without the kit
    Bare,
    /// The same with one GET from Redis, with a design's deadline
    Get,
    /// `/auth/refresh` with one run of a script that does nothing
    Script,
}

impl Yardstick {
    /// Its name on the command line and in a report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Bare => "bare",
            Self::Get => "get",
            Self::Script => "script",
        }
    }
}

/// Serves one yardstick until its stdin ends.
///
/// # Errors
/// Where it cannot listen, or there is no Redis for one that asks it.
pub async fn run(arguments: YardstickArguments) -> Result<ExitCode, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = match arguments.kind {
        Yardstick::Nothing => None,
        Yardstick::Bare => Some(yardsticks::bare()),
        Yardstick::Get => Some(yardsticks::with_one_get(&redis()?, Config::default().redis.deadline).await?),
        Yardstick::Script => Some(yardsticks::with_one_script(&redis()?).await?),
    };
    writeln!(std::io::stdout(), "{}", announcement::line(LogFormat::Text, address))?;
    let serve = async {
        match routes {
            None => do_nothing::serve(listener, StatusCode::OK).await,
            Some(routes) => yardsticks::serve(listener, routes).await,
        }
    };
    tokio::select! {
        served = serve => served?,
        () = stdin_ends() => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn redis() -> Result<String, Failure> {
    store::url_in_environment()
        .ok_or_else(|| Failure::new("this yardstick asks the Redis that REDIS_URL names"))
}

/// Starts one as a process of its own.
pub(crate) async fn start(kind: Yardstick, store: Option<&str>) -> Result<Process, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["yardstick", kind.name()]);
    // Its URL may hold a password, and every user of this machine sees a command line.
    command.envs(store.map(|url| ("REDIS_URL", url)));
    Process::start(command, "yardstick").await
}
