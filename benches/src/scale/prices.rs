//! The prices of a site and its number of users: input of the model, none of it measured.

use serde::{Deserialize, Serialize};

/// The prices that this project uses, with their date. The user can provide a copy with other figures.
const OURS: &str = include_str!("../../prices.toml");

/// Why a file of prices cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PricesError {
    /// The file is not TOML of the expected shape.
    #[error("the prices cannot be read: {0}")]
    Shape(#[from] toml::de::Error),
    /// A figure is out of bounds.
    #[error("the prices cannot be used: {0}")]
    Figure(&'static str),
}

/// All prices and usage figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The month in which the prices were valid, such as `2026-11`.
    pub as_of: String,
    /// The currency of the prices.
    pub currency: String,
    /// The price of app servers.
    pub app: App,
    /// The price and size of Redis nodes.
    pub redis: Redis,
    /// How the users use the site.
    pub people: People,
    /// How the site is operated.
    pub site: Site,
}

/// The price of app servers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The price of one core for one hour.
    pub core_hour: f64,
}

/// The price and size of Redis nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// The price of one node for one hour; a node runs its commands on one core.
    pub node_hour: f64,
    /// The memory of one node for data, in GiB.
    pub node_memory_gib: f64,
    /// The number of nodes that store the same data.
    pub copies: f64,
}

/// How the users use the site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// The share of all users who are online in the busiest hour.
    pub online_at_peak: f64,
    /// Requests of one online user per hour.
    pub requests_per_hour: f64,
    /// Sessions per user, online or not.
    pub sessions: f64,
}

/// How the site is operated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The highest planned utilisation of a core, as a share.
    pub utilisation: f64,
    /// The round trip between app server and Redis, in ms.
    pub round_trip_ms: f64,
}

impl Prices {
    /// The prices that this project uses.
    ///
    /// # Errors
    /// Never: a test makes sure that the built-in file is valid.
    pub fn ours() -> Result<Self, PricesError> {
        Self::read(OURS)
    }

    /// Reads prices from TOML.
    ///
    /// # Errors
    /// [`PricesError`] when a figure is missing, unknown or out of bounds.
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
