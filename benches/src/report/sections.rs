//! The content of a report in its order. Every format is generated from it, so that all formats have the same content.

mod answers;
mod ceiling;
mod changes;
mod claims;
mod concurrency;
mod control;
mod doubts;
mod exchanges;
mod latency;
mod libraries;
mod peers;
mod place;
mod refresh;
mod revocation;
mod round_trips;
mod scale;
mod section;
mod targets;
mod weight;

use super::{Report, Role, number};
use section::question_mark;
pub use section::{Section, check_us};

/// The title of a report.
pub const TITLE: &str = "Sessions or JWT: what it costs to know who is asking";

/// All sections of the report; a part that was not measured has no section.
pub fn all(report: &Report) -> Vec<Section> {
    let parts = [
        control::section(report),
        changes::section(report),
        ceiling::section(report),
        answers::section(report),
        latency::section(report),
        round_trips::section(report),
        revocation::section(report),
        refresh::section(report),
        concurrency::section(report),
        peers::section(report),
        exchanges::section(report),
        libraries::section(report),
        claims::section(report),
        scale::bounds(report),
        scale::checks(report),
        scale::cost(report),
        weight::section(report),
        targets::section(report),
        doubts::section(report),
        Some(place::section(report)),
    ];
    parts.into_iter().flatten().collect()
}

/// The lines before the first section.
pub fn preface(report: &Report) -> Vec<String> {
    let mut lines = vec![format!(
        "Made {} in {} on {} × {}, {}; store: {}. Plan: {}.",
        number::date(report.begun_unix_s),
        number::duration_s(report.took_s),
        report.machine.logical_cpus,
        report.machine.cpu_model,
        report.machine.os,
        report.machine.store,
        report.plan,
    )];
    if !report.complete {
        lines.push("Stopped early: the missing parts were not measured.".to_owned());
    }
    if report.machine.build_profile != "release" {
        lines.push("Made with a debug build: its times are meaningless.".to_owned());
    }
    lines.extend(without_figures(report));
    lines.extend(ceiling::headline(report));
    for skipped in &report.skipped {
        lines.push(format!("Not measured: {}. {}", skipped.what, skipped.why));
    }
    lines
}

/// One sentence for each server that has no figures in a part of the report, with the reason.
pub fn without_figures(report: &Report) -> Vec<String> {
    answers::without_figures(report)
}

/// A key figure that is shown in large type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// The figure, with its unit.
    pub figure: String,
    /// The description of the figure.
    pub what: String,
}

/// The few key figures of the argument; those that were not measured are left out.
pub fn tiles(report: &Report) -> Vec<Tile> {
    let doubted = |design: &str| report.at_ceiling(design).map_or("", question_mark);
    let check = |role: Role, what: &str| {
        let design = report.named_by(role)?;
        let us = check_us(report, design)?;
        let figure = format!("{us:+.1} µs{}", doubted(design));
        Some(Tile { figure, what: format!("CPU a request for {what}") })
    };
    let until = |role: Role| {
        let design = report.named_by(role)?;
        let row = report.revocation.iter().find(|row| row.design == design)?;
        let seconds = row.usual_access_ttl_s.filter(|_| row.let_in > 0);
        let what = format!("until a stolen copy is refused after log out: {design}");
        let tile = |figure: String, how: String| Tile { figure, what: format!("{what}{how}") };
        let Some(seconds) = seconds else { return Some(tile("at once".to_owned(), String::new())) };
        // The test issues tokens with a shorter lifetime than usual, so the usual one is extrapolated from it.
        let measured = row.access_ttl_s.filter(|measured| *measured != seconds);
        let how = measured.map_or(String::new(), |measured| {
            format!(" (computed; measured with tokens of {})", number::duration_s(measured as f64))
        });
        Some(tile(number::duration_s(seconds as f64), how))
    };
    [
        check(Role::LookUp, "a session looked up in Redis"),
        check(Role::SignedAndRefreshed, "a signed token, checked by this project's own strict check"),
        check(Role::Signed, "a signed token, checked by the library jsonwebtoken"),
        until(Role::LookUp),
        until(Role::SignedAndRefreshed),
    ]
    .into_iter()
    .flatten()
    .collect()
}
