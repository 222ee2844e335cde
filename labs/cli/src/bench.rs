//! `cargo lab bench`: the full measurement and its report.
//!
//! A sequence of parts, each of which adds to the one report. Whatever ends it, the end of the plan, Ctrl-C, or a server
//! that fails half way, what was measured until then is written: `report.json`, `report.md` and `report.html` in
//! `target/authlab/report`.

mod ceiling;
mod commands;
mod crowd;
mod distance;
mod lineup;
mod plan;
mod rates;
mod refresh;
mod revocation;
mod stop;
mod terminal;
mod timeline;
mod url;
mod write;

use std::process::ExitCode;
use std::time::Instant;

use kit::Clock;
use measure::figures::Comparison;
use measure::machine::Machine;
use measure::report::{Report, SCHEMA};
use measure::rounds::{self, Design as Measured, Plan as Rounds};

use self::lineup::{Entry, Lineup};
use self::plan::Plan;
use self::stop::Stop;
use self::timeline::Timeline;
use crate::arguments::BenchArguments;
use crate::fault::Fault;
use crate::store::{self, Ready};

/// What every part of the measurement needs.
struct Bench {
    plan: Plan,
    store: Ready,
    stop: Stop,
    timeline: Timeline,
}

pub(crate) async fn run(arguments: BenchArguments) -> Result<ExitCode, Fault> {
    let (began, plan) = (Instant::now(), Plan::of(&arguments)?);
    let entries = lineup::chosen(&arguments.designs)?;
    let timeline = Timeline::new(plan.duration());
    timeline.stage("looking for a Redis");
    let store = store::get(arguments.store.clone()).await?;
    let bench = Bench { plan, store, stop: Stop::on_ctrl_c(), timeline };
    let mut report = blank(&bench);
    let done = measure(&bench, &arguments, &entries, &mut report).await;
    report.took_s = began.elapsed().as_secs_f64();
    report.complete = done.is_ok() && !bench.stop.is_told();
    drop(bench);
    let written = write::all(&report)?;
    if arguments.json {
        println!("{}", written.json);
    } else {
        terminal::print(&report, &written);
    }
    done.map(|()| if report.complete { ExitCode::SUCCESS } else { ExitCode::from(130) })
}

async fn measure(
    bench: &Bench,
    arguments: &BenchArguments,
    entries: &[Entry],
    report: &mut Report,
) -> Result<(), Fault> {
    let Some(lineup) =
        bench.stop.unless_told(Lineup::start(bench, arguments, entries, report)).await.transpose()?
    else {
        return Ok(());
    };
    ceiling::measure(bench, &lineup, report).await?;
    rates::measure(bench, &lineup, report).await?;
    distance::measure(bench, &lineup, report).await?;
    revocation::measure(bench, &lineup, report).await?;
    refresh::measure(bench, &lineup, report).await?;
    crowd::measure(bench, &lineup, report).await
}

fn blank(bench: &Bench) -> Report {
    Report {
        schema: SCHEMA,
        begun_unix_s: Clock::system().now_s(),
        took_s: 0.0,
        plan: bench.plan.name.to_owned(),
        complete: false,
        machine: Machine::describe(bench.store.description()),
        subjects: Vec::new(),
        skipped: Vec::new(),
        generator_ceiling: None,
        ceiling: None,
        rates: Vec::new(),
        histograms: Vec::new(),
        concurrency: Vec::new(),
        round_trips: Vec::new(),
        revocation: Vec::new(),
        refresh: None,
    }
}

impl Bench {
    /// One comparison, shown as it goes on. None if there is nothing of it because of Ctrl-C.
    async fn compare(
        &self,
        what: &str,
        designs: &[Measured],
        rounds: Rounds,
    ) -> Result<Option<Comparison>, Fault> {
        if self.stop.is_told() || designs.is_empty() {
            return Ok(None);
        }
        self.timeline.stage(what);
        let each = rounds.load.duration();
        let warm_up = rounds.warm_up;
        let mut before = None;
        let comparison = rounds::compare_until(self.stop.told(), designs, &rounds, |now| {
            // What is reported is about to happen; what was reported before is over.
            self.timeline.passed(before.take().unwrap_or_default());
            before = Some(if now.round == 0 { warm_up } else { each });
            let round = if now.round == 0 {
                "warm-up".into()
            } else {
                format!("round {} of {}", now.round, rounds.rounds)
            };
            self.timeline.detail(&format!("{what}: {}, {round}", now.design));
        })
        .await?;
        Ok((comparison.rounds > 0).then_some(comparison))
    }
}
