//! The settings of the tokens that are issued and checked in this process, without a server.

use std::time::Duration;

pub(crate) const ISSUER: &str = "https://authlab.example";
pub(crate) const AUDIENCE: &str = "authlab-api";
/// Longer than any measurement, so that no token expires during one.
pub(crate) const TTL: Duration = Duration::from_secs(86_400);
pub(crate) const LEEWAY: Duration = Duration::from_secs(5);
