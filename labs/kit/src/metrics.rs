//! Metrics for the operator: `GET /metrics`, in the text format that Prometheus reads.
//!
//! The metrics are served only if they are switched on, because they tell a competitor how many users log in and an
//! attacker how well an attack works; and only to clients that connect directly, so that a proxy in front of the server
//! does not expose them by mistake. A label's value is a word from this code (a route's pattern, a method, an outcome),
//! never an identifier: one label value per user would identify them, and fill the memory.
//!
//! Each server has a registry of its own; there is no global one. A request costs two look-ups in a table and no
//! allocation.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::MatchedPath;
use http::{Method, StatusCode};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::audit::Event;
use crate::error::Error;
use crate::keyring::HeldKeys;
use crate::password::Hashing;

/// The format's content type. It is OpenMetrics, the standard that grew out of Prometheus' own text format.
pub(crate) const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the histogram's buckets, in seconds: from checking a token to giving up on Redis.
const BUCKETS: [f64; 12] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0];

/// A server's metrics, or `None` if they are switched off. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics(Option<Arc<Figures>>);

#[derive(Debug)]
struct Figures {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<OfRoute, Histogram, fn() -> Histogram>,
    log_ins: Family<Outcome, Counter>,
    refreshes: Family<Outcome, Counter>,
    throttled: Counter,
    keys: Family<KeyLabels, Gauge>,
    hashing_places: Gauge,
    hashing_busy: Gauge,
    hashing_waiting: Gauge,
    store_refused: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: Route,
    method: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: Route,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// The labels of one key of this server. There are as many as an operator configured.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabels {
    r#use: &'static str,
    kid: String,
    role: &'static str,
}

/// A route's pattern, `/auth/sessions/{id}`: never the requested path. `None` for a request that matches no route.
#[derive(Clone, Debug)]
struct Route(Option<MatchedPath>);

impl Metrics {
    /// Metrics that start at zero, or none if they are switched off.
    pub(crate) fn new(on: bool) -> Self {
        Self(on.then(Figures::new).map(Arc::new))
    }

    /// Counts a request that started then and is answered now.
    pub(crate) fn answered(
        &self,
        route: Option<MatchedPath>,
        method: &Method,
        status: StatusCode,
        start: Instant,
    ) {
        let Some(figures) = &self.0 else { return };
        let took = start.elapsed();
        let (route, method, status) = (Route(route), method_label(method), status_label(status));
        figures.durations.get_or_create(&OfRoute { route: route.clone() }).observe(took.as_secs_f64());
        figures.requests.get_or_create(&Answered { route, method, status }).inc();
    }

    /// Counts an event of the audit log.
    pub(crate) fn happened(&self, event: Event) {
        let Some(figures) = &self.0 else { return };
        let log_in = |outcome| {
            figures.log_ins.get_or_create(&Outcome { outcome }).inc();
        };
        match event {
            Event::LogIn => log_in("accepted"),
            Event::LogInRefused => log_in("refused"),
            Event::LogInThrottled => {
                figures.throttled.inc();
                log_in("throttled");
            }
            Event::LogInUnserved => log_in("unserved"),
            Event::PasswordThrottled | Event::SignUpThrottled => {
                figures.throttled.inc();
            }
            Event::Refresh { outcome, .. } => self.refreshed(outcome),
            Event::RefreshReused { .. } => self.refreshed("reused"),
            Event::RefreshAhead { .. } => self.refreshed("ahead"),
            _ => {}
        }
    }

    /// Reports the keys that this server has: a gauge of 1 for each.
    pub(crate) fn holds(&self, held: &HeldKeys) {
        let Some(figures) = &self.0 else { return };
        let issues = std::iter::once((&held.issues, "issues"));
        for (kid, role) in issues.chain(held.checks.iter().map(|kid| (kid, "checks"))) {
            let labels = KeyLabels { r#use: held.purpose, kid: kid.clone(), role };
            figures.keys.get_or_create(&labels).set(1);
        }
    }

    /// Reports whether the store is refused because it is not the one that the accounts know: a gauge of 1, for alerts.
    pub(crate) fn store_refused(&self, refused: bool) {
        let Some(figures) = &self.0 else { return };
        figures.store_refused.set(refused.into());
    }

    /// All metrics in the text format of Prometheus; `None` if they are off.
    ///
    /// # Errors
    /// A figure cannot be written, which is a defect.
    pub(crate) fn text(&self, hashing: Hashing) -> Result<Option<String>, Error> {
        self.0.as_ref().map(|figures| figures.text(hashing)).transpose()
    }

    /// Counts a refresh by its outcome.
    pub(crate) fn refreshed(&self, outcome: &'static str) {
        let Some(figures) = &self.0 else { return };
        figures.refreshes.get_or_create(&Outcome { outcome }).inc();
    }
}

impl Figures {
    fn new() -> Self {
        let mut registry = Registry::with_prefix("authlab");
        let buckets: fn() -> Histogram = || Histogram::new(BUCKETS);
        let durations = Family::new_with_constructor(buckets);
        registry.register("request_duration_seconds", "Response time by route", durations.clone());
        Self {
            requests: counted(&mut registry, "requests", "Requests by route, method and status class"),
            durations,
            log_ins: counted(&mut registry, "log_ins", "Logins by outcome"),
            refreshes: counted(&mut registry, "refreshes", "Refreshes by outcome"),
            throttled: counted(
                &mut registry,
                "throttled",
                "Passwords and sign-ups refused unchecked after too many attempts",
            ),
            keys: counted(
                &mut registry,
                "key",
                "Keys that this server has: for each use the one that issues, and those that only check",
            ),
            hashing_places: counted(
                &mut registry,
                "hashing_places",
                "Passwords that the server hashes at most at the same time",
            ),
            hashing_busy: counted(&mut registry, "hashing_busy", "Passwords that are being hashed"),
            hashing_waiting: counted(
                &mut registry,
                "hashing_waiting",
                "Passwords that are waiting to be hashed",
            ),
            store_refused: counted(
                &mut registry,
                "store_refused",
                "1 while the server refuses its store: an empty, older or different one than the accounts know",
            ),
            registry,
        }
    }

    fn text(&self, hashing: Hashing) -> Result<String, Error> {
        let Hashing { places, busy, waiting } = hashing;
        for (gauge, number) in
            [(&self.hashing_places, places), (&self.hashing_busy, busy), (&self.hashing_waiting, waiting)]
        {
            gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|error| Error::Internal(error.into()))?;
        Ok(text)
    }
}

/// Creates a metric and registers it. The registry keeps a clone, which shares the value.
fn counted<M>(registry: &mut Registry, name: &'static str, help: &'static str) -> M
where
    M: prometheus_client::registry::Metric + Clone + Default,
{
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

/// A method's name if it is a known one; any other word would be chosen by the client.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn status_label(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "other",
    }
}

impl Route {
    fn pattern(&self) -> &str {
        self.0.as_ref().map_or("-", MatchedPath::as_str)
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.pattern() == other.pattern()
    }
}

impl Eq for Route {}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.pattern().hash(state);
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.pattern().encode(encoder)
    }
}
