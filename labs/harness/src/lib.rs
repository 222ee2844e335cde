//! What all commands share.
//!
//! It contains the designs by name, a design's server as a child process, the store that a command uses, a user's HTTP
//! client, the consent to attack a server, output on a terminal, the language, the folder of results, and the failure of a command.

pub mod client;
pub mod consent;
pub mod design;
mod failure;
pub mod language;
pub mod listen;
pub mod output;
pub mod process;
pub mod program;
pub mod server;
pub mod stdout;
pub mod store;
pub mod terminal;

pub use failure::Failure;
