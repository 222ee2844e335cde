//! `cargo lab doctor`: which tools this machine has, what each is for, and the command that installs it.

use std::process::ExitCode;

use clap::Args;
use harness::Failure;
use harness::program::says;
use harness::terminal::{DIM, GOOD, heading};
use kit::redis::discovery;
use serde::Serialize;
use workshop::ready;

/// Show which tools this machine has, what they are for, and how to get them
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Check whether this machine can run the whole workshop without a network; exit code 1 if something is missing
    #[arg(long)]
    pub(crate) workshop: bool,
    /// Fetch the crates and build the exercises and the book first
    #[arg(long, requires = "workshop")]
    pub(crate) prepare: bool,
    /// Print what was found as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// One tool that the labs can use.
#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    /// A short description of what was found; `None` if it was not found.
    found: Option<String>,
    needed_for: &'static str,
    without_it: &'static str,
    get_it: &'static str,
}

pub(crate) async fn run(arguments: DoctorArguments) -> Result<ExitCode, Failure> {
    if arguments.workshop {
        return ready::run(arguments.prepare, arguments.json).await;
    }
    let parts = examine().await;
    if arguments.json {
        harness::outln!("{}", serde_json::to_string_pretty(&parts)?);
        return Ok(ExitCode::SUCCESS);
    }
    heading("What this machine has");
    for part in &parts {
        let Part { name, needed_for, without_it, get_it, .. } = part;
        match &part.found {
            Some(found) => {
                harness::outln!(" {GOOD}✓{GOOD:#} {name:<8} {found} {DIM}· {needed_for}{DIM:#}")
            }
            None => {
                harness::outln!(" ✗ {name:<8} not found {DIM}· {needed_for}; {without_it}{DIM:#}");
                harness::outln!("            {get_it}");
            }
        }
    }
    harness::outln!("\n `cargo lab` needs none of these tools: it uses those that it finds, and says which.");
    Ok(ExitCode::SUCCESS)
}

async fn examine() -> Vec<Part> {
    vec![
        Part {
            name: "Redis",
            found: redis().await,
            needed_for: "storing sessions and refresh tokens as in production",
            without_it: "the labs run it in Docker, or use memory",
            get_it: "apt install redis-server · brew install redis · dnf install valkey",
        },
        Part {
            name: "Docker",
            found: says("docker", &["version", "--format", "daemon {{.Server.Version}}"]).await,
            needed_for: "tests against a Redis in a container",
            without_it: "those tests are skipped, and say so",
            get_it: "https://docs.docker.com/get-docker/, then start its daemon",
        },
        Part {
            name: "Python",
            found: says("python3", &["--version"]).await,
            needed_for: "the example of a server in another language, and `cargo lab bench --peers`",
            without_it: "its test is skipped, and FastAPI is not measured",
            get_it: "apt install python3 · brew install python",
        },
        Part {
            name: "browser",
            found: browser().await,
            needed_for: "testing pages as a reader sees them",
            without_it: "page tests are skipped, and say so",
            get_it: "apt install chromium · brew install --cask chromium",
        },
        Part {
            name: "Node.js",
            found: says("node", &["--version"]).await,
            needed_for: "measuring Express and Fastify beside the labs: `cargo lab bench --peers`",
            without_it: "they are left out, and the report says so",
            get_it: "apt install nodejs npm · brew install node",
        },
        Part {
            name: "Go",
            found: says("go", &["version"]).await,
            needed_for: "measuring Go's net/http beside the labs: `cargo lab bench --peers`",
            without_it: "it is left out, and the report says so",
            get_it: "apt install golang-go · brew install go",
        },
    ]
}

/// The Redis on the `PATH`, if it answers as one: a program of that name may be another one.
async fn redis() -> Option<String> {
    let program = discovery::on_path()?;
    let found = discovery::from_program(&program).await.ok()?;
    Some(found.description)
}

async fn browser() -> Option<String> {
    for program in ["chromium", "chromium-browser", "google-chrome"] {
        if let Some(version) = says(program, &["--version"]).await {
            return Some(version);
        }
    }
    None
}
