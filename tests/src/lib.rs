//! The checker: holds any server, in any language, against the HTTP contract, knowing nothing of it but a base URL.
//!
//! It depends on no lab and on no part of the kit, so that it cannot share their mistakes. Read it in this order:
//!
//! - [`Target`]: which server, and what it claims ([`Descriptor`], read from `GET /lab` or given by hand).
//! - [`checks`]: every check, with a stable id, what an attacker gains where it fails, and where to read.
//! - [`faults`]: for each check, a server that misbehaves in just that way and was caught by it.
//! - [`run`]: plays the checks, side by side first, then one after another those that move the server's clock; at the end it
//!   deletes the accounts that it created ([`Accounts`]).
//! - [`Report`]: what came of it, as text for people and as JSON for programs.

mod accounts;
mod check;
mod checks;
mod clean_up;
mod client;
mod descriptor;
mod error;
mod excerpt;
mod exchange;
mod faults;
mod jwt;
mod report;
mod runner;
mod stage;
mod target;

pub use check::{Check, Outcome};
pub use checks::checks;
pub use clean_up::Accounts;
pub use descriptor::{Descriptor, Feature, Limits, UnknownFeature};
pub use error::Error;
pub use faults::{Design, Fault, faults};
pub use report::{CheckResult, Counts, Report};
pub use runner::{AccountsAfter, Options, are_checks, run, run_until};
pub use target::Target;
