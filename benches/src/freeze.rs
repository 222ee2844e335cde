//! Stops a server for a while and continues it: a stall whose length is known without any load generator.
//!
//! A probe that shares no code with the generator measures the stall, from the moment when the server is stopped to the
//! moment when it responds again. The percentiles that a generator must report follow from this length by arithmetic.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

/// How long the probe waits for its response when the server does not continue.
const PATIENCE: Duration = Duration::from_secs(10);

/// Stops a child process of ours that serves HTTP at `address`, continues it after `length`, and returns how long it was
/// unresponsive as a client saw it. The process is continued even if the probe fails.
///
/// # Errors
/// When the process cannot be stopped or continued, or does not respond with `200 OK` afterwards.
pub async fn stall(pid: u32, address: SocketAddr, length: Duration) -> io::Result<Duration> {
    let pid = Pid::from_raw(i32::try_from(pid).map_err(io::Error::other)?);
    let mut probe = TcpStream::connect(address)?;
    probe.set_read_timeout(Some(PATIENCE))?;
    let stopped_at = Instant::now();
    kill(pid, Signal::SIGSTOP)?;
    // Until the process has stopped, it could still answer the probe.
    let stopped = waitpid(pid, Some(WaitPidFlag::WUNTRACED));
    // The kernel accepts the request although the stopped server does not read it.
    let asked = probe.write_all(b"GET /me HTTP/1.1\r\nhost: localhost\r\n\r\n");
    tokio::time::sleep_until((stopped_at + length).into()).await;
    kill(pid, Signal::SIGCONT)?;
    stopped?;
    asked?;
    let answered = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        BufReader::new(probe).read_line(&mut line)?;
        match line.starts_with("HTTP/1.1 200") {
            true => Ok(Instant::now()),
            false => Err(io::Error::other(format!("the probe was answered `{}`", line.trim()))),
        }
    });
    Ok(answered.await.map_err(io::Error::other)?? - stopped_at)
}

/// The 99th percentile that a generator must report when requests arrive evenly over `whole`: a request that arrives `t`
/// after the stop waits for the rest of the stall, and one per cent of all requests arrive in the first hundredth of
/// `whole`.
pub fn p99_of(stall: Duration, whole: Duration) -> Duration {
    stall.saturating_sub(whole / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_per_cent_waited_longest() {
        let (half, eight) = (Duration::from_millis(500), Duration::from_secs(8));
        assert_eq!(p99_of(half, eight), Duration::from_millis(420));
        assert_eq!(p99_of(Duration::from_millis(50), eight), Duration::ZERO);
    }
}
