//! The report: all results of a measurement as plain data, and the same results as pages for a reader.
//!
//! [`Report`] is the content of `report.json`. Readers of old files depend on its shape: [`SCHEMA`] is raised whenever a
//! field changes its meaning or is removed; new fields have a default, so that older files can still be read. A part
//! that was not measured is empty or `None`, never zero, so a report that was stopped half way is a valid report of that
//! half.
//!
//! | module | what it is |
//! |---|---|
//! | [`sections`] | the report as a sequence of headings, sentences, charts and tables: written once for every format |
//! | [`html`], [`markdown`] | the formats |
//! | [`peers`] | servers in other languages: our CPU time and latency as a share of theirs |
//! | [`summary`] | the figures by which people decide, computed from the measured ones |
//! | [`chart`] | bars and lines as SVG |
//! | [`table`] | rows of text |
//! | [`number`] | how a figure is written |

pub mod chart;
pub mod html;
pub mod markdown;
pub mod number;
pub mod peers;
pub mod sections;
pub mod summary;
pub mod table;

use serde::{Deserialize, Serialize};

use crate::changes::Changes;
use crate::doubt::Doubt;
use crate::figures::{Comparison, DesignFigures, Interval, Median};
use crate::load::{Latencies, Load};
use crate::machine::Machine;
use crate::scale::Scale;
use crate::targets::Targets;
pub use summary::Summary;

/// The version of the shape of [`Report`].
pub const SCHEMA: u32 = 1;

/// All results of one measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The [`SCHEMA`] of the program that wrote the report.
    pub schema: u32,
    /// When the measurement was started, in seconds since the Unix epoch.
    pub begun_unix_s: u64,
    /// How long the measurement took, in s.
    pub took_s: f64,
    /// The amount of measuring that was asked for: `quick` or `full`.
    pub plan: String,
    /// Whether the whole plan was carried out; false when the user pressed Ctrl-C.
    pub complete: bool,
    /// The machine that the measurement ran on.
    pub machine: Machine,
    /// The designs and servers that were measured.
    pub subjects: Vec<Subject>,
    /// Measurements that were asked for and could not be made, with the reason.
    pub skipped: Vec<Skipped>,
    /// The generator against a server that does nothing, in the same rounds as `ceiling`. No server can be measured
    /// above it.
    pub generator_ceiling: Option<DesignFigures>,
    /// The highest throughput of each design, from a closed loop.
    pub ceiling: Option<Comparison>,
    /// The designs at fixed arrival rates, the slowest rate first; the rates are the same for all designs.
    pub rates: Vec<Comparison>,
    /// The latencies from which `rates` was computed.
    pub histograms: Vec<Histogram>,
    /// The designs with other numbers of connections, the fewest first.
    #[serde(default)]
    pub concurrency: Vec<Comparison>,
    /// The designs with other round-trip times between server and Redis, the shortest first.
    #[serde(default)]
    pub round_trips: Vec<RoundTrip>,
    /// The designs with larger access tokens, the smallest first.
    #[serde(default)]
    pub claims: Vec<ClaimStep>,
    /// How long a copied credential works after logout, per design.
    #[serde(default)]
    pub revocation: Vec<Revocation>,
    /// The cost of keeping users logged in with refresh tokens.
    #[serde(default)]
    pub refresh: Option<Refresh>,
    /// The throughput and cost of more servers, computed by a model.
    #[serde(default)]
    pub scale: Option<Scale>,
    /// The targets that the servers must meet, and whether they do.
    #[serde(default)]
    pub targets: Option<Targets>,
    /// The changes since an older report; `None` when none was given.
    #[serde(default)]
    pub changes: Option<Changes>,
    /// Comparison with servers in other languages; `None` when it was not asked for.
    #[serde(default)]
    pub peers: Option<peers::Peers>,
    /// Comparison of libraries that check the same token, without a server; `None` when it was not asked for.
    #[serde(default)]
    pub libraries: Option<peers::Libraries>,
    /// What follows from the measured figures; `None` in older reports and in one that was stopped.
    #[serde(default)]
    pub summary: Option<Summary>,
}

/// One design, or one server at a URL, with the properties that need no load to determine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// The name of the subject in every table.
    pub name: String,
    /// A description, as a sentence.
    pub what: String,
    /// The role of the subject in the report's argument.
    #[serde(default)]
    pub role: Role,
    /// Whether its clients exchange a refresh token once in the lifetime of each access token.
    #[serde(default)]
    pub refreshes: bool,
    /// Where it stores sessions: `redis`, `memory`, `none`, or `unknown` for a server at a URL.
    pub store: String,
    /// Size of the request header with the credential, in bytes, including the header's name and line end.
    pub credential_bytes: Option<u64>,
    /// Redis traffic of one `/me` request, counted without load.
    pub store_per_request: Option<StorePerRequest>,
    /// Redis memory that the session of one more user takes, in bytes.
    pub stored_bytes_per_session: Option<f64>,
    /// Memory of the server's process after the ceiling was measured, in bytes.
    pub resident_bytes: Option<u64>,
}

