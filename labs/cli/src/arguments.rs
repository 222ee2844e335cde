//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::design::Design;
use crate::learn::board::BoardArguments;
use crate::learn::defend::DefendArguments;
use crate::learn::duel::DuelArguments;
use crate::learn::{
    LearnArguments, ProgressArguments, ResetArguments, SolutionArguments, VerifyCourseArguments,
    WorkshopArguments,
};
use crate::play::PlayArguments;
use crate::store::Wanted;
use crate::yardstick::Yardstick;

/// Sessions or JWT? See which design lets a thief stay in after log out, and what each one costs.
///
/// Without a command: the tour. It starts three servers, lives the logout problem against each of them over real HTTP,
/// measures what checking a credential costs, and writes target/authlab/tour.json. It takes under a minute.
#[derive(Debug, Parser)]
#[command(name = "cargo lab", bin_name = "cargo lab", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) tour: TourArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one lab's server
    Serve(ServeArguments),
    /// Copy the accounts to a new file while servers run
    ///
    /// A plain copy of the accounts' file misses what was written last, which SQLite keeps in another file beside it. This
    /// writes one file with the accounts of one moment, checks it, and says how many accounts it holds. A file that exists is
    /// not overwritten. To restore, stop the servers, remove the accounts' file with its -wal and -shm, and put the copy in
    /// its place. Sessions and refresh tokens are in the store and not in the copy.
    Backup(BackupArguments),
    /// Accept a store that the servers refuse
    Store {
        /// What to do with it
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// Hold a lab, or any server in any language, against the HTTP contract
    Check(CheckArguments),
    /// The same suite's attacks alone: what was tried, what got in
    Attack(CheckArguments),
    /// Measure every design on this machine, and write a report that doubts itself
    ///
    /// Finds what each design's server can do, and what a request costs it; how long requests take at fixed arrival rates;
    /// what the distance to Redis does; how long a stolen copy works after log out; and what staying logged in costs. Writes
    /// report.html, report.md and report.json to target/authlab/report. The full measurement takes under 20 minutes, --quick
    /// under one. Ctrl-C stops it, and the report has what was done until then.
    Bench(BenchArguments),
    /// Break Redis, the network and the clocks under load, and see what people notice
    ///
    /// Each row starts a Redis of its own, the hybrid and the session server as processes, and a proxy between; puts them
    /// under a small load; breaks one thing; and compares what was seen with what must hold. All rows take about a minute
    /// and a half. Writes target/authlab/faults.json. Exit code 1 if a promise was broken.
    Faults(FaultsArguments),
    /// A server that no design can beat, for `bench` to measure by
    #[command(hide = true)]
    Yardstick(YardstickArguments),
    /// The workshop: the next step, its checks at every save, one key for each thing to do
    ///
    /// Each lab has an exercise beside it: its own source, with a few functions left out. The checks are those of `cargo lab
    /// check`, and say what was sent, what should have come back, and what an attacker does with it. Progress is kept in
    /// .authlab, which git ignores. Without a terminal: judges once, prints, and ends with 0 if the step is done.
    Learn(LearnArguments),
    /// As learn; without a terminal, judges again at every save
    Watch(LearnArguments),
    /// One more hint for the current step
    Hint(WorkshopArguments),
    /// How the lab itself does the current step
    Solution(SolutionArguments),
    /// Bring a lab's starters back; what was written is kept beside them
    Reset(ResetArguments),
    /// How far you are
    Progress(ProgressArguments),
    /// Take the lab's own solution for the current step, and go on
    Skip(WorkshopArguments),
    /// Attack and defend: a lab's attack on a build that is weak on purpose, then on yours
    ///
    /// What is tried are checks that judge the lab anyway. The weak build differs from the lab in the functions that get the
    /// attacker in. Exit code 1 if something got in on yours, or yours is not finished.
    Defend(DefendArguments),
    /// Two people in a room: the checker's attacks on the other's server and on yours, and who let what in
    ///
    /// One types `cargo lab duel --listen ADDRESS:PORT` and tells the other the address, who types `cargo lab duel --url
    /// URL`. A server on another machine is only touched if whoever runs it has agreed. Exit code 1 if something got in on
    /// yours.
    Duel(DuelArguments),
    /// A page for the wall of a room: who has done which steps
    ///
    /// Learners appear on it with `cargo lab learn --board URL --nickname NAME`. It is served on this machine alone unless
    /// --listen names an address of the network, and it forgets everything when it ends.
    Board(BoardArguments),
    /// Prove the workshop: starters fail exactly their checks, solutions pass them step by step, nothing is lost
    VerifyCourse(VerifyCourseArguments),
    /// The playground: be the person, be the thief, move the clock, and see who gets in
    ///
    /// A page on this machine with the three designs side by side, each a real server, and every request shown. Nothing is
    /// loaded from anywhere else. Ctrl-C stops it.
    Play(PlayArguments),
    /// Take a token apart and explain it
    Token(TokenArguments),
    /// See what this machine has, what each thing is needed for, and how to get it
    Doctor(DoctorArguments),
}

