//! The report: everything that a measurement found, as plain data, and the same as pages that a person reads.
//!
//! [`Report`] is what `report.json` holds. Readers of old files depend on its shape: [`SCHEMA`] is raised whenever a field
//! changes its meaning or goes; new fields have a default, so that older files can still be read. A part that was not measured
//! is empty or none, never zero, so a report that was stopped half way is a valid report of that half.
//!
//! | module | what it is |
//! |---|---|
//! | [`sections`] | the report as a sequence of headings, sentences, charts and tables: written once for every format |
//! | [`html`], [`markdown`] | the formats |
//! | [`peers`] | servers in other languages: what of theirs ours takes |
//! | [`chart`] | bars and lines as SVG |
//! | [`table`] | rows of text |
//! | [`number`] | how a figure is written |

pub mod chart;
pub mod html;
pub mod markdown;
pub mod number;
pub mod peers;
pub mod sections;
pub mod table;

use serde::{Deserialize, Serialize};

use crate::compare::Changes;
use crate::doubt::Doubt;
use crate::figures::{Comparison, DesignFigures, Median};
use crate::load::{Latencies, Load};
use crate::machine::Machine;
use crate::scale::Scale;
use crate::targets::Targets;

/// The version of the shape of [`Report`].
pub const SCHEMA: u32 = 1;

/// Everything that one measurement found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`] of the program that wrote it.
    pub schema: u32,
    /// When it was begun, in seconds since the Unix epoch.
    pub begun_unix_s: u64,
    /// How long it took, in s.
    pub took_s: f64,
    /// How much was asked for: `quick` or `full`.
    pub plan: String,
    /// Whether all of that was done; not when somebody pressed Ctrl-C.
    pub complete: bool,
    /// Where it was made.
    pub machine: Machine,
    /// What was measured.
    pub subjects: Vec<Subject>,
    /// What was asked for and could not be measured, with the reason.
    pub skipped: Vec<Skipped>,
    /// The generator against a server that does nothing, in the same rounds as `ceiling`: no figure above it is a server's.
    pub generator_ceiling: Option<DesignFigures>,
    /// As fast as each design answers.
    pub ceiling: Option<Comparison>,
    /// At fixed arrival rates, the slowest first; the same rates for all designs.
    pub rates: Vec<Comparison>,
    /// The latencies behind `rates`.
    pub histograms: Vec<Histogram>,
    /// With other numbers of connections, the fewest first.
    #[serde(default)]
    pub concurrency: Vec<Comparison>,
    /// With a network of another length between server and Redis, the shortest first.
    #[serde(default)]
    pub round_trips: Vec<RoundTrip>,
    /// With larger access tokens, the smallest first.
    #[serde(default)]
    pub claims: Vec<ClaimStep>,
    /// What was lost to a log-out, per design.
    #[serde(default)]
    pub revocation: Vec<Revocation>,
    /// What keeping people logged in costs.
    #[serde(default)]
    pub refresh: Option<Refresh>,
    /// What more servers would do, by a model.
    #[serde(default)]
    pub scale: Option<Scale>,
    /// What must hold, and whether it does.
    #[serde(default)]
    pub targets: Option<Targets>,
    /// What changed since an older report, where one was given.
    #[serde(default)]
    pub changes: Option<Changes>,
    /// Servers in what people would otherwise use, where they were asked for.
    #[serde(default)]
    pub peers: Option<peers::Peers>,
    /// The libraries alone on one token, where they were asked for.
    #[serde(default)]
    pub libraries: Option<peers::Libraries>,
}

/// One design, or one server at a URL, and what can be said of it without load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Its name in every table.
    pub name: String,
    /// What it is, as a sentence.
    pub what: String,
    /// Its part in what the report argues.
    #[serde(default)]
    pub role: Role,
    /// Whether its clients exchange a refresh token once in the life of each access token.
    #[serde(default)]
    pub refreshes: bool,
    /// Where its sessions are: `redis`, `memory`, `none`, or `unknown` for a server at a URL.
    pub store: String,
    /// Bytes of the request header that carries the credential, its name and line end among them.
    pub credential_bytes: Option<u64>,
    /// What one `/me` asks of Redis, counted without load.
    pub store_per_request: Option<StorePerRequest>,
    /// Memory that one more person's session takes in Redis, in bytes.
    pub stored_bytes_per_session: Option<f64>,
    /// Memory of the server's process after the ceiling was measured, in bytes.
    pub resident_bytes: Option<u64>,
}

