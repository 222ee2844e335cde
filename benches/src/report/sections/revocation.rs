//! The section with the argument in one chart: the cost of a request against how long a stolen copy works after logout.

use super::section::{Section, check_us, mark, or_none};
use crate::figures::BASELINE;
use crate::report::chart::{Axis, Chart, Lines, Point, Series};
use crate::report::table::Table;
use crate::report::{Report, Revocation, number};

/// The value that represents "at once" on a logarithmic axis, in ms: shorter than any round trip here.
const AT_ONCE_MS: f64 = 0.1;

pub(super) fn section(report: &Report) -> Option<Section> {
    report.revocation.first()?;
    let mut table = Table::new([
        "design",
        "let in after log out",
        "last accepted after",
        "token lifetime here",
        "usual lifetime",
        "check costs µs",
    ]);
    for row in &report.revocation {
        table.row([
            row.design.clone(),
            format!("{} in {} tries", row.let_in, row.tries),
            duration_ms(row.last_let_in_ms.median),
            or_none(row.access_ttl_s, seconds),
            or_none(row.usual_access_ttl_s, seconds),
            or_none(check_us(report, &row.design), |us| format!("{us:+.1}")),
        ]);
    }
    Some(Section {
        id: "revocation",
        title: "How long a stolen copy works after log out".into(),
        says: vec![
            "Further left means that logout takes effect sooner; further down means that a request costs less. No \
             design reaches the lower left corner without giving something up.".to_owned(),
        ],
        chart: frontier(report),
        table,
        notes: vec![
            "A client with a copy of the credential requests /me, each time after the last answer, while the owner \
             logs out and other users' requests load the server. The time is measured from the answer to the logout to \
             the last accepted request. For this test, access tokens have a short lifetime; the chart shows their \
             usual lifetime."
                .into(),
        ],
    })
}

fn frontier(report: &Report) -> Option<Chart> {
    let point = |row: &Revocation| {
        let is_doubted = report.at_ceiling(&row.design).is_some_and(|figures| !figures.doubts.is_empty());
        let point = Point {
            x: row.works_for_ms().max(AT_ONCE_MS),
            y: check_us(report, &row.design)?.max(0.0),
            is_doubted,
        };
        Some(Series { name: row.design.clone(), mark: mark(report, &row.design), points: vec![point] })
    };
    let series: Vec<Series> =
        report.revocation.iter().filter(|row| row.design != BASELINE).filter_map(point).collect();
    let x = Axis {
        write: |ms| if ms <= AT_ONCE_MS { "at once".into() } else { number::duration_us(ms * 1e3) },
        ..Axis::log("a stolen copy works after log out for")
    };
    let y = Axis::linear("CPU µs that the check adds to a request");
    (!series.is_empty()).then_some(Chart::Lines(Lines { x, y, series, is_labelled: true }))
}

fn duration_ms(ms: f64) -> String {
    if ms <= 0.0 { "none accepted".to_owned() } else { number::duration_us(ms * 1e3) }
}

fn seconds(seconds: u64) -> String {
    number::duration_s(seconds as f64)
}