#[derive(Debug, Args)]
pub(crate) struct TourArguments {
    /// Where sessions and refresh tokens live: `memory`, `redis` (find one) or a URL as `redis://127.0.0.1:6379`.
    /// Without it: REDIS_URL, else a Redis that is found, else memory
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Wanted>,
    /// Print the result as JSON instead of tables
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The design to serve
    #[arg(value_enum)]
    pub(crate) lab: Design,
    /// Where sessions and refresh tokens live: `memory`, `redis` (find one) or a URL. Without it: AUTHLAB_STORE,
    /// REDIS_URL, else memory. A URL with a password is better put there: others on this machine see a command line
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Wanted>,
    /// The address to listen on; port 0 takes a free one [default: 127.0.0.1:8080, or AUTHLAB_LISTEN]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where accounts live: `memory` or a SQLite file [default: memory, or AUTHLAB_ACCOUNTS]
    #[arg(long, value_name = "PATH")]
    pub(crate) accounts: Option<PathBuf>,
    /// An origin whose pages may use this server, as `https://app.example`: its own, or another's, which gets CORS; may be
    /// repeated
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: Vec<String>,
    /// Let /lab/clock move this server's clock. For lessons; loopback only
    #[arg(long)]
    pub(crate) lab_controls: bool,
    /// End when stdin ends, so that a server does not outlive the program that started it
    #[arg(long, hide = true)]
    pub(crate) until_stdin_ends: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Take a store that is empty, restored from a backup or another one, and log everybody out
    ///
    /// A server refuses a store that is not the one that its accounts know, or is older: it answers 503 where it needs the
    /// store, and /health/ready says why. Bringing the right store back is enough, and loses nothing. Where it is lost, this
    /// command raises the epoch of every account, removes the sessions from the store (in a cluster the epochs alone end
    /// them), and writes a new marker. Servers may run meanwhile, and believe the store within a second. A run that broke off
    /// has opened nothing and is repeated.
    Accept(AcceptArguments),
}

