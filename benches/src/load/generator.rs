//! The generator's threads: each has its own runtime and connections, and all start their clocks together.
//!
//! Connections are opened first. The clock starts only when every thread has opened all of its connections. So no run
//! measures its own handshakes, and a server that is not running is an error rather than a slow server.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::connection::Connection;
use super::error::LoadError;
use super::run::GeneratorCpu;
use super::tally::{SharedTally, Tally};
use super::target::Target;
use crate::process;

/// The results of one generator thread.
pub(super) struct Share {
    pub(super) tally: Tally,
    pub(super) cpu: Option<Duration>,
}

/// The work of one connection, from the start of the clock to the end of the run.
pub(super) trait Worker: Clone + Send + 'static {
    fn work(
        self,
        connection: Connection,
        start: Instant,
        tally: SharedTally,
    ) -> impl Future<Output = ()> + Send;
}

/// Threads with open connections that wait for the clock to start.
pub(super) struct Ready {
    start: watch::Sender<Option<Instant>>,
    shares: Vec<oneshot::Receiver<Share>>,
}

/// Opens `connections` connections on `threads` threads.
pub(super) async fn connect<W: Worker>(
    target: &Target,
    connections: usize,
    threads: usize,
    worker: W,
) -> Result<Ready, LoadError> {
    let (start, started) = watch::channel(None);
    let mut opened = Vec::with_capacity(threads);
    let mut shares = Vec::with_capacity(threads);
    for thread in 0..threads {
        let (report_open, open) = oneshot::channel();
        let (report_share, share) = oneshot::channel();
        // The first threads carry one connection more where the division leaves a remainder.
        let count = connections / threads + usize::from(thread < connections % threads);
        let (target, worker, started) = (target.clone(), worker.clone(), started.clone());
        thread::Builder::new()
            .name(format!("load-{thread}"))
            .spawn(move || {
                let share = run_thread(target, count, worker, started, report_open);
                // If the receiver is gone, the run was given up.
                if let Some(share) = share { report_share.send(share).ok() } else { None }
            })
            .map_err(LoadError::Thread)?;
        opened.push(open);
        shares.push(share);
    }
    for open in opened {
        match open.await {
            Ok(Ok(())) => {}
            Ok(Err(source)) => return Err(LoadError::Connect { addresses: vec![target.address()], source }),
            Err(_gone) => return Err(LoadError::Lost),
        }
    }
    Ok(Ready { start, shares })
}

impl Ready {
    /// Starts every thread. `start` is when the clock starts: now, or slightly later to give other threads time to wake
    /// up.
    pub(super) fn start(&self, start: Instant) {
        self.start.send_replace(Some(start));
    }

    /// Waits until every thread has finished and returns their results.
    pub(super) async fn finish(self) -> Result<Vec<Share>, LoadError> {
        let mut all = Vec::with_capacity(self.shares.len());
        for share in self.shares {
            all.push(share.await.map_err(|_gone| LoadError::Lost)?);
        }
        Ok(all)
    }
}

/// Merges the counts of all threads, and lists the CPU time of each.
pub(super) fn gather(shares: Vec<Share>) -> (Tally, Vec<Option<Duration>>) {
    let mut all = Tally::new();
    let mut cpu = Vec::with_capacity(shares.len());
    for share in shares {
        all.merge(&share.tally);
        cpu.push(share.cpu);
    }
    (all, cpu)
}

/// The generator's CPU cost over `elapsed`, from the CPU times of its threads; `None` when one of them cannot be read.
pub(super) fn cost(threads: &[Option<Duration>], elapsed: Duration) -> Option<GeneratorCpu> {
    let threads: Vec<Duration> = threads.iter().copied().collect::<Option<_>>()?;
    let busiest = threads.iter().copied().max()?;
    let share = busiest.as_secs_f64() / elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
    Some(GeneratorCpu { time: threads.iter().sum(), busiest_share: share })
}

fn run_thread<W: Worker>(
    target: Target,
    count: usize,
    worker: W,
    mut started: watch::Receiver<Option<Instant>>,
    report_open: oneshot::Sender<io::Result<()>>,
) -> Option<Share> {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            report_open.send(Err(error)).ok();
            return None;
        }
    };
    runtime.block_on(async {
        let connections = match open_all(&target, count).await {
            Ok(connections) => connections,
            Err(error) => {
                report_open.send(Err(error)).ok();
                return None;
            }
        };
        report_open.send(Ok(())).ok()?;
        // The sender is dropped without a start when another thread could not connect.
        let start = (*started.wait_for(Option::is_some).await.ok()?)?;
        let before = process::this_thread_cpu_time();
        let tally = SharedTally::new();
        let mut workers = JoinSet::new();
        for connection in connections {
            workers.spawn(worker.clone().work(connection, start, tally.clone()));
        }
        tokio::select! {
            () = async { while workers.join_next().await.is_some() {} } => {}
            // The sender is gone: the run's future was dropped, and the load must stop with it.
            _gone = started.changed() => return None,
        }
        let cpu = before.zip(process::this_thread_cpu_time()).map(|(before, after)| after - before);
        Some(Share { tally: tally.take(), cpu })
    })
}

async fn open_all(target: &Target, count: usize) -> io::Result<Vec<Connection>> {
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        connections.push(Connection::open(target).await?);
    }
    Ok(connections)
}
