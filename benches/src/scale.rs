//! A model that computes the throughput of many servers from the cost of one request here. It states its assumptions and
//! is checked against measurements.
//!
//! Operational analysis (Denning and Buzen, *The Operational Analysis of Queueing Network Models*, 1978) needs no
//! distribution and no benchmark cluster. What one request demands of a resource limits how many requests that resource
//! can serve: `X ≤ m / D` for `m` servers with a demand of `D` each (the utilisation law, `U = X × D / m`, with `U ≤
//! 1`). Demands are measured, here on one machine; the bound then holds for any number of machines like it.
//!
//! The model assumes the following, which a reader should doubt: demands do not change with the number of servers; the
//! load is spread evenly; every app server's core is like this machine's; one Redis runs its commands on one core; no
//! other resource (network cards, load balancers, the accounts' database) is saturated earlier. [`mva`] adds the effect
//! of queueing on latency, and [`Check`] compares the model with runs of one and two servers.

pub mod mva;
mod prices;

use serde::{Deserialize, Serialize};

use crate::figures::{DesignFigures, Median};
pub use prices::{App, People, Prices, PricesError, Redis, Site};

/// Below this number of Redis commands per request, they are occasional commands of the driver and not of the request.
const NO_COMMAND: f64 = 0.02;
const SECONDS_A_MONTH: f64 = 730.0 * 3_600.0;
const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// The model's input, and how accurate it was on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// The demands of one request, per design.
    pub demands: Vec<Demand>,
    /// Predictions with the matching measurements.
    pub checks: Vec<Check>,
    /// The prices and usage figures that the model uses.
    pub prices: Prices,
}

/// The demands of one request of a design, from the figures of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// The name of the design.
    pub design: String,
    /// CPU time of the app server per request, in µs.
    pub app_us: f64,
    /// CPU time of Redis per request, in µs; 0 for a design that does not use it.
    pub store_us: f64,
    /// Round trips to Redis per request.
    pub round_trips: f64,
    /// CPU time of the load generator per request, in µs: in the check, the generator runs on the same machine.
    pub generator_us: f64,
    /// CPU time of the app server and of Redis, in µs, that refreshes take per second and online user, in addition to
    /// requests.
    pub upkeep_us: (f64, f64),
    /// Redis memory of one session, in bytes.
    pub stored_bytes: f64,
}

/// One prediction with its measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The name of the design.
    pub design: String,
    /// The number of app server processes, each pinned to its own processor.
    pub servers: usize,
    /// Which process ran on which processor, in words.
    pub place: String,
    /// The number of connections of the closed loop.
    pub connections: usize,
    /// Predicted requests per second, by exact mean value analysis of the demands.
    pub predicted_rps: f64,
    /// The highest possible requests per second by the utilisation law alone.
    pub bound_rps: f64,
    /// Measured requests per second, over the rounds.
    pub measured_rps: Median,
}

impl Check {
    /// How far the prediction was off, as a share of the measured throughput.
    pub fn off(&self) -> f64 {
        self.predicted_rps / self.measured_rps.median - 1.0
    }
}

/// The highest throughput of some app servers with one or more Redis nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The limit of the app servers' cores, in requests per second.
    pub app_rps: f64,
    /// The limit of Redis, in requests per second; infinite for a design that does not use it.
    pub store_rps: f64,
}

impl Bound {
    /// The smaller of the two limits, in requests per second.
    pub fn rps(&self) -> f64 {
        self.app_rps.min(self.store_rps)
    }
}

/// The servers that a number of users needs, and what they cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Need {
    /// Requests per second in the busiest hour.
    pub rps: f64,
    /// The number of app server cores.
    pub cores: f64,
    /// The number of serving Redis nodes: as many as CPU time or memory requires, whichever is more.
    pub nodes: f64,
    /// The price of both for a month, including Redis replicas.
    pub monthly: f64,
    /// How long a request takes at that load, in µs, without the user's own network.
    pub response_us: f64,
}

impl Demand {
    /// The demand of a design, from its figures at the ceiling. `None` when the CPU time of the server or of Redis is
    /// not known.
    pub fn of(figures: &DesignFigures, upkeep_us: (f64, f64), stored_bytes: f64) -> Option<Self> {
        let round_trips = figures.store_round_trips.map_or(0.0, |trips| trips.median);
        let asks = round_trips > NO_COMMAND;
        let generator =
            figures.rounds.iter().map(|round| round.generator_cpu_us).collect::<Option<Vec<f64>>>();
        Some(Self {
            design: figures.design.clone(),
            app_us: figures.server_cpu_us?.median,
            store_us: if asks { figures.store_cpu_us?.median } else { 0.0 },
            round_trips: if asks { round_trips } else { 0.0 },
            generator_us: Median::of(generator?)?.median,
            upkeep_us,
            stored_bytes,
        })
    }

    /// The highest throughput of app servers with `cores` cores in total and of `nodes` Redis nodes.
    pub fn bound(&self, cores: f64, nodes: f64) -> Bound {
        let rps = |servers: f64, demand_us: f64| servers * 1e6 / demand_us;
        Bound {
            app_rps: rps(cores, self.app_us),
            store_rps: if self.store_us > 0.0 { rps(nodes, self.store_us) } else { f64::INFINITY },
        }
    }

    /// The servers that `people` users need, and their price.
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
        // No station is used beyond the same share. A request's time at a station grows with the load of the other
        // requests there.
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

#[cfg(test)]
mod tests;
