//! The command-line arguments of `bench`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use harness::store::Wanted;

use super::entry::names;

/// Measure every design on this machine, and write a report that doubts itself
///
/// Finds what each design's server can do, and what a request costs it; how long requests take at fixed arrival rates;
/// what the distance to Redis does; how long a stolen copy works after log out; and what staying logged in costs. Writes
/// report.html, report.md and report.json to target/authlab/report. The full measurement takes under 20 minutes, --quick
/// under one. Ctrl-C stops it, and the report has what was done until then.
///
/// A server of which more than 1 % of the requests fail has no figures; the report says what it answered instead. Exit
/// codes: 0 measured, 1 a server has no figures, 2 it could not be measured.
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// Where sessions and refresh tokens are stored: `redis` (find one), a URL, or `memory`, which skips
    /// what needs Redis. Default: REDIS_URL, else a Redis that is found, else memory
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Wanted>,
    /// Fewer and shorter rounds: under a minute, enough to see the main differences
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only these designs
    #[arg(long, value_name = "DESIGN", value_delimiter = ',', value_parser = PossibleValuesParser::new(names()))]
    pub(crate) designs: Vec<String>,
    /// The round trips to Redis to try, in ms [default: 0,0.25,0.5,1,2]
    #[arg(long, value_name = "MS", value_delimiter = ',')]
    pub(crate) rtt: Option<Vec<f64>>,
    /// Also measure GET on a server of yours, such as http://127.0.0.1:3000/me; may be repeated. A query is sent, a
    /// password in the URL is refused. Without --header, the benchmark signs up and logs in there, as the contract defines
    #[arg(long, value_name = "URL")]
    pub(crate) url: Vec<String>,
    /// A header for the servers at --url, as "authorization: Bearer eyJ…"; may be repeated. Its value is never printed.
    /// A Host header replaces that of the URL
    #[arg(long, value_name = "HEADER", requires = "url")]
    pub(crate) header: Vec<String>,
    /// The servers at --url are mine: put them under load although they are not on this machine
    #[arg(long, requires = "url")]
    pub(crate) my_own_server: bool,
    /// Measure only what the targets need, and report whether they are met; each is a ratio within this run
    #[arg(long)]
    pub(crate) targets: bool,
    /// Measure nothing; write report.html and report.md from this report.json
    #[arg(long, value_name = "FILE", conflicts_with_all = ["targets", "quick", "url"])]
    pub(crate) report: Option<PathBuf>,
    /// Report what changed since this older report.json, with a confidence interval for each figure
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,
    /// Exit with code 1 if a figure is certainly worse than in the older report
    #[arg(long, requires = "compare")]
    pub(crate) fail_on_regression: bool,
    /// Compare even if the older report is from another machine
    #[arg(long, requires = "compare")]
    pub(crate) other_machine: bool,
    /// The prices of servers and the number of users, for the cost of a million users: a copy of benches/prices.toml with
    /// your figures
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
    /// The folder for the report, which is created [default: target/authlab/report]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
    /// Also measure popular stacks, as small servers in Node, Python and Go: express-session,
    /// express-jsonwebtoken, fastify-jwt, fastapi-pyjwt, go-net-http; exchanges of refresh tokens on express-refresh and
    /// oidc-provider; and the libraries alone, on one token: libraries. What they need is installed into
    /// target/authlab/peers, which takes minutes once; a peer that cannot be installed is skipped, and the report says why.
    /// Adds a minute to --quick, otherwise five. To choose some: --peers=NAME,NAME
    #[arg(long, value_name = "PEER", value_delimiter = ',', num_args = 0.., require_equals = true)]
    pub(crate) peers: Option<Vec<String>>,
    /// Print the report as JSON instead of tables
    #[arg(long)]
    pub(crate) json: bool,
    /// The least possible amount of everything, for the test of this command
    #[arg(long, hide = true, conflicts_with = "quick")]
    pub(crate) smoke: bool,
}
