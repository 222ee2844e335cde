//! The program as a person and as an operator meet it: real processes, real sockets, real exit codes.

mod bad_input;
mod commands;
mod program;
mod two_servers;