/// The role of a subject in the report's argument. Sentences and tiles refer to roles and print the name of the subject
/// that has the role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// No role: the subject is measured beside the others.
    #[default]
    Other,
    /// Each request looks up a session in Redis.
    LookUp,
    /// Each request is checked by its signature alone, and the credential cannot be revoked.
    Signed,
    /// Each request is checked by its signature alone, and a refresh token keeps the user logged in.
    SignedAndRefreshed,
    /// Each request is checked by its signature and looked up in Redis as well.
    SignedAndLookedUp,
}

/// Redis traffic of one request.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StorePerRequest {
    /// The number of commands.
    pub commands: f64,
    /// Bytes sent to Redis.
    pub bytes_in: f64,
    /// Bytes received from Redis.
    pub bytes_out: f64,
}

/// A measurement that was asked for but not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// What was not measured.
    pub what: String,
    /// The reason, and what would help.
    pub why: String,
}

/// The latencies of one design at one rate, merged over all rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The name of the design.
    pub design: String,
    /// Arrivals per second that were asked for.
    pub rate_rps: f64,
    /// The buckets as `(ns, count)`, the shortest latency first.
    pub buckets: Vec<(u64, u64)>,
}

/// The designs with one round-trip time between server and Redis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundTrip {
    /// The round-trip delay that the proxy was set to, in ms.
    pub asked_ms: f64,
    /// The median round trip of a `PING` through the same proxy, in ms: the delay that the servers really had.
    pub measured_ms: f64,
    /// The figures of the designs at a fixed rate.
    pub comparison: Comparison,
}

/// The designs with access tokens of one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimStep {
    /// The length of the token, in bytes.
    pub token_bytes: u64,
    /// The number of roles that the token contains beside the usual claims.
    pub roles: usize,
    /// The highest throughput of each design, from a closed loop.
    pub comparison: Comparison,
}

/// How long the server accepted a copied credential after its user had logged out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revocation {
    /// The name of the design.
    pub design: String,
    /// The number of tries.
    pub tries: usize,
    /// The time from the response to the logout to the last accepted request, in ms; 0 when no request was accepted.
    /// Over the tries.
    pub last_let_in_ms: Median,
    /// Requests with the copy that were accepted after the response to the logout, over all tries.
    pub let_in: u64,
    /// The access token lifetime that the server was started with for this test, in s; `None` for a design without
    /// access tokens.
    pub access_ttl_s: Option<u64>,
    /// The usual access token lifetime of the design, in s: the longest time that the copy works when the lifetime is
    /// not shortened for the test.
    pub usual_access_ttl_s: Option<u64>,
    /// Arrivals per second of the load that ran at the same time.
    pub load_rps: f64,
}

/// The cost of exchanging a refresh token; every exchange rotates the token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refresh {
    /// The number of clients, each of which exchanged one token after another.
    pub clients: usize,
    /// The number of exchanges that were counted.
    pub exchanges: u64,
    /// Exchanges per second.
    pub throughput_rps: f64,
    /// CPU time of the server's process for one exchange, in µs.
    pub server_cpu_us: Median,
    /// CPU time of the Redis process for one exchange, in µs; `None` when Redis was not started by this program.
    pub store_cpu_us: Option<Median>,
    /// Round trips to Redis in one exchange.
    pub store_round_trips: Median,
    /// The lifetime of an access token, in s: how often a client refreshes.
    pub access_ttl_s: u64,
}

/// A doubt with the part of the report that it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubted<'a> {
    /// The design that the doubt is about; `None` for the comparison as a whole.
    pub design: Option<&'a str>,
    /// The part of the report, in words.
    pub part: String,
    /// The doubt itself.
    pub doubt: &'a Doubt,
}

impl Report {
    /// The subject with this name.
    pub fn subject(&self, name: &str) -> Option<&Subject> {
        self.subjects.iter().find(|subject| subject.name == name)
    }

    /// The name of the first subject that has this role.
    pub fn named_by(&self, role: Role) -> Option<&str> {
        self.subjects.iter().find(|subject| subject.role == role).map(|subject| subject.name.as_str())
    }

    /// The figures of a design at its ceiling.
    pub fn at_ceiling(&self, name: &str) -> Option<&DesignFigures> {
        self.ceiling.as_ref()?.design(name)
    }

