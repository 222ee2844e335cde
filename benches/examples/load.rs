//! Puts one server of this machine under load and prints the results:
//! `cargo run --release -p measure --example load -- http://127.0.0.1:PORT/ [CONNECTIONS [SECONDS [RATE]]]`.
//! Without a rate it is a closed loop. Its purpose is to compare this generator's ceiling with another generator's.

use std::process::ExitCode;
use std::time::Duration;

use measure::load::{self, ClosedLoop, FixedRate, Latencies, Load, LoadError, Reach, Run, Target};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(url) = arguments.first() else {
        eprintln!("which URL? For example http://127.0.0.1:8080/ 64 5");
        return ExitCode::from(2);
    };
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse::<f64>().ok());
    let connections = number(1).unwrap_or(64.0) as usize;
    let duration = Duration::from_secs_f64(number(2).unwrap_or(5.0));
    let load = match number(3) {
        Some(rate) => Load::Fixed(FixedRate::new(rate, connections, duration)),
        None => Load::Closed(ClosedLoop::new(connections, duration)),
    };
    match measured(url, &load).await {
        Ok(run) => {
            print(&run);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn measured(url: &str, load: &Load) -> Result<Run, LoadError> {
    load::run(&Target::get(url, "", Reach::LoopbackOnly)?, load).await
}

fn print(run: &Run) {
    println!(
        "{:.0} answers/s, {} answered, {} errors",
        run.throughput_rps(),
        run.answered,
        run.errors.total()
    );
    line("latency", &run.latency);
    run.send_lag.iter().for_each(|lag| line("send lag", lag));
    run.pacing_lag.iter().for_each(|lag| line("pacing lag", lag));
    if let Some(cost) = run.generator {
        let each = cost.time.as_secs_f64() * 1e6 / run.requests().max(1) as f64;
        println!(
            "generator: {each:.1} µs of CPU per request, busiest thread {:.0} %",
            cost.busiest_share * 100.0
        );
    }
}

fn line(name: &str, times: &Latencies) {
    let us = |quantile| times.quantile_us(quantile);
    println!(
        "{name} in µs: p50 {:.0}, p99 {:.0}, p99.9 {:.0}, max {:.0}",
        us(0.5),
        us(0.99),
        us(0.999),
        times.max_us()
    );
}
