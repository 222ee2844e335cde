//! The section on the break-even point: after how many requests the stateless design, which must refresh, costs less
//! than the session design, which looks up every request.

use super::section::{Section, check_us, mark, whole_cpu_us};
use crate::figures::{BASELINE, Interval};
use crate::report::chart::{Axis, Chart, Lines, Point, Series};
use crate::report::summary::BreakEven;
use crate::report::table::Table;
use crate::report::{Refresh, Report, Role, Summary, number};

/// The number of users that the figures are given for.
const PEOPLE: f64 = 1_000.0;
/// Requests of one user in the lifetime of one access token.
const REQUESTS: [f64; 7] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0];

pub(super) fn section(report: &Report) -> Option<Section> {
    let refresh = report.refresh.as_ref()?;
    let costs = Costs::of(report, refresh)?;
    let (session, hybrid) = (report.named_by(Role::LookUp)?, report.named_by(Role::SignedAndRefreshed)?);
    let mut table = Table::new([
        "requests of a user in that time".to_owned(),
        format!("{session}: CPU ms"),
        format!("{hybrid}: CPU ms"),
        format!("{session}: trips to Redis"),
        format!("{hybrid}: trips to Redis"),
    ]);
    for requests in REQUESTS {
        table.row([
            number::thousands(requests),
            number::short(costs.session_ms(requests)),
            number::short(costs.hybrid_ms(requests)),
            number::thousands(PEOPLE * requests),
            number::thousands(PEOPLE * refresh.store_round_trips.median),
        ]);
    }
    let series = |name: &str, ms: &dyn Fn(f64) -> f64| Series {
        name: name.to_owned(),
        mark: mark(report, name),
        points: REQUESTS.iter().map(|x| Point { x: *x, y: ms(*x), is_doubted: false }).collect(),
    };
    let minutes = refresh.access_ttl_s / 60;
    let chart = Lines {
        x: Axis::log(&format!("requests of one user in {minutes} minutes")),
        y: Axis::log(&format!("CPU ms for {} users in {minutes} minutes", number::thousands(PEOPLE))),
        series: vec![
            series(session, &|requests| costs.session_ms(requests)),
            series(hybrid, &|requests| costs.hybrid_ms(requests)),
        ],
        is_labelled: false,
    };
    Some(Section {
        id: "refresh",
        title: "What staying logged in costs".into(),
        says: costs.says(refresh, Summary::of(report).break_even),
        chart: Some(Chart::Lines(chart)),
        table,
        notes: vec![format!(
            "{} exchanges by {} clients, each of which rotated the token. For {} users with access tokens of {minutes} \
             minutes: the checks of all their requests, and one refresh each. CPU time of server and Redis together, \
             in addition to what the requests take without authentication.",
            number::thousands(refresh.exchanges as f64),
            refresh.clients,
            number::thousands(PEOPLE)
        )],
    })
}

/// Where the break-even is likely to be, in words.
fn range(Interval { low, high }: Interval) -> String {
    let (low, high) = (low.ceil().max(1.0), high.ceil());
    if high >= 1e6 { format!("at least {low:.0}") } else { format!("between {low:.0} and {high:.0}") }
}

/// CPU time in µs of each operation, server and Redis together.
struct Costs {
    look_up: f64,
    check: f64,
    refresh: f64,
}

impl Costs {
    fn of(report: &Report, refresh: &Refresh) -> Option<Self> {
        whole_cpu_us(report.at_ceiling(BASELINE)?)?;
        Some(Self {
            look_up: check_us(report, report.named_by(Role::LookUp)?)?.max(0.0),
            check: check_us(report, report.named_by(Role::SignedAndRefreshed)?)?.max(0.0),
            refresh: refresh.cpu_us(),
        })
    }

    fn session_ms(&self, requests: f64) -> f64 {
        PEOPLE * requests * self.look_up / 1e3
    }

    fn hybrid_ms(&self, requests: f64) -> f64 {
        PEOPLE * (requests * self.check + self.refresh) / 1e3
    }

    fn says(&self, refresh: &Refresh, even: Option<BreakEven>) -> Vec<String> {
        let cost = format!(
            "An exchange of a refresh token took {} µs of CPU time, server and Redis together, and {:.0} round trip to \
             Redis; looking up a session took {} µs and one round trip.",
            number::short(self.refresh),
            refresh.store_round_trips.median,
            number::short(self.look_up)
        );
        let Some(even) = even else {
            return vec![
                cost,
                "Here the check takes no less CPU time than the look-up, so the hybrid never costs less."
                    .into(),
            ];
        };
        let minutes = refresh.access_ttl_s / 60;
        let pays = format!(
            "So the hybrid takes less CPU time than the session if a user makes at least {:.0} requests in {minutes} \
             minutes ({}), and fewer round trips to Redis from the second request on.",
            even.requests.ceil().max(1.0),
            range(even.interval)
        );
        vec![cost, pays]
    }
}
