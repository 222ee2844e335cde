//! T6: whether the load generator is reliable. Compares its ceiling with wrk's on the same server, and its percentile
//! with the true one when that server stalls for half a second.

use std::time::Duration;

use harness::Failure;
use measure::figures::Median;
use measure::load::{self, ClosedLoop, Load, Reach, Target as Loaded};
use measure::targets::{Limit, Target};
use tokio::process::Command;

use crate::context::Bench;
use crate::plan::{CONNECTIONS, Effort};
use crate::yardstick::{self, Yardstick};

const CEILING: &str = "requests/s: our generator / wrk";
const FREEZE: &str = "p99 where a server stands still: off the truth by";
/// The number of threads of our generator and of wrk.
const THREADS: usize = 2;

pub(super) async fn measure(bench: &Bench, effort: Effort) -> Result<Vec<Target>, Failure> {
    bench.timeline.stage("comparing the load generator with wrk");
    let server = yardstick::start(Yardstick::Nothing, None).await?;
    let target = Loaded::get(&server.url, "/me", Reach::LoopbackOnly)?;
    let ceiling = beside_wrk(bench, effort, &server.url, &target).await?;
    bench.timeline.stage("a server that is stopped for half a second");
    let freeze = frozen(effort, &target, server.pid).await?;
    bench.timeline.passed(effort.frozen);
    let how = format!(
        "{CONNECTIONS} connections on {THREADS} threads each, the server that does nothing, {} rounds in turn",
        effort.generator.rounds()
    );
    Ok(vec![
        Target::new("T6", CEILING, Limit::AtLeast(0.90), ceiling, how),
        Target::new("T6", FREEZE, Limit::AtMost(0.05), freeze, STANDS_STILL),
    ])
}

const STANDS_STILL: &str = "1,000 requests a second; the server is stopped for half a second, and a probe of its own \
                            says for how long it was away, from which the true percentile follows";

async fn beside_wrk(
    bench: &Bench,
    effort: Effort,
    url: &str,
    target: &Loaded,
) -> Result<Result<Median, String>, Failure> {
    let Ok(wrk) = which::which("wrk") else {
        return Ok(Err("There is no wrk on the PATH; on Debian it is `apt-get install wrk`.".to_owned()));
    };
    let duration = effort.generator.round();
    let closed = Load::Closed(ClosedLoop { threads: THREADS, ..ClosedLoop::new(CONNECTIONS, duration) });
    let mut ratios = Vec::new();
    // wrk accepts only whole seconds. Its figure is a rate, so the two need not run equally long.
    let seconds = duration.as_secs().max(1);
    for round in 0..effort.generator.rounds() {
        let ours = async { Ok::<_, Failure>(load::run(target, &closed).await?.throughput_rps()) };
        let theirs = async {
            let mut command = Command::new(&wrk);
            command.args([format!("-t{THREADS}"), format!("-c{CONNECTIONS}"), format!("-d{seconds}s")]);
            let output = command.arg(format!("{url}/me")).kill_on_drop(true).output().await?;
            rate_of(&String::from_utf8_lossy(&output.stdout))
        };
        // The order alternates, because the second finds the machine in another state than the first.
        let (ours, theirs) = match round % 2 {
            0 => {
                let ours = ours.await?;
                (ours, theirs.await?)
            }
            _ => {
                let theirs = theirs.await?;
                (ours.await?, theirs)
            }
        };
        ratios.push(ours / theirs);
        bench.timeline.passed(duration * 2);
    }
    Ok(Median::of(ratios).ok_or_else(|| "No round was made.".to_owned()))
}

/// The rate in wrk's output.
fn rate_of(said: &str) -> Result<f64, Failure> {
    let rate = said.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:")?.trim().parse().ok());
    rate.ok_or_else(|| Failure::new("the output of wrk contains no request rate"))
}

#[cfg(unix)]
async fn frozen(effort: Effort, target: &Loaded, pid: u32) -> Result<Result<Median, String>, Failure> {
    use measure::freeze;
    use measure::load::FixedRate;

    const STOPPED: Duration = Duration::from_millis(500);
    let load = Load::Fixed(FixedRate::new(1_000.0, 32, effort.frozen));
    let stall = async {
        tokio::time::sleep(effort.frozen / 3).await;
        freeze::stall(pid, target.address(), STOPPED).await
    };
    let (run, stall) = tokio::join!(load::run(target, &load), stall);
    let true_us = freeze::p99_of(stall?, effort.frozen).as_secs_f64() * 1e6;
    let off = (run?.latency.quantile_us(0.99) / true_us - 1.0).abs();
    Ok(Median::of([off]).ok_or_else(|| "Nothing was read.".to_owned()))
}

#[cfg(not(unix))]
async fn frozen(_effort: Effort, _target: &Loaded, _pid: u32) -> Result<Result<Median, String>, Failure> {
    Ok(Err("This system cannot stop and continue a process.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_out_of_what_wrk_says() {
        let said =
            "  1000 requests in 1.00s, 100KB read\nRequests/sec:  95123.45\nTransfer/sec:     11.24MB\n";
        assert_eq!(rate_of(said).unwrap(), 95_123.45);
        assert!(rate_of("unable to connect").is_err());
    }
}
