//! `cargo lab play`: the logout problem on a web page, with real servers behind it.
//!
//! Each visitor gets a room: the three designs as three servers in this program, a user and a thief who send them real
//! HTTP requests, and a clock that can be moved. One click sends the same action to all three columns, and every byte
//! is shown.
//!
//! | file | content |
//! |---|---|
//! | `site` | the page and the rooms over HTTP, for this machine alone |
//! | `rooms`, `room` | the rooms by visitor; one clock and three columns, step by step |
//! | `column` | one design: the actions of the user and the thief, and who gets in |
//! | `action` | the actions |
//! | `holding` | the credentials that a client has, which a thief copies |
//! | `wire` | HTTP byte by byte |
//! | `server`, `contents` | a lab's server, the gate before its store, and the contents of the store |
//! | `line` | the connection between the servers and the store, which can be cut |
//! | `revocation` | for how long a stolen copy keeps working |
//! | `page/` | the files that the browser loads |
//! | `tabs`, `tabs/` | a page for the visitor's own tabs, which calls the room's hybrid through the reference client |

mod action;
mod column;
mod contents;
mod holding;
mod line;
mod page;
mod revocation;
mod room;
mod rooms;
mod seen;
mod server;
mod site;
mod tabs;

mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use harness::Failure;
use harness::language::Language;
use harness::listen::ListenAt;
use harness::process::stdin_ends;
use harness::store::{self, Wanted};
use harness::terminal;
use kit::config::{Limits, LogFormat};
use kit::{Origins, announcement};
use tokio::net::TcpListener;

use self::rooms::Rooms;
use self::site::Site;

/// The default address of the page: a fixed one, so that a link to a scenario works tomorrow as well.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4747);
/// The most connections at once. A browser opens six.
const CONNECTIONS: usize = 256;
/// How often unused rooms are looked for.
const SWEEP: Duration = Duration::from_secs(60);

/// The playground: act as the user and the thief, move the clock, see who gets in
///
/// Serves a page on this machine that shows the designs side by side, each as a real server, and every request. The page
/// loads nothing from other servers. Ctrl-C stops it.
#[derive(Debug, Args)]
pub struct PlayArguments {
    /// Where sessions and refresh tokens are stored: `memory`, `redis` (finds one) or a URL [default: REDIS_URL, else a
    /// Redis that is found, else memory]
    #[arg(long, value_name = "STORE")]
    store: Option<Wanted>,
    /// The address to listen on, loopback only; port 0 takes a free port [default: 127.0.0.1:4747, or a free port]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<ListenAt>,
    /// The language in which the page starts [default: the browser's]
    #[arg(long, value_enum)]
    lang: Option<Language>,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
    /// End when stdin ends, so that a server does not outlive the program that started it
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

/// Serves the playground until Ctrl-C.
///
/// ```no_run
/// use clap::Parser;
/// use playground::PlayArguments;
///
/// #[derive(Parser)]
/// struct Line {
///     #[command(flatten)]
///     arguments: PlayArguments,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), harness::Failure> {
/// let line = Line::parse_from(["play", "--store", "memory", "--listen", "127.0.0.1:0"]);
/// let code = playground::run(line.arguments).await?;
/// # let _ = code;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The address is not a loopback address or cannot be listened on, the store cannot be reached, or a design's server
/// does not start.
pub async fn run(arguments: PlayArguments) -> Result<ExitCode, Failure> {
    let listener = listen(arguments.listen.map(|at| at.address)).await?;
    let bound = listener.local_addr()?;
    let ready = store::get(arguments.store).await?;
    if !ready.misses.is_empty() {
        terminal::warn(&format!(
            "no Redis was found ({}), so everything is kept in memory",
            ready.misses.join("; ")
        ));
    }
    let rooms = Rooms::new(ready.as_config());
    // Opens one room and drops it, so that a problem is reported here and not on the page.
    rooms.open().await?;
    let site = Site {
        rooms: rooms.clone(),
        origins: Origins::new(&[], bound, "play"),
        language: arguments.lang,
        store: ready.description().to_owned(),
    };
    let url = format!("http://{bound}");
    // Both lines are written in one call, because a program that reads only the first line may close the pipe after it.
    let listening = announcement::line(LogFormat::Text, bound);
    harness::outln!("{listening}\nstore: {} · Ctrl-C stops it", ready.description());
    if arguments.open {
        open(&url);
    }
    let limits = Limits { connections: CONNECTIONS, drain: Duration::from_secs(1), ..Limits::default() };
    let until_stdin_ends = arguments.until_stdin_ends;
    tokio::select! {
        () = kit::serve(listener, site::router(site), limits, async move {
            match until_stdin_ends {
                true => stdin_ends().await,
                false => std::future::pending().await,
            }
        }) => {}
        () = sweep(&rooms) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Listens on the address that was asked for, which must be a loopback address. Without one, listens on the default
/// address, or on a free port if that is taken.
async fn listen(asked: Option<SocketAddr>) -> Result<TcpListener, Failure> {
    let Some(asked) = asked else {
        return match TcpListener::bind(USUAL).await {
            Ok(listener) => Ok(listener),
            Err(_taken) => Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?),
        };
    };
    if !asked.ip().to_canonical().is_loopback() {
        return Err(Failure::new(format!(
            "the playground shows credentials and moves clocks, so it listens on this machine only; {asked} is not a \
             loopback address"
        )));
    }
    TcpListener::bind(asked).await.map_err(|error| {
        Failure::new(format!("cannot listen on {asked} ({error}); choose another with --listen 127.0.0.1:0"))
    })
}

async fn sweep(rooms: &Rooms) {
    loop {
        tokio::time::sleep(SWEEP).await;
        rooms.sweep(Instant::now());
    }
}

/// Asks the system to open the page in a browser. If there is no browser, the server continues.
fn open(url: &str) {
    let (program, arguments): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/c", "start"]),
        _ => ("xdg-open", &[]),
    };
    let started = Command::new(program)
        .args(arguments)
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        terminal::warn(&format!("no browser could be opened ({error}); open {url} yourself"));
    }
}