    /// All doubts about figures of this report.
    pub fn doubts(&self) -> Vec<Doubted<'_>> {
        let parts = self.comparisons().into_iter().flat_map(|(part, comparison)| {
            let whole = comparison.doubts.iter().map(|doubt| (None, doubt));
            let each = comparison.designs.iter().flat_map(|figures| {
                figures.doubts.iter().map(|doubt| (Some(figures.design.as_str()), doubt))
            });
            let all: Vec<_> = whole.chain(each).collect();
            all.into_iter().map(move |(design, doubt)| Doubted { design, part: part.clone(), doubt })
        });
        parts.collect()
    }

    /// Whether the measurement ended before it had any result.
    pub fn is_empty(&self) -> bool {
        let has_peers = self.peers.is_some() || self.libraries.is_some();
        self.comparisons().is_empty() && self.targets.is_none() && !has_peers
    }

    /// Whether a design has no figures in a part of the report, because it did not do the work.
    pub fn lacks_figures(&self) -> bool {
        self.comparisons().iter().any(|(_, comparison)| !comparison.unserved.is_empty())
    }

    /// Every comparison with its name.
    fn comparisons(&self) -> Vec<(String, &Comparison)> {
        let mut all = Vec::new();
        all.extend(self.ceiling.iter().map(|comparison| ("the ceiling".to_owned(), comparison)));
        let targets = self.targets.as_ref().and_then(|targets| targets.comparison.as_ref());
        all.extend(targets.map(|comparison| ("the targets".to_owned(), comparison)));
        all.extend(self.rates.iter().map(|comparison| {
            (format!("{} requests/s", number::thousands(rate_rps(comparison))), comparison)
        }));
        all.extend(
            self.concurrency
                .iter()
                .map(|comparison| (format!("{} connections", connections(comparison)), comparison)),
        );
        all.extend(
            self.round_trips
                .iter()
                .map(|step| (format!("{:.2} ms to Redis", step.measured_ms), &step.comparison)),
        );
        let peers = self.peers.as_ref();
        let ceiling = peers.and_then(|peers| peers.ceiling.as_ref());
        all.extend(ceiling.map(|comparison| ("the ceiling of the peers".to_owned(), comparison)));
        let at_rate = peers.and_then(|peers| peers.at_rate.as_ref());
        all.extend(at_rate.map(|comparison| ("the peers at one rate".to_owned(), comparison)));
        all.extend(
            self.claims
                .iter()
                .map(|step| (format!("tokens of {} bytes", step.token_bytes), &step.comparison)),
        );
        all
    }
}

impl Revocation {
    /// How long a copy works after logout with the usual access token lifetime, in ms.
    pub fn works_for_ms(&self) -> f64 {
        let until_s = self.usual_access_ttl_s.filter(|_| self.let_in > 0 && self.access_ttl_s.is_some());
        until_s.map_or(self.last_let_in_ms.median, |ttl| ttl as f64 * 1e3)
    }
}

impl Refresh {
    /// CPU time of one exchange, server and store together, in µs.
    pub fn cpu_us(&self) -> f64 {
        self.server_cpu_us.median + self.store_cpu_us.map_or(0.0, |store| store.median)
    }

    /// Where [`cpu_us`](Self::cpu_us) is likely to be.
    pub fn likely_cpu_us(&self) -> Interval {
        let (server, none) = (self.server_cpu_us.likely(), Interval { low: 0.0, high: 0.0 });
        let store = self.store_cpu_us.map_or(none, |store| store.likely());
        Interval { low: server.low + store.low, high: server.high + store.high }
    }

    /// CPU time of the app server and of Redis per second and online user, in µs, beside requests: each client exchanges
    /// its refresh token once in the lifetime of an access token. `None` when the CPU time of Redis is not known.
    pub fn upkeep_us(&self) -> Option<(f64, f64)> {
        let life_s = self.access_ttl_s.max(1) as f64;
        Some((self.server_cpu_us.median / life_s, self.store_cpu_us?.median / life_s))
    }
}

impl Histogram {
    /// Merges the histograms of each design's rounds into one, and removes those of the rounds from the comparison. The
    /// merged histogram is enough to draw any percentile and takes a fifth of the space.
    pub fn taken_from(comparison: &mut Comparison) -> Vec<Self> {
        let rate_rps = rate_rps(comparison);
        let taken = comparison.designs.iter_mut().filter_map(|figures| {
            let mut all = Latencies::new();
            for round in &mut figures.rounds {
                all.merge(&Latencies::from_buckets(&round.histogram.take()?));
            }
            Some(Self { design: figures.design.clone(), rate_rps, buckets: all.buckets() })
        });
        taken.collect()
    }
}

/// The arrivals per second of a comparison; 0 for a closed loop.
pub fn rate_rps(comparison: &Comparison) -> f64 {
    match &comparison.load {
        Load::Closed(_) => 0.0,
        Load::Fixed(plan) => plan.rate_rps,
    }
}

/// The number of connections of a comparison.
pub fn connections(comparison: &Comparison) -> usize {
    match &comparison.load {
        Load::Closed(plan) => plan.connections,
        Load::Fixed(plan) => plan.connections,
    }
}
