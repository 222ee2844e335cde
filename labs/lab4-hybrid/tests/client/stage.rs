//! The lab's server behind the proxy, and a browser with tabs in which the client runs.

use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use kit::testing::browser::{Browser, Tab};
use kit::{Clock, Config, Origins};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::network::Network;

/// A page with the client. `?without=locks` and `?without=key` remove a part of the protection before the client
/// starts. `?api=` is the URL of the API, if it is not at the page's own origin.
const PAGE: &str = include_str!("page.html");
pub(crate) const PASSWORD: &str = "seven purple lanterns hum";
/// Longer than the window in which the server accepts a parent token; `ACCESS` is longer than an access token lives.
pub(crate) const WINDOW: Duration = Duration::from_secs(11);
pub(crate) const ACCESS: Duration = Duration::from_secs(15 * 60 + 1);

pub(crate) struct Stage {
    pub(crate) network: Network,
    pub(crate) clock: Clock,
    pub(crate) browser: Browser,
    pub(crate) origins: Vec<String>,
    tabs: Vec<Tab>,
    config: Config,
    running: Option<oneshot::Sender<()>>,
}

impl Stage {
    /// A server, and a browser with this many tabs, each with the page. `None` if Chromium is not installed.
    pub(crate) async fn with(tabs: usize, without: &str, config: Config) -> Option<Self> {
        let mut stage = Self::empty(config, &["127.0.0.1"]).await?;
        for _ in 0..tabs {
            stage.open_tab(&format!("{}/page?without={without}", stage.origins[0]));
        }
        Some(stage)
    }

    /// A server that allows pages of these hosts, and a browser without tabs.
    pub(crate) async fn empty(config: Config, hosts: &[&str]) -> Option<Self> {
        let browser = Browser::start()?;
        let listener = TcpListener::bind(config.listen).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let origins = hosts.iter().map(|host| format!("http://{host}:{port}")).collect();
        let network = Network::start(listener);
        let (clock, tabs) = (Clock::system(), Vec::new());
        let mut stage = Self { network, clock, browser, origins, tabs, config, running: None };
        stage.start_server().await;
        Some(stage)
    }

    pub(crate) fn open_tab(&mut self, url: &str) {
        let tab = self.browser.new_tab();
        self.tabs.push(tab);
        self.browser.open(url);
        self.browser.until("window.client");
    }

    pub(crate) async fn new(tabs: usize) -> Option<Self> {
        Self::with(tabs, "", Config::default()).await
    }

    /// Starts another server with the same configuration, as after a deployment.
    pub(crate) async fn start_server(&mut self) {
        let listener = TcpListener::bind(self.config.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let origins: Vec<_> = self.origins.iter().map(|origin| origin.parse().unwrap()).collect();
        let origins = Origins::new(&origins, address, "hybrid");
        let lab = lab4_hybrid::router(&self.config, self.clock.clone(), origins).await.unwrap();
        let script = async || ([(CONTENT_TYPE, "text/javascript")], lab4_hybrid::BROWSER_CLIENT);
        let pages = Router::new()
            .route("/page", get(async || Html(PAGE)))
            .route("/authlab-client.js", get(script))
            .route("/refusing", get(async || http::StatusCode::UNAUTHORIZED));
        let (running, stopped) = oneshot::channel::<()>();
        tokio::spawn(kit::serve(listener, lab.merge(pages), self.config.limits, async {
            let _stopped = stopped.await;
        }));
        self.running = Some(running);
        self.network.lead_to(Some(address));
    }

    pub(crate) fn stop_server(&mut self) {
        self.network.lead_to(None);
        self.running = None;
    }

    pub(crate) fn tabs(&self) -> std::ops::Range<usize> {
        0..self.tabs.len()
    }

    /// Selects a tab of this browser; later commands go to it.
    pub(crate) fn tab(&mut self, tab: usize) -> &mut Browser {
        self.browser.turn_to(&self.tabs[tab]);
        &mut self.browser
    }

    /// Starts an action in a tab under a name, without waiting for it.
    pub(crate) fn begin(&mut self, tab: usize, name: &str, expression: &str) {
        self.tab(tab).eval(&format!("begin({}, () => {expression}); 0", json!(name)));
    }

    /// Waits for an action and returns its value, or the code of its error.
    pub(crate) fn came_of(&mut self, tab: usize, name: &str) -> Value {
        let name = json!(name);
        self.tab(tab).until(&format!("window.came && came[{name}] !== undefined"));
        self.browser.eval(&format!("came[{name}]"))
    }

    /// Runs an action in a tab, and waits for its result.
    pub(crate) fn does(&mut self, tab: usize, expression: &str) -> Value {
        self.begin(tab, "done", expression);
        self.came_of(tab, "done")
    }

    /// Signs a user up in a tab, and waits until every tab knows it.
    pub(crate) fn sign_up(&mut self, tab: usize, email: &str) {
        let signed_up = self.does(tab, &format!("client.signUp({}, {})", json!(email), json!(PASSWORD)));
        assert_eq!(signed_up["status"], "in", "{signed_up}");
        self.everywhere("client.state.status === 'in'");
    }

    /// Waits until an expression is true in every tab.
    pub(crate) fn everywhere(&mut self, expression: &str) {
        for tab in self.tabs() {
            self.tab(tab).until(expression);
        }
    }

    /// Reloads a tab without waiting for its pending requests.
    pub(crate) fn reload(&mut self, tab: usize) {
        self.tab(tab).reload();
        self.browser.until("window.client");
    }

    /// The result of a request to `/me` in every tab: the status, and the address.
    pub(crate) fn who_is_in(&mut self) -> Vec<Value> {
        self.tabs().map(|tab| self.does(tab, "me()")).collect()
    }

    /// The number of the account's sessions, as the server lists them.
    pub(crate) fn sessions(&mut self) -> usize {
        let list = self.does(0, "client.fetch('/auth/sessions').then(answer => answer.json())");
        list.as_array().unwrap_or_else(|| panic!("no list: {list}")).len()
    }
}
