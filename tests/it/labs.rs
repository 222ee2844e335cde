//! The labs as servers in this process: every check of the contract on every lab and every store.

use std::net::SocketAddr;
use std::path::Path;

use conformance::{AccountsAfter, CheckResult, Options, Outcome, Report, Target};
use harness::design::{ACCESS, Design, HYBRID};
use kit::config::{AccountsAt, Store};
use kit::design::StoreKind;
use kit::testing::private_redis;
use kit::{Clock, Config, Origin, Origins};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::containers::RedisContainer;

/// A lab's server on a free port, with a clock that the test can move. It ends when this is dropped.
pub(crate) struct LabServer {
    pub(crate) url: String,
    pub(crate) clock: Clock,
    serving: JoinHandle<()>,
}

impl LabServer {
    pub(crate) async fn start(lab: Design, store: Store) -> Self {
        Self::start_with(lab, Config { store, ..Config::default() }, &[]).await
    }

    /// Starts a lab that browsers reach at these origins; without any, at its own address.
    pub(crate) async fn start_with(lab: Design, config: Config, origins: &[String]) -> Self {
        let listener = TcpListener::bind(config.listen).await.expect("a free port");
        Self::start_on(listener, lab, config, origins).await
    }

    /// Starts a lab that may be used by pages of its own origin and of one other.
    pub(crate) async fn start_for_page(lab: Design, config: Config, page: &str) -> Self {
        let listener = TcpListener::bind(config.listen).await.expect("a free port");
        let own = format!("http://{}", listener.local_addr().expect("a bound port"));
        Self::start_on(listener, lab, config, &[own, page.to_owned()]).await
    }

    async fn start_on(listener: TcpListener, lab: Design, config: Config, origins: &[String]) -> Self {
        let config = Config { lab_controls: true, ..config };
        let address: SocketAddr = listener.local_addr().expect("a bound port");
        let clock = Clock::system();
        let origins: Vec<Origin> = origins.iter().map(|origin| origin.parse().expect("an origin")).collect();
        let origins = Origins::new(&origins, address, lab.name);
        let router = lab.router(&config, clock.clone(), origins).await.expect("the lab starts");
        let serving = tokio::spawn(kit::serve(listener, router, config.limits, std::future::pending()));
        Self { url: format!("http://{address}"), clock, serving }
    }
}

impl Drop for LabServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The number of accounts in a SQLite file.
pub(crate) async fn accounts_in(file: &Path) -> i64 {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = options.connect().await.expect("the accounts can be read");
    let row = sqlx::query("SELECT count(*) FROM accounts").fetch_one(&mut connection).await;
    row.expect("a count").get(0)
}

/// Runs all checks on a lab that stores its accounts in a file, which must be as empty afterwards as before.
async fn check(lab: Design, store: Store) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("accounts.sqlite");
    let config = Config { store, accounts: AccountsAt::File(file.clone()), ..Config::default() };
    let server = LabServer::start_for_page(lab, config, "https://app.example.test").await;
    assert_eq!(accounts_in(&file).await, 0);
    let target = Target::discover(&server.url).await.expect("a lab describes itself").reached_directly();
    let report = conformance::run(&target, &Options::default(), |_| {}).await.expect("the suite runs");
    assert_eq!(accounts_in(&file).await, 0, "{lab}: {:?}", report.accounts);
    report
}

