//! `cargo lab bench`: the full measurement and its report.
//!
//! The measurement is a sequence of parts, each of which returns what it found. However it ends (at the end of the plan,
//! by Ctrl-C, or because a server failed), the results so far are written: `report.json`, `report.md` and `report.html`
//! in `target/authlab/report`.

mod arguments;
mod ceiling;
mod claims;
mod commands;
mod context;
mod crowd;
mod distance;
mod entry;
mod estimate;
mod exchange;
mod found;
mod guest;
mod issuance;
mod lineup;
mod older;
mod peers;
mod plan;
mod rates;
mod refresh;
mod revocation;
mod scale;
mod sequence;
mod stop;
mod tables;
mod targets;
mod timeline;
mod url;
mod write;
pub mod yardstick;

use std::path::Path;
use std::process::ExitCode;

use harness::{Failure, terminal};
use measure::compare;
use measure::report::{Report, sections};
use measure::scale::Prices;

pub use self::arguments::BenchArguments;

/// Carries out the requested measurement, writes the report, and prints it. The exit code is 1 if a server has no
/// figures because it did not answer as expected, or if a figure is worse and `--fail-on-regression` was given.
///
/// ```no_run
/// use clap::Parser;
/// use runner::BenchArguments;
///
/// #[derive(Parser)]
/// struct Line {
///     #[command(flatten)]
///     arguments: BenchArguments,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), harness::Failure> {
/// let line = Line::parse_from(["bench", "--quick", "--designs", "session,hybrid"]);
/// let code = runner::run(line.arguments).await?;
/// # let _ = code;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When an argument is invalid, a server does not start, or the report cannot be written.
pub async fn run(arguments: BenchArguments) -> Result<ExitCode, Failure> {
    // Check every file before measuring: twenty minutes are too long to learn that one cannot be read or written.
    let folder = write::writable(arguments.into.as_deref())?;
    let older = arguments.compare.as_deref().map(older::read).transpose()?;
    let prices = prices(arguments.prices.as_deref())?;
    let (report, done) = match &arguments.report {
        Some(path) => {
            let mut report = older::read(path)?;
            if let Some(scale) = report.scale.as_mut().filter(|_| arguments.prices.is_some()) {
                scale.prices = prices;
            }
            (report, Ok(()))
        }
        None => sequence::measure(&arguments, prices).await?,
    };
    match done {
        // An earlier report is worth more than an empty one.
        Err(failure) if report.is_empty() => Err(failure),
        done => {
            let told = tell(&arguments, &folder, report, older)?;
            done.map(|()| told)
        }
    }
}

/// Writes and prints the report, and returns the exit code.
fn tell(
    arguments: &BenchArguments,
    folder: &Path,
    mut report: Report,
    older: Option<Report>,
) -> Result<ExitCode, Failure> {
    let mut refused = None;
    if let Some(older) = older {
        match compare::between(&older, &report, arguments.other_machine) {
            Ok(changes) => report.changes = Some(changes),
            Err(error) => refused = Some(Failure::from(error)),
        }
    }
    let written = write::all(&report, folder)?;
    if arguments.json {
        harness::outln!("{}", written.json);
        // Without --json, the tables begin with these sentences.
        sections::without_figures(&report).iter().for_each(|sentence| terminal::warn(sentence));
    } else {
        tables::print(&report, &written);
    }
    if let Some(refused) = refused {
        return Err(refused);
    }
    let is_worse = report.changes.as_ref().is_some_and(|changes| changes.regressions().next().is_some());
    Ok(match (is_worse && arguments.fail_on_regression) || report.lacks_figures() {
        true => ExitCode::FAILURE,
        false if report.complete => ExitCode::SUCCESS,
        false => ExitCode::from(130),
    })
}

/// The prices for the cost model: the user's own file, or ours.
fn prices(path: Option<&Path>) -> Result<Prices, Failure> {
    let Some(path) = path else { return Ok(Prices::ours()?) };
    let unusable = |why: &dyn std::fmt::Display| Failure::new(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unusable(&error))?;
    Prices::read(&text).map_err(|error| unusable(&error))
}
