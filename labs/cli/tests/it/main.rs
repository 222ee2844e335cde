//! Tests of the program as a user and an operator meet it: with real processes, sockets and exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod backup;
mod bad_input;
mod bench;
mod bench_compare;
mod bench_urls;
mod board;
mod check_verdicts;
mod commands;
mod faults;
mod learn_failures;
mod learner;
mod line_endings;
mod listen;
mod log_in_timing;
mod operations;
mod peers;
mod play;
mod play_page;
mod play_tabs;
mod program;
mod races;
mod registry;
mod stdout;
mod store_accept;
mod token_input;
mod token_jwks;
mod token_keys;
mod two_servers;
mod unruly;
