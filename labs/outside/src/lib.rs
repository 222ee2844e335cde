//! Text and addresses from outside, made safe before they are used.
//!
//! Every member may use this crate, the checker too: it has no part of a server, so a mistake here cannot hide a mistake of
//! a server. [`visible`] makes text safe to print, and [`BaseUrl`] is the address of a server that a user names.

mod base_url;
pub mod visible;

pub use base_url::{BaseUrl, BaseUrlError};
