//! A server that does the least that can be done: what the load generator reaches against it is the generator's own ceiling.
//!
//! It is no design; `bench` starts it and nobody else.

use std::io::Write;
use std::process::ExitCode;

use axum::http::StatusCode;
use measure::do_nothing;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::fault::Fault;
use crate::serve::{LISTENING, stdin_ends};
use crate::server::Process;

pub(crate) async fn run() -> Result<ExitCode, Fault> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "{LISTENING}http://{}", listener.local_addr()?)?;
    tokio::select! {
        served = do_nothing::serve(listener, StatusCode::OK) => served?,
        () = stdin_ends() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts it as a process of its own.
pub(crate) async fn start() -> Result<Process, Fault> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("yardstick");
    Process::start(command, "yardstick").await
}
