//! The section on how far each design scales, by a model of the measured figures, and on how accurate that model was
//! here.

use super::section::{Section, mark};
use crate::report::chart::{Axis, Chart, Lines, Point, Series};
use crate::report::table::{DOUBTED, NONE, Table};
use crate::report::{Report, number};
use crate::scale::{Demand, Prices, Scale};

/// The total numbers of app server cores.
const CORES: [f64; 7] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0];
/// Numbers of users, online or not: a start-up, a country, and the whole world.
const PEOPLE: [f64; 4] = [1e6, 1e7, 1e8, 5e9];
/// A prediction that is off by more than this share is doubted.
const OFF: f64 = 0.15;

/// The highest throughput of a number of cores with one Redis.
pub(super) fn bounds(report: &Report) -> Option<Section> {
    let scale = with_demands(report)?;
    let mut header = vec!["app cores".to_owned()];
    header.extend(scale.demands.iter().map(|demand| demand.design.clone()));
    let mut table = Table::new(header);
    for cores in CORES {
        let rps = |demand: &Demand| number::thousands(demand.bound(cores, 1.0).rps());
        table.row([number::thousands(cores)].into_iter().chain(scale.demands.iter().map(rps)));
    }
    let series = scale.demands.iter().map(|demand| Series {
        name: demand.design.clone(),
        mark: mark(report, &demand.design),
        points: CORES
            .iter()
            .map(|cores| Point { x: *cores, y: demand.bound(*cores, 1.0).rps(), is_doubted: false })
            .collect(),
    });
    let chart = Lines {
        x: Axis::log("app server cores, with one Redis"),
        y: Axis::log("requests per second at most (model)"),
        series: series.collect(),
        is_labelled: false,
    };
    Some(Section {
        id: "scale",
        title: "How far it scales".into(),
        says: scale.demands.iter().filter_map(saturation).collect(),
        chart: Some(Chart::Lines(chart)),
        table,
        notes: vec![
            "A prediction, not a measurement: requests per second ≤ cores / CPU time of a request (the utilisation \
             law; Denning and Buzen, 1978), for the app servers and for Redis, whose commands run on one core. It \
             assumes that a request costs as much on a thousand cores as here, that load is spread evenly, and that no \
             other resource (network, load balancer, the accounts' database) is saturated earlier. With n Redis nodes, \
             the flat line is n times as high."
                .into(),
        ],
    })
}

/// The number of cores from which on Redis is the limit.
fn saturation(demand: &Demand) -> Option<String> {
    if demand.store_us <= 0.0 {
        return Some(format!(
            "{}: each core of an app server adds {} requests/s; requests share no other resource.",
            demand.design,
            number::thousands(1e6 / demand.app_us)
        ));
    }
    Some(format!(
        "{}: one Redis is saturated at {} requests/s, the load of {:.1} app server cores.",
        demand.design,
        number::thousands(1e6 / demand.store_us),
        demand.app_us / demand.store_us
    ))
}

/// Compares the model with measured runs of one and of two processes.
pub(super) fn checks(report: &Report) -> Option<Section> {
    let scale = report.scale.as_ref().filter(|scale| !scale.checks.is_empty())?;
    let mut table = Table::new([
        "design",
        "app processes",
        "predicted requests/s",
        "measured",
        "off",
        "at most, by the law",
        "where",
    ]);
    for check in &scale.checks {
        let doubted = if check.off().abs() > OFF { DOUBTED } else { "" };
        table.row([
            check.design.clone(),
            check.servers.to_string(),
            number::thousands(check.predicted_rps),
            number::thousands(check.measured_rps.median),
            format!("{:+.0} %{doubted}", check.off() * 100.0),
            number::thousands(check.bound_rps),
            check.place.clone(),
        ]);
    }
    Some(Section {
        id: "scale-check",
        title: "Whether the model is right here".into(),
        table,
        notes: vec![
            "Predicted from the CPU times at the ceiling above by exact mean value analysis (Reiser and Lavenberg, \
             1980), with each processor as a queue; then measured with each app server process pinned to a processor \
             of its own and one worker thread. On two processors the load generator and Redis share them with the app \
             servers, so a second app server adds little; the check shows whether the model predicts that. A question \
             mark marks a prediction that is more than 15 % off."
                .into(),
        ],
        ..Section::default()
    })
}

/// The servers that a number of users needs, and what they cost.
pub(super) fn cost(report: &Report) -> Option<Section> {
    let scale = with_demands(report)?;
    let prices = &scale.prices;
    let mut table = Table::new([
        "design",
        "people",
        "requests/s at peak",
        "app cores",
        "Redis nodes",
        &format!("{} a month", prices.currency),
        "a million people",
        "time in server and Redis µs",
    ]);
    for demand in &scale.demands {
        for people in PEOPLE {
            let need = demand.need(people, prices);
            table.row([
                demand.design.clone(),
                people_in_words(people),
                number::thousands(need.rps),
                number::thousands(need.cores),
                if need.nodes > 0.0 {
                    number::thousands(need.nodes * prices.redis.copies)
                } else {
                    NONE.to_owned()
                },
                number::thousands(need.monthly),
                number::short(need.monthly / (people / 1e6)),
                number::thousands(need.response_us),
            ]);
        }
    }
    Some(Section {
        id: "people",
        title: "What people cost".into(),
        table,
        notes: vec![assumptions(prices)],
        ..Section::default()
    })
}

fn assumptions(prices: &Prices) -> String {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    format!(
        "A prediction from inputs that were not measured here, as of {}: {} of all users are online at the peak and \
         send {} requests an hour each; {} sessions per user; cores at most {} busy; Redis {} ms away, in {} copies, \
         all of which are paid for; a core costs {} {} an hour, a Redis node with {} GiB for data {}. The hybrid's \
         figures include one refresh per access token lifetime. To use your own figures, pass a copy of \
         benches/prices.toml with --prices.",
        prices.as_of,
        percent(prices.people.online_at_peak),
        prices.people.requests_per_hour,
        prices.people.sessions,
        percent(prices.site.utilisation),
        prices.site.round_trip_ms,
        prices.redis.copies,
        prices.app.core_hour,
        prices.currency,
        prices.redis.node_memory_gib,
        prices.redis.node_hour
    )
}

fn people_in_words(people: f64) -> String {
    match people {
        people if people >= 1e9 => format!("{} billion", people / 1e9),
        people => format!("{} million", people / 1e6),
    }
}

fn with_demands(report: &Report) -> Option<&Scale> {
    report.scale.as_ref().filter(|scale| !scale.demands.is_empty())
}
