//! `cargo lab board`: a web page for the wall of a room that shows which learner has done which steps.
//!
//! It knows only what a learner's `--board` posts: a nickname and the names of steps. It forgets all of it when it
//! ends. Everyone who can reach it can post under any name, so it proves nothing about a person. Everything about it
//! has a limit, so a client in the room can do no more than write nonsense on it.

mod host;
mod nickname;
mod page;
mod post;
mod wall;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, DefaultBodyLimit, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post as posting};
use axum::{Json, Router};
use clap::Args;
use harness::Failure;
use harness::language::Language;
use harness::listen::ListenAt;
use harness::terminal;
use kit::config::LogFormat;
use kit::{Clock, Config, announcement};
use tokio::net::TcpListener;

use self::host::{Names, for_this_board};
use self::wall::{LEARNERS, Refusal, Report, Wall};
use super::course::Course;
pub(crate) use nickname::Nickname;
pub(crate) use post::{Heard, Poster};

/// The default port of the board.
pub(crate) const PORT: u16 = 8090;

/// The default of how many nicknames one address may add: a learner may mistype theirs, or share a machine.
const NAMES_PER_ADDRESS: u16 = 5;

/// The most bytes of one report. A report of this program has a few hundred.
const MAX_BYTES: usize = 4096;

/// Serve a page for the wall of a room: which learner has done which steps
///
/// Learners appear on the page with `cargo lab learn --board URL --nickname NAME`. Only this machine can reach it unless
/// --listen names an address of the network. The board writes nothing to disk: its data is gone when it ends.
#[derive(Debug, Args)]
pub struct BoardArguments {
    /// The address to listen on; port 0 takes a free port. If the address is one of a network, every machine there can
    /// read the board and write on it
    #[arg(long, value_name = "HOST:PORT", default_value_t = ListenAt::loopback(PORT))]
    listen: ListenAt,
    /// A further name of this machine under which learners reach the board; may be repeated. IP addresses, `localhost`
    /// and the machine's host name need not be given
    #[arg(long, value_name = "NAME")]
    host_name: Vec<String>,
    /// How many nicknames one address may add. If all learners reach the board from one address (NAT), give their number
    #[arg(long, value_name = "COUNT", default_value_t = NAMES_PER_ADDRESS, value_parser = clap::value_parser!(u16).range(1..=LEARNERS as i64))]
    names_per_address: u16,
    /// The language of the page if the browser asks for neither English nor Japanese [default: from LANG]
    #[arg(long, value_enum)]
    lang: Option<Language>,
    /// End when stdin ends, so that a board does not outlive the program that started it
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

/// The state from which every request is answered.
struct Board {
    course: Course,
    wall: Mutex<Wall>,
    names_per_address: u16,
    language: Language,
}

/// Serves the board until Ctrl-C.
///
/// # Errors
/// The course cannot be read, or the address cannot be listened on.
pub async fn run(arguments: BoardArguments) -> Result<ExitCode, Failure> {
    let course = Course::find()?;
    let listener = TcpListener::bind(arguments.listen.address).await.map_err(|error| {
        Failure::new(format!(
            "cannot listen on {} ({error}); choose another with --listen 127.0.0.1:0",
            arguments.listen
        ))
    })?;
    let bound = listener.local_addr()?;
    harness::outln!("{}", announcement::line(LogFormat::Text, bound));
    if !bound.ip().is_loopback() {
        terminal::warn(
            "every machine on this network can read this board and write on it; it stores only nicknames and names of steps",
        );
    }
    let until_stdin_ends = arguments.until_stdin_ends;
    let stop = async move {
        if until_stdin_ends {
            harness::process::stdin_ends().await;
        } else {
            // Ctrl-C ends the whole process, so this future never completes.
            std::future::pending::<()>().await;
        }
    };
    let names = Names::of_this_machine(arguments.host_name.into_iter().chain(arguments.listen.name)).await;
    let board = Board {
        course,
        wall: Mutex::new(Wall::new(Clock::system(), arguments.names_per_address.into())),
        names_per_address: arguments.names_per_address,
        language: Language::chosen(arguments.lang),
    };
    let routes = routes(board, names);
    kit::serve(listener, routes, Config::default().limits, stop).await;
    Ok(ExitCode::SUCCESS)
}

fn routes(board: Board, names: Names) -> Router {
    Router::new()
        .route("/", get(show))
        .route("/progress", posting(write))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .layer(from_fn_with_state(names, for_this_board))
        .with_state(Arc::new(board))
}

/// Response headers: whatever the page contains, no script runs in it and the browser fetches nothing for it.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
];

async fn show(
    State(board): State<Arc<Board>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> impl IntoResponse {
    let language = page::language(query.as_deref(), &headers, board.language);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("HOST:PORT");
    let learners = board.wall.lock().unwrap_or_else(PoisonError::into_inner).learners();
    (HEADERS, Html(page::html(&board.course, &learners, language, host)))
}

/// Stores a report. A page of another origin cannot post here: a form cannot send JSON, and the server allows no other
/// origin to send it (no CORS headers).
async fn write(
    State(board): State<Arc<Board>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Json(report): Json<Report>,
) -> Response {
    let mut wall = board.wall.lock().unwrap_or_else(PoisonError::into_inner);
    match wall.write(report, peer.ip(), &board.course) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(Refusal::TooManyNames) => {
            let sentence = format!(
                "your address has added {} names, the most that one address may; use one of them, or ask the leader to \
                 start the board with a greater --names-per-address",
                board.names_per_address
            );
            (StatusCode::TOO_MANY_REQUESTS, sentence).into_response()
        }
        Err(Refusal::Full) => (StatusCode::SERVICE_UNAVAILABLE, "the board is full").into_response(),
        Err(Refusal::TooManySteps) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "the report names too many steps").into_response()
        }
    }
}
