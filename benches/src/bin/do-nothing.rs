//! [`measure::do_nothing`] as a program: the server that tests stop, overload and make fail.
//!
//! `do-nothing [STATUS]` prints its address as one line. It exits when its standard input ends, so that it never
//! outlives the process that started it.

use std::io::{self, Write};
use std::process::ExitCode;

use hyper::StatusCode;
use measure::do_nothing;
use tokio::net::TcpListener;

fn main() -> ExitCode {
    let status = match std::env::args().nth(1).map(|argument| argument.parse::<StatusCode>()) {
        None => StatusCode::OK,
        Some(Ok(status)) => status,
        Some(Err(_not_a_status)) => {
            eprintln!("do-nothing: the only argument is an HTTP status, such as 503");
            return ExitCode::from(2);
        }
    };
    std::thread::spawn(end_with_standard_input);
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => match runtime.block_on(serve(status)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
        Err(error) => failed(&error),
    }
}

fn failed(error: &io::Error) -> ExitCode {
    eprintln!("do-nothing: {error}");
    ExitCode::FAILURE
}

async fn serve(status: StatusCode) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    do_nothing::serve(listener, status).await
}

fn end_with_standard_input() {
    io::copy(&mut io::stdin().lock(), &mut io::sink()).ok();
    std::process::exit(0);
}
