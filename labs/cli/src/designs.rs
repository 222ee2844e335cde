//! `cargo lab designs`: prints the registry of designs, as a table or as JSON.

use std::process::ExitCode;

use clap::Args;
use harness::Failure;
use harness::design::{DESIGNS, Design};
use harness::terminal::{heading, table};
use kit::design::{Credential, Logout, State, StoreKind, Variant, Words};
use serde::Serialize;

/// List the designs: credential, stored data, and when a logout takes effect
#[derive(Debug, Args)]
pub(crate) struct DesignsArguments {
    /// Print the whole registry as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the table of README.md; a test compares the two
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

/// A design in the form of `--json`.
#[derive(Serialize)]
pub(crate) struct Registered {
    name: &'static str,
    is_baseline: bool,
    words: &'static Words,
    credential: Credential,
    state: State,
    logout: Logout,
    /// The stores in which its sessions can be kept.
    stores: &'static [StoreKind],
    /// The page of the book about it.
    page: &'static str,
    /// The environment variables from which its secrets are read.
    secrets: Vec<&'static str>,
    variants: &'static [Variant],
}

impl Registered {
    /// Every design of the registry, in its order.
    pub(crate) fn all() -> Vec<Self> {
        DESIGNS.iter().copied().map(Self::of).collect()
    }

    fn of(design: Design) -> Self {
        let described = design.description();
        Self {
            name: described.name,
            is_baseline: described.is_baseline(),
            words: &described.words,
            credential: described.credential,
            state: described.state,
            logout: described.logout,
            stores: described.stores,
            page: described.page,
            secrets: described.secrets.iter().map(|secret| secret.variable).collect(),
            variants: described.variants,
        }
    }
}

pub(crate) fn run(arguments: &DesignsArguments) -> Result<ExitCode, Failure> {
    if arguments.json {
        harness::outln!("{}", serde_json::to_string_pretty(&Registered::all())?);
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.markdown {
        harness::out!("{}", markdown());
        return Ok(ExitCode::SUCCESS);
    }
    heading("The designs");
    let row = |design: &Design| {
        let stores = match design.stores {
            [] => "nothing".to_owned(),
            stores => stores.iter().map(|store| store.as_str()).collect::<Vec<_>>().join(" or "),
        };
        vec![
            design.name.to_owned(),
            credential(design.credential).to_owned(),
            stores,
            logout(design.logout).to_owned(),
        ]
    };
    let header = ["design", "credential", "sessions in", "a logout ends a copy"];
    harness::out!("{}", table(&header, header.len(), DESIGNS.iter().map(row).collect()));
    harness::outln!(
        "\n `cargo lab serve DESIGN` runs one, `cargo lab check DESIGN` checks it, `cargo lab` compares them."
    );
    Ok(ExitCode::SUCCESS)
}

/// The designs as a table in Markdown.
fn markdown() -> String {
    let rows = Design::compared().map(|design| {
        let Words { summary, stored, .. } = &design.words;
        let after = match design.logout {
            Logout::None => "",
            Logout::AtOnce => "is refused at once",
            Logout::AtExpiry => "**works until its access token expires**",
        };
        format!("| `{design}` | {} | {} | {after} |\n", summary.en, stored.en)
    });
    let header = "| design | a client holds | what is stored | a copied credential, after a logout |\n|---|---|---|---|\n";
    rows.fold(header.to_owned(), |table, row| table + &row)
}

fn credential(credential: Credential) -> &'static str {
    match credential {
        Credential::None => "none",
        Credential::Cookie { name } => name,
        Credential::Bearer => "access token",
        Credential::BearerAndRefresh => "access + refresh token",
    }
}

fn logout(logout: Logout) -> &'static str {
    match logout {
        Logout::None => "–",
        Logout::AtOnce => "at once",
        Logout::AtExpiry => "when its access token expires",
    }
}
