//! `cargo lab serve LAB`: runs one lab's server as a process of its own.
//!
//! The first line on stdout is its announcement, for the program that started it; everything else is logged on stderr.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use harness::Failure;
use harness::design::Design;
use harness::listen::ListenAt;
use harness::process::stdin_ends;
use harness::store::{self, Wanted};
use harness::terminal;
use kit::config::{AccountsAt, LogFormat, Store};
use kit::design::StoreKind;
use kit::{Clock, Config, Origin, Origins, announcement};
use tokio::net::TcpListener;

/// Run one lab's server
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// The design to serve
    #[arg(value_enum)]
    pub(crate) lab: Design,
    /// Where sessions and refresh tokens are stored: `memory`, `redis` (finds one) or a URL. Put a URL with a password into
    /// AUTHLAB_STORE: other users of this machine can see a command line [default: AUTHLAB_STORE, else REDIS_URL, else
    /// memory]
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Wanted>,
    /// The address to listen on; port 0 takes a free port [default: 127.0.0.1:8080, or AUTHLAB_LISTEN]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) listen: Option<ListenAt>,
    /// Where accounts are stored: `memory` or a SQLite file [default: memory, or AUTHLAB_ACCOUNTS]
    #[arg(long, value_name = "PATH")]
    pub(crate) accounts: Option<PathBuf>,
    /// An origin whose pages may use this server, such as `https://app.example`: the server's own public origin, or
    /// another one, which then gets CORS; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: Vec<String>,
    /// Let /lab/clock move this server's clock. For lessons; loopback only
    #[arg(long)]
    pub(crate) lab_controls: bool,
    /// End when stdin ends, so that a server does not outlive the program that started it
    #[arg(long, hide = true)]
    pub(crate) until_stdin_ends: bool,
}

pub(crate) async fn run(arguments: ServeArguments) -> Result<ExitCode, Failure> {
    let mut config = Config::from_env()?;
    if config.listen.port() == 0 && arguments.listen.is_none() {
        config.listen.set_port(8080);
    }
    config.listen = arguments.listen.map_or(config.listen, |at| at.address);
    config.lab_controls = arguments.lab_controls;
    if let Some(path) = arguments.accounts {
        config.accounts = AccountsAt::named(path);
    }
    for origin in &arguments.origin {
        // Parsed here and not by the argument parser, whose error message would show a password in the URL.
        let origin = origin.parse::<Origin>().map_err(|error| Failure::new(format!("--origin: {error}")))?;
        config.origins.push(origin);
    }
    // A Redis is looked for only if `--store` asks for one; the tour looks for one by itself, a server does not.
    let ready = match arguments.store {
        Some(wanted) => Some(store::get(Some(wanted)).await?),
        None => None,
    };
    if let Some(ready) = &ready {
        config.store = ready.as_config();
    }
    let config = config.checked()?;
    refuse_store_of_another_kind(arguments.lab, &config)?;
    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        Failure::new(format!(
            "cannot listen on {} ({error}); choose another with --listen 127.0.0.1:0",
            config.listen
        ))
    })?;
    let bound = listener.local_addr()?;
    let origins = Origins::new(&config.origins, bound, arguments.lab.name);
    let router = arguments.lab.router(&config, Clock::system(), origins.clone()).await?;
    let told_to_stop = told_to_stop()?;
    announce(arguments.lab, &config, bound, &origins)?;
    let until_stdin_ends = arguments.until_stdin_ends;
    kit::serve(listener, router, &config, async move {
        let reason = tokio::select! {
            signal = told_to_stop => signal,
            () = stdin_ends(), if until_stdin_ends => "the end of stdin",
        };
        tracing::info!(reason, "stopping: no new connections are accepted, requests under way are finished");
    })
    .await;
    Ok(ExitCode::SUCCESS)
}

/// A server that kept its sessions elsewhere than the operator asked for would lose them without a word.
fn refuse_store_of_another_kind(lab: Design, config: &Config) -> Result<(), Failure> {
    let asked_for = match config.store {
        Store::Memory => StoreKind::Memory,
        Store::Redis(_) => StoreKind::Redis,
    };
    if lab.has_sessions() && !lab.stores.contains(&asked_for) {
        let kinds: Vec<_> = lab.stores.iter().map(|kind| kind.as_str()).collect();
        let sentence = format!("{lab} cannot keep its sessions in {}", asked_for.as_str());
        return Err(Failure::new(sentence).advice(format!("choose --store {}", kinds.join(" or --store "))));
    }
    Ok(())
}

fn announce(
    lab: Design,
    config: &Config,
    bound: std::net::SocketAddr,
    origins: &Origins,
) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", announcement::line(config.log, bound))?;
    stdout.flush()?;
    tracing::info!(%lab, store = %config.store, origins = %origins.iter().collect::<Vec<_>>().join(" "), "serving");
    let note = |sentence: &str| match config.log {
        LogFormat::Text => terminal::warn(sentence),
        LogFormat::Json => tracing::warn!("{sentence}"),
    };
    for secret in lab.secrets.iter().filter(|secret| !(secret.is_set)(config)) {
        note(secret.warning);
    }
    if config.store == Store::Memory && lab.has_sessions() {
        note("sessions are kept in memory and are lost when this process ends; use --store redis://…");
    }
    if config.accounts == AccountsAt::Memory && !lab.is_baseline() {
        note("accounts are kept in memory and are lost when this process ends; use --accounts FILE");
    }
    if config.lab_controls {
        note("lab controls are on: every user of this machine can move this server's clock");
    }
    Ok(())
}

/// Waits for Ctrl-C, or for the signal that an operator's tools send; returns its name. The handlers are installed when
/// this function is called, so that a signal that arrives after the announcement does not kill the server.
fn told_to_stop() -> Result<impl Future<Output = &'static str>, Failure> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
            }
        })
    }
    #[cfg(not(unix))]
    {
        let mut interrupt = tokio::signal::windows::ctrl_c()?;
        Ok(async move {
            interrupt.recv().await;
            "Ctrl-C"
        })
    }
}
