//! From what one request costs here to what many servers can do: a model, with its assumptions and with a check of itself.
//!
//! Operational analysis (Denning and Buzen, *The Operational Analysis of Queueing Network Models*, 1978) needs no
//! distribution and no benchmark cluster. What one request demands of a resource bounds how many requests that resource can
//! serve: `X ≤ m / D` for `m` servers with a demand of `D` each (the utilisation law, `U = X × D / m`, with `U ≤ 1`). Demands are
//! measured, here on one machine; the bound then holds for any number of machines like it.
//!
//! What it assumes, and what a reader should doubt: demands do not change with the number of servers; the load is spread
//! evenly; every app server's core is like this machine's; one Redis runs its commands on one core; nothing else (network
//! cards, load balancers, the accounts' database) is full before. [`mva`] adds what queueing does to latency, and
//! [`Check`] holds the model against runs with one and two servers.

pub mod mva;
mod prices;

use serde::{Deserialize, Serialize};

use crate::figures::Median;
use crate::report::Report;
pub use prices::{App, People, Prices, PricesError, Redis, Site};

/// Fewer Redis commands than this in a request are a driver's own, now and then.
const NO_COMMAND: f64 = 0.02;
const SECONDS_A_MONTH: f64 = 730.0 * 3_600.0;
const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// The model's input and how far it was right here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// What one request demands, per design.
    pub demands: Vec<Demand>,
    /// Predictions beside measurements.
    pub checks: Vec<Check>,
    /// What things cost.
    pub prices: Prices,
}

/// What a design demands, from the figures of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// The design.
    pub design: String,
    /// CPU time of the app server for a request, in µs.
    pub app_us: f64,
    /// CPU time of Redis for a request, in µs; 0 for a design that does not ask it.
    pub store_us: f64,
    /// Times that a request asks Redis and waits.
    pub round_trips: f64,
    /// CPU time of the load generator for a request, in µs: on the machine of the check it takes its share.
    pub generator_us: f64,
    /// CPU time of the app server and of Redis, in µs, that each person online costs a second beside requests: refreshes.
    pub upkeep_us: (f64, f64),
    /// What one session takes in Redis, in bytes.
    pub stored_bytes: f64,
}

/// One prediction beside its measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The design.
    pub design: String,
    /// App server processes, each pinned to a processor of its own.
    pub servers: usize,
    /// Which processor ran what, in words.
    pub place: String,
    /// Connections of the closed loop.
    pub connections: usize,
    /// Requests per second by exact mean value analysis of the demands.
    pub predicted_rps: f64,
    /// No more than this by the utilisation law alone.
    pub bound_rps: f64,
    /// What was measured, over the rounds.
    pub measured_rps: Median,
}

impl Check {
    /// How far the prediction was off, as a share of what was measured.
    pub fn off(&self) -> f64 {
        self.predicted_rps / self.measured_rps.median - 1.0
    }
}

/// What some app servers and one Redis can do at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// By the app servers' cores, in requests per second.
    pub app_rps: f64,
    /// By Redis; infinite for a design that does not ask it.
    pub store_rps: f64,
}

impl Bound {
    /// The lesser of both.
    pub fn rps(&self) -> f64 {
        self.app_rps.min(self.store_rps)
    }
}

/// What so many people need.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Need {
    /// Requests per second in the busiest hour.
    pub rps: f64,
    /// Cores of app servers.
    pub cores: f64,
    /// Redis nodes that serve, for their CPU time or for their memory, whichever asks for more.
    pub nodes: f64,
    /// What both cost in a month, replicas among it.
    pub monthly: f64,
    /// How long a request takes at that load, beside the person's own network, in µs.
    pub response_us: f64,
}

impl Demand {
    /// What a report says of a design. None where the CPU time of server or Redis is not known.
    pub fn of(report: &Report, design: &str) -> Option<Self> {
        let figures = report.at_ceiling(design)?;
        let round_trips = figures.store_round_trips.map_or(0.0, |trips| trips.median);
        let asks = round_trips > NO_COMMAND;
        let generator =
            figures.rounds.iter().map(|round| round.generator_cpu_us).collect::<Option<Vec<f64>>>();
        Some(Self {
            design: design.to_owned(),
            app_us: figures.server_cpu_us?.median,
            store_us: if asks { figures.store_cpu_us?.median } else { 0.0 },
            round_trips: if asks { round_trips } else { 0.0 },
            generator_us: Median::of(generator?)?.median,
            upkeep_us: upkeep(report, design)?,
            stored_bytes: report.subject(design)?.stored_bytes_per_session.unwrap_or_default(),
        })
    }

    /// What app servers with so many cores in all, and so many Redis nodes, can do.
    pub fn bound(&self, cores: f64, nodes: f64) -> Bound {
        let rps = |servers: f64, demand_us: f64| servers * 1e6 / demand_us;
        Bound {
            app_rps: rps(cores, self.app_us),
            store_rps: if self.store_us > 0.0 { rps(nodes, self.store_us) } else { f64::INFINITY },
        }
    }

    /// What so many people need at these prices.
    pub fn need(&self, people: f64, prices: &Prices) -> Need {
        let online = people * prices.people.online_at_peak;
        let rps = online * prices.people.requests_per_hour / 3_600.0;
        let full = prices.site.utilisation * 1e6;
        let cores = ((rps * self.app_us + online * self.upkeep_us.0) / full).ceil().max(1.0);
        let store_us = rps * self.store_us + online * self.upkeep_us.1;
        let by_time = (store_us / full).ceil();
        let by_memory =
            (people * prices.people.sessions * self.stored_bytes / GIB / prices.redis.node_memory_gib).ceil();
        let nodes = by_time.max(by_memory);
        let hours = SECONDS_A_MONTH / 3_600.0;
        // Each station is full to the same share at most, and a request's time there grows by what the others take.
        let wait = |demand_us: f64, servers: f64, busy_us: f64| match servers {
            0.0 => 0.0,
            servers => demand_us / (1.0 - (busy_us / (servers * 1e6)).min(0.999)),
        };
        let busy_us = rps * self.app_us + online * self.upkeep_us.0;
        Need {
            rps,
            cores,
            nodes,
            monthly: hours
                * (cores * prices.app.core_hour + nodes * prices.redis.copies * prices.redis.node_hour),
            response_us: wait(self.app_us, cores, busy_us)
                + wait(self.store_us, nodes, store_us)
                + self.round_trips * prices.site.round_trip_ms * 1e3,
        }
    }
}

/// What a person online costs beside requests, app server and Redis, in µs a second: an exchange in each life of a token.
fn upkeep(report: &Report, design: &str) -> Option<(f64, f64)> {
    if !report.subject(design).is_some_and(|subject| subject.refreshes) {
        return Some((0.0, 0.0));
    }
    let refresh = report.refresh.as_ref()?;
    let life_s = refresh.access_ttl_s.max(1) as f64;
    Some((refresh.server_cpu_us.median / life_s, refresh.store_cpu_us?.median / life_s))
}

#[cfg(test)]
mod tests;
