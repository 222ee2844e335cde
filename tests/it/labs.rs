//! The labs as servers in this process: every check of the contract on every lab and every store.

use std::net::SocketAddr;

use axum::Router;
use conformance::{Options, Report, Target};
use kit::config::Store;
use kit::testing::private_redis;
use kit::{Clock, Config, Origins, StartError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::containers::RedisContainer;

/// A lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lab {
    Session,
    Access,
    Hybrid,
}

impl Lab {
    pub(crate) const ALL: [Self; 3] = [Self::Session, Self::Access, Self::Hybrid];

    fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Access => "access",
            Self::Hybrid => "hybrid",
        }
    }

    async fn router(self, config: &Config, clock: Clock, origins: Origins) -> Result<Router, StartError> {
        match self {
            Self::Session => lab2_session::router(config, clock, origins).await,
            Self::Access => lab3_access::router(config, clock, origins).await,
            Self::Hybrid => lab4_hybrid::router(config, clock, origins).await,
        }
    }
}

/// A lab's server on a free port, with a clock that the test can move. It ends with the value.
pub(crate) struct LabServer {
    pub(crate) url: String,
    pub(crate) clock: Clock,
    serving: JoinHandle<()>,
}

impl LabServer {
    pub(crate) async fn start(lab: Lab, store: Store) -> Self {
        Self::start_with(lab, Config { store, ..Config::default() }, &[]).await
    }

    /// Starts a lab that browsers reach by these origins; without any, by its own address.
    pub(crate) async fn start_with(lab: Lab, config: Config, origins: &[String]) -> Self {
        let config = Config { lab_controls: true, ..config };
        let listener = TcpListener::bind(config.listen).await.expect("a free port");
        let address: SocketAddr = listener.local_addr().expect("a bound port");
        let clock = Clock::system();
        let origins = Origins::new(origins, address, lab.name());
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

async fn check(lab: Lab, store: Store) -> Report {
    let server = LabServer::start(lab, store).await;
    let target = Target::discover(&server.url).await.expect("a lab describes itself").reached_directly();
    conformance::run(&target, &Options::default(), |_| {}).await.expect("the suite runs")
}

/// Nothing failed, and what was skipped was skipped for want of a claim, not for want of a clock.
fn assert_passed(lab: Lab, report: &Report) {
    assert!(!report.failed(), "{lab:?}: {}", report.text(false));
    assert!(report.counts.passed > 40, "{lab:?}: only {} checks passed", report.counts.passed);
    println!("{lab:?}: {:?}", report.counts);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lab_keeps_the_contract_in_memory() {
    for lab in Lab::ALL {
        assert_passed(lab, &check(lab, Store::Memory).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lab_keeps_the_contract_on_a_local_redis() {
    let Some(redis) = private_redis().await else { return };
    for lab in [Lab::Session, Lab::Hybrid] {
        assert_passed(lab, &check(lab, Store::Redis(redis.url.clone())).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lab_keeps_the_contract_on_a_redis_in_a_container() {
    let Some(redis) = RedisContainer::start().await else { return };
    for lab in [Lab::Session, Lab::Hybrid] {
        assert_passed(lab, &check(lab, Store::Redis(redis.url.clone())).await);
    }
}
