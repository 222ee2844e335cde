//! `cargo lab board`: a web page for the wall of a room that shows which learner has done which steps.
//!
//! It knows only what a learner's `--board` posts: a nickname and the names of steps. It forgets all of it when it
//! ends. Everyone who can reach it can post under any name, so it proves nothing about a person. Everything about it
//! has a limit, so a client in the room can do no more than write nonsense on it.

mod page;
mod post;
mod wall;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post as posting};
use axum::{Json, Router};
use clap::Args;
use harness::Failure;
use harness::language::Language;
use harness::terminal;
use kit::config::LogFormat;
use kit::{Clock, Config, announcement};
use tokio::net::TcpListener;

use self::wall::{Refusal, Report, Wall};
use super::course::Course;
pub(crate) use post::Poster;
pub(crate) use wall::Nickname;

/// The default port of the board.
pub(crate) const PORT: u16 = 8090;

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
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = SocketAddr::from(([127, 0, 0, 1], PORT)))]
    listen: SocketAddr,
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
    language: Language,
}

/// Serves the board until Ctrl-C.
///
/// # Errors
/// The course cannot be read, or the address cannot be listened on.
pub async fn run(arguments: BoardArguments) -> Result<ExitCode, Failure> {
    let course = Course::find()?;
    let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
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
    let routes = routes(course, Language::chosen(arguments.lang), Clock::system());
    kit::serve(listener, routes, Config::default().limits, stop).await;
    Ok(ExitCode::SUCCESS)
}

fn routes(course: Course, language: Language, clock: Clock) -> Router {
    let board = Board { course, wall: Mutex::new(Wall::new(clock)), language };
    Router::new()
        .route("/", get(show))
        .route("/progress", posting(write))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
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
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("ADDRESS:PORT");
    let learners = board.wall.lock().unwrap_or_else(PoisonError::into_inner).learners();
    (HEADERS, Html(page::html(&board.course, &learners, language, host)))
}

/// Stores a report. A page of another origin cannot post here: a form cannot send JSON, and the server allows no other
/// origin to send it (no CORS headers).
async fn write(State(board): State<Arc<Board>>, Json(report): Json<Report>) -> Response {
    let written = board.wall.lock().unwrap_or_else(PoisonError::into_inner).write(report, &board.course);
    match written {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(Refusal::Full) => (StatusCode::SERVICE_UNAVAILABLE, "the board is full").into_response(),
        Err(Refusal::TooManySteps) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "the report names too many steps").into_response()
        }
    }
}
