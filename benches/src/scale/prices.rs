//! What a site costs, and who comes to it: input, none of it measured.

use serde::{Deserialize, Serialize};

/// The figures of this project, with their date; a copy with other figures can be given instead.
const OURS: &str = include_str!("../../prices.toml");

/// Why a file of prices cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PricesError {
    /// It is no TOML of this shape.
    #[error("the prices cannot be read: {0}")]
    Shape(#[from] toml::de::Error),
    /// A figure is out of its bounds.
    #[error("the prices cannot be used: {0}")]
    Figure(&'static str),
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// When they were true.
    pub as_of: String,
    /// Of the money.
    pub currency: String,
    /// App servers.
    pub app: App,
    /// Redis.
    pub redis: Redis,
    /// Who comes.
    pub people: People,
    /// How it is run.
    pub site: Site,
}

/// App servers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Price of a core for an hour.
    pub core_hour: f64,
}

/// Redis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// Price of a node for an hour; it runs its commands on one core.
    pub node_hour: f64,
    /// A node's memory for data, in GiB.
    pub node_memory_gib: f64,
    /// Nodes that hold the same data.
    pub copies: f64,
}

/// Who comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// The share of all people who are there in the busiest hour.
    pub online_at_peak: f64,
    /// Requests of one of them in an hour.
    pub requests_per_hour: f64,
    /// Sessions of one person, online or not.
    pub sessions: f64,
}

/// How it is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// How busy a core is to be at most, as a share.
    pub utilisation: f64,
    /// Between app server and Redis, in ms.
    pub round_trip_ms: f64,
}

impl Prices {
    /// Those of this project.
    ///
    /// # Errors
    /// Never for the file that is built in; its test says so.
    pub fn ours() -> Result<Self, PricesError> {
        Self::read(OURS)
    }

    /// Reads them from TOML.
    ///
    /// # Errors
    /// [`PricesError`] when something is missing, unknown or out of bounds.
    pub fn read(text: &str) -> Result<Self, PricesError> {
        let prices: Self = toml::from_str(text)?;
        let positive = [
            prices.app.core_hour,
            prices.redis.node_hour,
            prices.redis.node_memory_gib,
            prices.redis.copies,
            prices.people.requests_per_hour,
        ];
        let is_share = |share: f64| share > 0.0 && share <= 1.0;
        if positive.iter().any(|figure| !figure.is_finite() || *figure <= 0.0) {
            return Err(PricesError::Figure("every price, copy and count must be above 0"));
        }
        if !(is_share(prices.people.online_at_peak) && is_share(prices.site.utilisation)) {
            return Err(PricesError::Figure(
                "online_at_peak and utilisation are shares: above 0 and at most 1",
            ));
        }
        if !(0.0..=1_000.0).contains(&prices.site.round_trip_ms)
            || !(0.0..=1_000.0).contains(&prices.people.sessions)
        {
            return Err(PricesError::Figure("round_trip_ms and sessions are 0 to 1,000"));
        }
        Ok(prices)
    }
}