/// Asserts that no check failed, that enough checks passed, and that every account was deleted.
fn assert_passed(lab: Design, report: &Report) {
    assert!(!report.failed(), "{lab}: {}", report.text(false));
    assert!(report.counts.passed > 40, "{lab}: only {} checks passed", report.counts.passed);
    let attacks = report.results.iter().filter(|result| result.attack && result.outcome == Outcome::Passed);
    assert!(attacks.count() > 20, "{lab}: hardly any attack was tried");
    let accounts = &report.accounts;
    assert!(accounts.created > 50, "{lab}: {accounts:?}");
    assert_eq!((accounts.deleted, accounts.left), (accounts.created, 0), "{lab}: {accounts:?}");
    println!("{lab}: {:?}, {accounts:?}", report.counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lab_keeps_the_contract_in_memory() {
    for lab in Design::compared() {
        assert_passed(lab, &check(lab, Store::Memory).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lab_keeps_the_contract_on_a_local_redis() {
    let Some(redis) = private_redis().await else { return };
    for lab in Design::compared().filter(|lab| lab.stores.contains(&StoreKind::Redis)) {
        assert_passed(lab, &check(lab, Store::Redis(redis.url.clone())).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lab_keeps_the_contract_on_a_redis_in_a_container() {
    let Some(redis) = RedisContainer::start().await else { return };
    for lab in Design::compared().filter(|lab| lab.stores.contains(&StoreKind::Redis)) {
        assert_passed(lab, &check(lab, Store::Redis(redis.url.clone())).await);
    }
}

/// Runs a few checks that create accounts on a lab that stores them in a file; returns the report and the number of
/// accounts left.
async fn rows_after(options: Options, until: Option<&Notify>) -> (Report, i64) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("accounts.sqlite");
    let config = Config { accounts: AccountsAt::File(file.clone()), ..Config::default() };
    let server = LabServer::start_with(ACCESS, config, &[]).await;
    let target = Target::discover(&server.url).await.expect("a lab describes itself").reached_directly();
    let interrupted = async {
        match until {
            Some(told) => told.notified().await,
            None => std::future::pending().await,
        }
    };
    let progress = |_: &CheckResult| {
        if let Some(told) = until {
            told.notify_one();
        }
    };
    let report =
        conformance::run_until(&target, &options, progress, interrupted).await.expect("the suite runs");
    (report, accounts_in(&file).await)
}

fn some_checks() -> Options {
    let only = ["signup", "password", "account", "login.succeeds"].map(str::to_owned).to_vec();
    Options { only, concurrency: 1, ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_are_to_be_kept_are_left_and_told_and_others_are_deleted() {
    let (kept, rows) = rows_after(Options { accounts: AccountsAfter::Kept, ..some_checks() }, None).await;
    assert!(!kept.failed(), "{}", kept.text(false));
    assert!(kept.accounts.left > 10, "{:?}", kept.accounts);
    assert_eq!(i64::try_from(kept.accounts.left).expect("a small number"), rows);
    assert_eq!(kept.accounts.left_because.keys().collect::<Vec<_>>(), ["kept on request"]);

    let (deleted, rows) = rows_after(some_checks(), None).await;
    assert!(!deleted.failed(), "{}", deleted.text(false));
    assert_eq!((deleted.accounts.created, deleted.accounts.left), (kept.accounts.created, 0));
    assert_eq!(rows, 0, "{:?}", deleted.accounts);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_skips_the_rest_and_deletes_the_accounts_that_it_has_created() {
    let (report, rows) = rows_after(some_checks(), Some(&Notify::new())).await;
    let skipped = |reason: &str| {
        let is = |outcome: &Outcome| matches!(outcome, Outcome::Skipped { reason: given } if given == reason);
        report.results.iter().filter(|result| is(&result.outcome)).count()
    };
    assert!(skipped("the run was interrupted") > 10, "{}", report.text(false));
    assert_eq!(report.counts.failed, 0, "{}", report.text(false));
    assert!(report.accounts.created > 0 && report.accounts.left == 0, "{:?}", report.accounts);
    assert_eq!(rows, 0);
}

/// The addresses that a server in a container or on an IPv6 machine listens on; the server's own pages must work at
/// each.
#[tokio::test(flavor = "multi_thread")]
async fn a_lab_bound_to_any_address_or_to_ipv6_lets_its_own_pages_in() {
    for listen in ["0.0.0.0:0", "[::]:0", "[::1]:0"] {
        let config = Config { listen: listen.parse().expect("an address"), ..Config::default() };
        let listener = TcpListener::bind(config.listen).await.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let origins = Origins::new(&[], listener.local_addr().expect("a bound port"), "hybrid");
        let router = HYBRID.router(&config, Clock::system(), origins).await.expect("the lab starts");
        let serving = tokio::spawn(kit::serve(listener, router, config.limits, std::future::pending()));
        let host = if listen.starts_with('[') { "[::1]" } else { "127.0.0.1" };
        let target = Target::discover(&format!("http://{host}:{port}")).await.expect("a lab");
        let only = ["csrf", "lab.origins"].map(str::to_owned).to_vec();
        let options = Options { only, ..Options::default() };
        let report = conformance::run(&target.reached_directly(), &options, |_| {}).await.expect("a run");
        assert!(!report.failed() && report.counts.passed >= 11, "{listen}: {}", report.text(false));
        serving.abort();
    }
}