#[derive(Debug, Args)]
pub(crate) struct AcceptArguments {
    /// The URL of the servers' Redis [default: AUTHLAB_STORE or REDIS_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<kit::Store>,
    /// The SQLite file that the accounts are in [default: AUTHLAB_ACCOUNTS]
    #[arg(long, value_name = "PATH")]
    pub(crate) accounts: Option<PathBuf>,
    /// Do so also where the servers believe the store
    #[arg(long)]
    pub(crate) force: bool,
    /// Print what was done as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// The file to write. On Unix only its owner may read it: it holds e-mail addresses and password hashes
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The SQLite file that the accounts are in [default: AUTHLAB_ACCOUNTS]
    #[arg(long, value_name = "PATH")]
    pub(crate) accounts: Option<PathBuf>,
    /// Print what was written as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The lab to start and check
    #[arg(value_enum, required_unless_present = "url", conflicts_with = "url")]
    pub(crate) lab: Option<Design>,
    /// The store of the lab to start: `memory`, `redis` (find one) or a URL [default: memory]
    #[arg(long, value_name = "STORE", conflicts_with = "url")]
    pub(crate) store: Option<Wanted>,
    /// A server that runs already, as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// For a server without /lab: the design it follows
    #[arg(long, value_name = "LAB", requires = "url", requires = "features")]
    pub(crate) design: Option<String>,
    /// For a server without /lab: what it claims, as access-jwt,refresh
    #[arg(long, value_name = "FEATURE", value_delimiter = ',', requires = "url")]
    pub(crate) features: Vec<conformance::Feature>,
    /// Only these checks: ids or topics, as csrf or rotation.replay-after-window
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Leave the accounts that the checks create on the server; without it they are deleted at the end
    #[arg(long)]
    pub(crate) keep_accounts: bool,
    /// List the checks, what each is for and which misbehaving servers it has been shown to catch, and run none
    #[arg(long)]
    pub(crate) list: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// Where sessions and refresh tokens live: `redis` (find one), a URL, or `memory`, which leaves out what needs Redis.
    /// Without it: REDIS_URL, else a Redis that is found, else memory
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Wanted>,
    /// Fewer and shorter rounds: under a minute, and good enough to see what is what
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only these designs: none, session-memory, session-redis, access, hybrid, hybrid+denylist
    #[arg(long, value_name = "DESIGN", value_delimiter = ',')]
    pub(crate) designs: Vec<String>,
    /// The round trips to Redis to try, in ms [default: 0,0.25,0.5,1,2]
    #[arg(long, value_name = "MS", value_delimiter = ',')]
    pub(crate) rtt: Option<Vec<f64>>,
    /// Also measure GET on a server of yours, as http://127.0.0.1:3000/me; may be repeated. Without --header it is logged
    /// in to as the contract says
    #[arg(long, value_name = "URL")]
    pub(crate) url: Vec<String>,
    /// A header for the servers at --url, as "authorization: Bearer eyJ…"; may be repeated
    #[arg(long, value_name = "HEADER", requires = "url")]
    pub(crate) header: Vec<String>,
    /// The servers at --url are mine, and may be put under load although they are not on this machine
    #[arg(long, requires = "url")]
    pub(crate) my_own_server: bool,
    /// Only what the targets need, and whether they hold; each is a ratio of this one run
    #[arg(long)]
    pub(crate) targets: bool,
    /// Measure nothing, and make report.html and report.md of this report.json
    #[arg(long, value_name = "FILE", conflicts_with_all = ["targets", "quick", "url"])]
    pub(crate) report: Option<PathBuf>,
    /// What changed since this older report.json, with a confidence interval for each figure
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,
    /// Exit code 1 if a figure is surely worse than in the older report
    #[arg(long, requires = "compare")]
    pub(crate) fail_on_regression: bool,
    /// Compare although the older report is of another machine
    #[arg(long, requires = "compare")]
    pub(crate) other_machine: bool,
    /// What servers cost and who comes, for the cost of a million people: a copy of benches/prices.toml with your figures
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
    /// The folder for the report [default: target/authlab/report]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
    /// Also measure what people would otherwise use, as small servers in Node, Python and Go: express-session,
    /// express-jsonwebtoken, fastify-jwt, fastapi-pyjwt, go-net-http; and the libraries alone, on one token: libraries. What
    /// they need is installed into target/authlab/peers, which takes minutes once; what cannot be is skipped, and said. Adds
    /// half a minute to --quick, four minutes else. Only some: --peers=NAME,NAME
    #[arg(long, value_name = "PEER", value_delimiter = ',', num_args = 0.., require_equals = true)]
    pub(crate) peers: Option<Vec<String>>,
    /// Print the report as JSON instead of tables
    #[arg(long)]
    pub(crate) json: bool,
    /// As little as there can be of everything, for the test of this command
    #[arg(long, hide = true, conflicts_with = "quick")]
    pub(crate) smoke: bool,
}

#[derive(Debug, Args)]
pub(crate) struct YardstickArguments {
    /// What the server does
    #[arg(value_enum, default_value = "nothing")]
    pub(crate) kind: Yardstick,
}

#[derive(Debug, Args)]
pub(crate) struct FaultsArguments {
    /// Where the Redis to break comes from: `redis` starts one of its own, from the PATH or else in a container. A Redis
    /// at a URL is somebody's and is left alone [default: redis]
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Wanted>,
    /// Outages of 30 s instead of 4 s, and 10,000 idle connections instead of 500 where the system allows them
    #[arg(long)]
    pub(crate) full: bool,
    /// Only these rows, as redis-killed,black-hole
    #[arg(long, value_name = "ROW", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Print the report as JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TokenArguments {
    /// The token; `-` reads it from stdin, so that it does not stay in the shell's history
    #[arg(value_name = "JWT")]
    pub(crate) token: String,
    /// A file with the secret, to check the signature (HS256)
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Whether this machine can go through the whole workshop without a network; exit code 1 if something is missing
    #[arg(long)]
    pub(crate) workshop: bool,
    /// Fetch the crates and build the exercises and the book first
    #[arg(long, requires = "workshop")]
    pub(crate) prepare: bool,
    /// Print what was found as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_check_wants_a_lab_or_a_url_and_not_both() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        assert!(parse("authlab check hybrid").is_ok());
        assert!(parse("authlab check --url http://127.0.0.1:1").is_ok());
        assert!(parse("authlab check").is_err());
        assert!(parse("authlab check hybrid --url http://127.0.0.1:1").is_err());
    }

    #[test]
    fn an_unknown_lab_or_store_is_a_usage_error() {
        let code = |line: &str| Arguments::try_parse_from(line.split(' ')).unwrap_err().exit_code();
        assert_eq!(code("authlab serve nothing-like-it"), 2);
        assert_eq!(code("authlab serve hybrid --store postgres://x"), 2);
    }
}