/// The part of a subject in what a report argues: sentences and tiles are about roles, and name whoever has the role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// None: it is measured beside the others.
    #[default]
    Other,
    /// Each request looks a session up in Redis.
    LookUp,
    /// Each request is checked by its signature alone, and nothing can end its credential.
    Signed,
    /// Each request is checked by its signature alone, and a refresh token keeps the user logged in.
    SignedAndRefreshed,
    /// Each request is checked by its signature and looked up in Redis as well.
    SignedAndLookedUp,
}

/// What one request asks of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StorePerRequest {
    /// Commands.
    pub commands: f64,
    /// Bytes to Redis.
    pub bytes_in: f64,
    /// Bytes from it.
    pub bytes_out: f64,
}

/// Something that was asked for and not measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// What.
    pub what: String,
    /// Why, and what would help.
    pub why: String,
}

/// The latencies of one design at one rate, of all rounds together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// The design.
    pub design: String,
    /// Arrivals per second that were asked for.
    pub rate_rps: f64,
    /// `(ns, count)`, the shortest first.
    pub buckets: Vec<(u64, u64)>,
}

/// The designs with a network of one length between server and Redis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundTrip {
    /// The delay that was asked of the proxy for a round trip, in ms.
    pub asked_ms: f64,
    /// The round trip of a `PING` through the same proxy, the median, in ms: what the servers really had.
    pub measured_ms: f64,
    /// The designs at a fixed rate.
    pub comparison: Comparison,
}

/// The designs with access tokens of one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimStep {
    /// The length of the token, in bytes.
    pub token_bytes: u64,
    /// The roles that it carries beside the usual claims.
    pub roles: usize,
    /// The designs as fast as each answers.
    pub comparison: Comparison,
}

/// How long a copied credential was let in after its owner had logged out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revocation {
    /// The design.
    pub design: String,
    /// How often it was tried.
    pub tries: usize,
    /// From the answer to the log-out to the last request that was let in, in ms; 0 when none was. Over the tries.
    pub last_let_in_ms: Median,
    /// Requests of the copy that were let in after the answer to the log-out, over all tries.
    pub let_in: u64,
    /// The lifetime of access tokens that the server was given for this, in s; none for a design without them.
    pub access_ttl_s: Option<u64>,
    /// The lifetime that it has otherwise, in s: the longest that the copy works where nobody shortens it.
    pub usual_access_ttl_s: Option<u64>,
    /// Arrivals per second of the load beside it.
    pub load_rps: f64,
}

/// What an exchange of a refresh token costs, every one of them rotating.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refresh {
    /// Clients that each exchanged one token after the other.
    pub clients: usize,
    /// Exchanges that were counted.
    pub exchanges: u64,
    /// Exchanges per second.
    pub throughput_rps: f64,
    /// CPU time of the server's process for one, in µs.
    pub server_cpu_us: Median,
    /// CPU time of Redis' process for one, in µs; none where it is not ours.
    pub store_cpu_us: Option<Median>,
    /// Times that one asked Redis and waited.
    pub store_round_trips: Median,
    /// The lifetime of an access token, in s: how often a client comes to refresh.
    pub access_ttl_s: u64,
}

/// A doubt, and what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubted<'a> {
    /// The design; none: the comparison as a whole.
    pub design: Option<&'a str>,
    /// The part of the report, in words.
    pub part: String,
    /// The doubt.
    pub doubt: &'a Doubt,
}

impl Report {
    /// The subject of this name.
    pub fn subject(&self, name: &str) -> Option<&Subject> {
        self.subjects.iter().find(|subject| subject.name == name)
    }

    /// The name of the first subject that has a role.
    pub fn named_by(&self, role: Role) -> Option<&str> {
        self.subjects.iter().find(|subject| subject.role == role).map(|subject| subject.name.as_str())
    }

    /// A design's figures at its ceiling.
    pub fn at_ceiling(&self, name: &str) -> Option<&DesignFigures> {
        self.ceiling.as_ref()?.design(name)
    }

    /// Everything that speaks against a figure of this report.
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

    /// Every comparison with what it is called.
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
    /// How long a copy works after log out where nobody shortens the tokens' life, in ms.
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
}

impl Histogram {
    /// One histogram for each design out of those of its rounds, which are taken out of the comparison: a report keeps what
    /// a reader needs to draw any percentile, and not five times as much.
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

/// The arrivals per second that a comparison was made at; 0 for a closed loop.
pub fn rate_rps(comparison: &Comparison) -> f64 {
    match &comparison.load {
        Load::Closed(_) => 0.0,
        Load::Fixed(plan) => plan.rate_rps,
    }
}

/// The connections that a comparison was made with.
pub fn connections(comparison: &Comparison) -> usize {
    match &comparison.load {
        Load::Closed(plan) => plan.connections,
        Load::Fixed(plan) => plan.connections,
    }
}
