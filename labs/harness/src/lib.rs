//! What every command stands on.
//!
//! The designs by name, a design's server as a child process, the store that a command uses, a person's HTTP client, what a
//! terminal shows, the language, where results are kept, and why something could not be done.

pub mod client;
pub mod design;
mod failure;
pub mod language;
pub mod output;
pub mod process;
pub mod program;
pub mod server;
pub mod store;
pub mod terminal;

pub use failure::Failure;
