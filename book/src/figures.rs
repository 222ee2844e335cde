//! The figures that pages refer to by name, so that no page's text contains a measured number. They come from the
//! committed report of `cargo lab bench`, or from a reader's own report. An unknown name stops the build.
//!
//! A page writes `{{figure check.session-redis}}`. The part after the dot is the name of a design in the report.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use measure::figures::{BASELINE, DesignFigures};
use measure::report::{Report, RoundTrip, SCHEMA, Summary, number, sections};

use crate::lang::Lang;
use crate::words::Words;

/// The committed report, used unless the reader gives another one.
const COMMITTED: &str = "../benches/reports/report.json";

const START: &str = "{{figure ";
const END: &str = "}}";

/// A report as the source of figures.
#[derive(Clone)]
pub(crate) struct Figures(pub(crate) Report);

/// The unit in which a number is written.
#[derive(Clone, Copy)]
enum Unit {
    Count,
    Share,
    Microseconds,
    Milliseconds,
    Bytes,
}

impl Figures {
    /// The figures of the committed report.
    pub(crate) fn committed() -> Result<Self> {
        Self::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(COMMITTED))
    }

    /// The figures of this report, or of the committed one if `report` is `None`.
    pub(crate) fn read_or_committed(report: Option<&PathBuf>) -> Result<Self> {
        report.map_or_else(Self::committed, |report| Self::read(report))
    }

    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let report: Report = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a report of `cargo lab bench`", path.display()))?;
        if report.schema != SCHEMA {
            bail!("{} has the schema {}, but this program reads {SCHEMA}", path.display(), report.schema);
        }
        Ok(Self(report))
    }

    /// The figure of this name as text; `None` if the report does not have it. An unknown name is an error.
    pub(crate) fn named(&self, name: &str, lang: Lang) -> Result<Option<String>> {
        let machine = &self.0.machine;
        Ok(match name {
            "machine" => Some(format!("{} × {}, {}", machine.logical_cpus, machine.cpu_model, machine.os)),
            "store" => Some(machine.store.clone()),
            "date" => number::date(self.0.begun_unix_s).split(' ').next().map(str::to_owned),
            _ => self.number(name)?.map(|(value, unit)| unit.write(value, lang)),
        })
    }

    fn number(&self, name: &str) -> Result<Option<(f64, Unit)>> {
        use Unit::{Bytes, Count, Microseconds, Milliseconds, Share};
        if let Some(pair) = name.strip_prefix("times ") {
            let (above, below) =
                pair.split_once(' ').with_context(|| format!("`{name}` needs the names of two figures"))?;
            let ratio = self.number(above)?.zip(self.number(below)?);
            let ratio = ratio.filter(|(_, (below, _))| *below > 0.0);
            return Ok(ratio.map(|((above, _), (below, _))| (above / below, Count)));
        }
        let (kind, design) = name.split_once('.').unwrap_or((name, ""));
        let report = &self.0;
        let ceiling = |figure: fn(&DesignFigures) -> Option<f64>| report.at_ceiling(design).and_then(figure);
        let subject = report.subject(design);
        let refresh = report.refresh.as_ref();
        Ok(match kind {
            "throughput" => ceiling(|figures| Some(figures.throughput_rps.median)).map(|rps| (rps, Count)),
            "share" => ceiling(|figures| figures.ratio.map(|ratio| ratio.median)).map(|of| (of, Share)),
            "cpu" => ceiling(|figures| Some(figures.server_cpu_us?.median)).map(|us| (us, Microseconds)),
            "check" => sections::check_us(report, design)
                .filter(|_| design != BASELINE)
                .map(|us| (us.max(0.0), Microseconds)),
            "works-for" => {
                let row = report.revocation.iter().find(|row| row.design == design);
                row.map(|row| (row.works_for_ms(), Milliseconds))
            }
            "header" => subject.and_then(|subject| subject.credential_bytes).map(|n| (n as f64, Bytes)),
            "stored" => subject.and_then(|subject| subject.stored_bytes_per_session).map(|n| (n, Bytes)),
            "near" => from(report.round_trips.first(), design),
            "far" => from(report.round_trips.last(), design),
            "break-even" => {
                let even = Summary::of(report).break_even;
                even.map(|even| (even.requests.ceil().max(1.0), Count))
            }
            "one-redis" => Summary::of(report)
                .design(design)
                .and_then(|at_scale| at_scale.one_redis_rps)
                .map(|rps| (rps, Count)),
            "million-users" => {
                Summary::of(report).design(design).map(|at_scale| (at_scale.million_users_monthly, Count))
            }
            "refresh" => match design {
                "cpu" => refresh.map(|refresh| (refresh.cpu_us(), Microseconds)),
                "trips" => refresh.map(|refresh| (refresh.store_round_trips.median, Count)),
                _ => bail!("no figure is called `{name}`"),
            },
            _ => bail!("no figure is called `{name}`"),
        })
    }
}

/// With Redis at one distance: the median latency of a design, or the distance itself if `design` is empty.
fn from(step: Option<&RoundTrip>, design: &str) -> Option<(f64, Unit)> {
    let step = step?;
    if design.is_empty() {
        return Some((step.measured_ms, Unit::Milliseconds));
    }
    Some((step.comparison.design(design)?.p50_us.median, Unit::Microseconds))
}

impl Unit {
    fn write(self, value: f64, lang: Lang) -> String {
        match self {
            Self::Count if (value - value.round()).abs() < 0.005 => number::thousands(value),
            Self::Count => number::short(value),
            Self::Share => format!("{:.0} %", value * 100.0),
            Self::Microseconds if value < 1e3 => format!("{} µs", number::short(value)),
            Self::Microseconds => duration(value, lang.words()),
            Self::Milliseconds => duration(value * 1e3, lang.words()),
            Self::Bytes => number::bytes(value),
        }
    }
}

/// A duration as it is written in a sentence.
pub(crate) fn duration(us: f64, words: &Words) -> String {
    let written = if us == 0.0 { "0 s".to_owned() } else { number::duration_us(us) };
    let Some((count, unit)) = written.rsplit_once(' ') else { return written };
    let unit = match unit {
        "s" => words.seconds,
        "min" => words.minutes,
        "h" => words.hours,
        other => other,
    };
    format!("{count} {unit}")
}

/// The names of the figures in a line.
pub(crate) fn names(line: &str) -> impl Iterator<Item = &str> {
    line.split(START).skip(1).filter_map(|rest| rest.split_once(END)).map(|(name, _)| name.trim())
}

/// The line in which each name is replaced by its figure.
pub(crate) fn fill(line: &str, mut figure: impl FnMut(&str) -> Result<String>) -> Result<String> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(START) {
        let (name, after) = after.split_once(END).context("a figure's name does not end with `}}`")?;
        out.push_str(before);
        out.push_str(&figure(name.trim())?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
pub(crate) mod tests;
