//! What a page may name: `registry.json`, the output of `cargo lab registry`, which a test of that program holds up to date.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::lang::Text;

/// The designs, commands, checks and faults that exist.
#[derive(Clone, Deserialize)]
pub(crate) struct Registry {
    pub(crate) designs: Vec<Design>,
    pub(crate) commands: Vec<String>,
    pub(crate) checks: Vec<String>,
    pub(crate) faults: Vec<String>,
}

/// A design, as far as a page shows it.
#[derive(Clone, Deserialize)]
pub(crate) struct Design {
    pub(crate) is_baseline: bool,
    pub(crate) words: Words,
    pub(crate) credential: Credential,
    pub(crate) logout: Logout,
}

/// The words of a design that a page shows.
#[derive(Clone, Deserialize)]
pub(crate) struct Words {
    pub(crate) title: Text,
}

/// What a log-in issues.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub(crate) enum Credential {
    None,
    Cookie,
    Bearer,
    BearerAndRefresh,
}

/// When a copied credential is refused after a logout.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Logout {
    None,
    AtOnce,
    AtExpiry,
}

impl Registry {
    /// The copy that is in the book's folder.
    pub(crate) fn committed() -> Result<Self> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("registry.json");
        let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not the output of `cargo lab registry`", file.display()))
    }
}
