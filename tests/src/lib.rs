//! The checker: tests any server, in any language, against the HTTP contract, given only a base URL.
//!
//! It depends on no lab and on no part of the kit, so that it cannot share their mistakes. Read it in this order:
//!
//! - [`Target`]: which server, and what it claims ([`Descriptor`], read from `GET /lab` or given by hand).
//! - [`checks`]: every check, with a stable id, what an attacker gains if it fails, and what to read.
//! - [`faults`]: for each check, a server that misbehaves in exactly that way and is caught by it.
//! - [`run`]: runs the checks, first those that can run concurrently, then those that move the server's clock one after
//!   another; at the end it deletes the accounts that it created ([`Accounts`]).
//! - [`Report`]: the results, as text for people and as JSON for programs.
//!
//! ```no_run
//! use conformance::{Options, Target, run};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), conformance::Error> {
//! let target = Target::discover("http://127.0.0.1:8080").await?;
//! let options = Options { only: vec!["login".to_owned(), "logout".to_owned()], ..Options::default() };
//! let report = run(&target, &options, |result| println!("{}", result.id)).await?;
//! print!("{}", report.text(false));
//! # Ok(())
//! # }
//! ```
//!
//! Every check has the servers that it catches:
//!
//! ```
//! for check in conformance::checks() {
//!     assert!(check.catches().count() > 0, "{} has never been seen to fail", check.id);
//! }
//! ```

mod accounts;
mod call;
mod check;
mod checks;
mod clean_up;
mod client;
mod credential;
mod descriptor;
mod error;
mod excerpt;
mod exchange;
mod faults;
mod fresh;
mod jwt;
mod outcome;
mod person;
mod prelude;
mod probe;
mod report;
mod requests;
mod runner;
mod set_cookie;
mod stage;
mod target;
mod transport;

pub use check::Check;
pub use checks::checks;
pub use clean_up::Accounts;
pub use descriptor::{Descriptor, Feature, Limits, UnknownFeature};
pub use error::Error;
pub use faults::{Design, Fault, faults};
pub use outcome::Outcome;
pub use outside::{BaseUrl, BaseUrlError};
pub use report::{CheckResult, Counts, Report};
pub use runner::{AccountsAfter, Options, are_checks, run, run_until};
pub use target::Target;
