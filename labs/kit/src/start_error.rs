//! Why a server cannot start.

use crate::config::ConfigError;

/// Why a server cannot start. Each message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The accounts' database cannot be opened.
    #[error("the accounts' database cannot be opened: {0}; name a file that can be written, or `memory`")]
    Accounts(#[source] sqlx::Error),
    /// The accounts' database can be opened but not read.
    #[error("the accounts' database cannot be read: {0}")]
    Endings(#[source] crate::error::Error),
    /// No usable Redis answers.
    #[error(transparent)]
    Redis(#[from] crate::redis::ConnectError),
    /// A scheme refuses its keys or settings.
    #[error("{0}")]
    Scheme(String),
}
