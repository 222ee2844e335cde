//! Load, and the figures it makes: a load generator and a result library that know URLs and process ids, and nothing else.
//!
//! No lab is known here. That is what makes a comparison fair and lets a server in any language be measured: it is an
//! address that speaks HTTP, and, where it runs on this machine, a process whose CPU time the operating system tells.
//!
//! Top down:
//!
//! | module | what it answers |
//! |---|---|
//! | [`rounds`] | how do several designs compare, side by side in one run? |
//! | [`figures`] | what came out: medians with their spread, and every raw number |
//! | [`doubt`] | which of these numbers should not be believed, and why |
//! | [`load`] | how is one server put under load, and how long did each request take? |
//! | [`process`] | what did that cost the server's process? |
//! | [`machine`] | where was it measured? |
//! | [`report`] | how is all of it told: as data, and as pages with charts? |
//! | [`targets`] | what must hold, and does it? |
//! | [`compare`] | what changed since an older report, and by how much at least? |
//! | [`scale`] | what would many servers and one Redis do? |
//! | [`turns`], [`token_check`] | what does one piece of work cost, beside what it cannot do without? |
//! | [`do_nothing`] | what does the generator reach where there is nothing to wait for? |
//! | [`freeze`] | what must a generator read where a server stood still? |
//! | [`proxy`] | what if the network between a server and its store is slow, silent or broken? |
//!
//! # Coordinated omission
//!
//! A *closed loop* has a fixed number of connections, and each sends its next request when the last was answered. That
//! finds the most a server can do, and it lies about latency: when the server stalls for half a second, each connection
//! waits with exactly one request, and the five hundred that real people would have sent meanwhile are never sent, so
//! they are never late. The generator has agreed with the server not to look while it stumbles. One slow answer per
//! connection then drowns among a hundred thousand fast ones, and the 99th percentile says that all was well.
//!
//! A *fixed arrival rate* makes no such agreement. Request number `i` is due at `i / rate` after the start whatever became
//! of the ones before, and its latency counts **from the moment it was due**, not from the moment when a connection was
//! free to carry it. The half second then shows as what it was: a queue of five hundred people, the first of whom waited
//! 500 ms and the last almost nothing. `tests/it/freeze.rs` stops a server for half a second and holds both drivers against
//! what arithmetic says must come out.
//!
//! So: [`load::ClosedLoop`] for the ceiling, [`load::FixedRate`] for latency.

pub mod compare;
pub mod do_nothing;
pub mod doubt;
pub mod figures;
#[cfg(unix)]
pub mod freeze;
pub mod load;
pub mod machine;
pub mod process;
pub mod proxy;
pub mod report;
pub mod rounds;
pub mod scale;
pub mod targets;
pub mod token_check;
pub mod turns;
