//! The designs that can be served, by name.

use std::fmt;

use axum::Router;
use clap::ValueEnum;
use kit::none::NoAuthentication;
use kit::{App, Clock, Config, Origins, StartError};

/// One design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Design {
    /// No authentication: the baseline of every measurement
    None,
    /// A cookie that names a session on the server
    Session,
    /// A signed access token, and nothing else
    Access,
    /// A short access token and a rotated refresh token
    Hybrid,
}

impl Design {
    /// The three that are compared.
    pub const COMPARED: [Self; 3] = [Self::Session, Self::Access, Self::Hybrid];
    /// The three with the baseline before them.
    pub const MEASURED: [Self; 4] = [Self::None, Self::Session, Self::Access, Self::Hybrid];

    /// The name on the command line and in `/lab`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Session => "session",
            Self::Access => "access",
            Self::Hybrid => "hybrid",
        }
    }

    /// Its whole server, ready to be served.
    pub async fn router(self, config: &Config, clock: Clock, origins: Origins) -> Result<Router, StartError> {
        match self {
            Self::None => {
                let app = App::new(NoAuthentication::default(), config, clock, origins).await?;
                Ok(kit::router(app, Router::new()))
            }
            Self::Session => lab2_session::router(config, clock, origins).await,
            Self::Access => lab3_access::router(config, clock, origins).await,
            Self::Hybrid => lab4_hybrid::router(config, clock, origins).await,
        }
    }
}

impl fmt::Display for Design {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
