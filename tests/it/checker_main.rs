//! The checker against servers that are correct, wrong in one known way, silent, or no servers at all.
#![expect(clippy::unwrap_used, reason = "a model server and its harness are test code through and through")]

mod checker_catches;
mod checker_errors;
mod checker_python;
mod checker_server;
mod checker_verdicts;
