//! The differential test of `tests/differential` for any number of tokens, on every core:
//! `cargo run --release -p lab4-hybrid --example differential -- [TOKENS [FIRST_SEED]]`. The default is 5 million
//! tokens from seed 0. It stops at the first token that the strict verifier accepts and the reference refuses, and
//! prints how to reproduce that token.

#[path = "../tests/differential/claims.rs"]
mod claims;
#[path = "../tests/differential/pair.rs"]
mod pair;
#[path = "../tests/differential/random.rs"]
mod random;
#[path = "../tests/differential/text.rs"]
mod text;
#[path = "../tests/differential/token.rs"]
mod token;

use std::num::ParseIntError;
use std::process::ExitCode;
use std::time::Instant;

use pair::Pair;

fn main() -> ExitCode {
    let arguments: Result<Vec<u64>, ParseIntError> =
        std::env::args().skip(1).map(|text| text.parse()).collect();
    let (tokens, first) = match arguments.as_deref() {
        Ok([]) => (5_000_000, 0),
        Ok(&[tokens]) => (tokens, 0),
        Ok(&[tokens, first]) => (tokens, first),
        _ => {
            eprintln!("usage: differential [TOKENS [FIRST_SEED]], both whole numbers");
            return ExitCode::from(2);
        }
    };
    let pair = match Pair::new() {
        Ok(pair) => pair,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let start = Instant::now();
    match pair.run_on_every_core(first..first.saturating_add(tokens)) {
        Ok(tally) => {
            println!("{tally}");
            println!(
                "{tokens} tokens in {:.0} s: no token accepted that the reference refuses",
                start.elapsed().as_secs_f64()
            );
            ExitCode::SUCCESS
        }
        Err(found) => {
            eprintln!("{found}");
            ExitCode::FAILURE
        }
    }
}
