//! A load generator and the results that it produces. This library knows URLs and process ids, and nothing else.
//!
//! It knows no lab. That makes a comparison fair and lets it measure a server in any language: a server is an address
//! that speaks HTTP and, if it runs on this machine, a process whose CPU time the operating system reports.
//!
//! Top down:
//!
//! | module | what it answers |
//! |---|---|
//! | [`rounds`] | how do several designs compare, side by side in one run? |
//! | [`figures`] | what are the results: medians with their spread, and every raw number |
//! | [`doubt`] | which of these numbers should not be believed, and why |
//! | [`load`] | how is one server put under load, and how long did each request take? |
//! | [`process`], [`cores`] | how much CPU time and memory did the server's process use, and on which processors? |
//! | [`machine`] | on which machine was it measured? |
//! | [`report`] | how are the results written: as data, and as pages with charts? |
//! | [`targets`] | which targets must the servers meet, and do they? |
//! | [`compare`], [`changes`] | what changed since an older report, and by how much at least? |
//! | [`scale`] | what would many servers and one Redis do? |
//! | [`turns`], [`token_check`] | what does one operation cost, compared with the work that it cannot avoid? |
//! | [`do_nothing`] | how many requests does the generator reach against a server that does nothing? |
//! | [`freeze`] | what must a generator report when a server stalls? |
//! | [`proxy`] | what if the network between a server and its store is slow, silent or broken? |
//!
//! # Coordinated omission
//!
//! A *closed loop* has a fixed number of connections, and each sends its next request when it has received the last
//! response. This finds the highest throughput of a server, but it misreports latency. When the server stalls for half a
//! second, each connection waits with exactly one request. Real users would have sent, say, five hundred requests
//! meanwhile; the closed loop never sends them, so they are never late. One slow response per connection disappears
//! among a hundred thousand fast ones, and the 99th percentile looks good. The generator has coordinated with the server
//! to omit the bad moments.
//!
//! A *fixed arrival rate* does not coordinate. Request number `i` is due at `i / rate` after the start, whatever
//! happened to the earlier ones, and its latency counts **from the moment it was due**, not from the moment when a
//! connection was free to send it. The same stall then shows as a queue of five hundred users, of whom the first waited
//! 500 ms and the last almost nothing. `tests/it/freeze.rs` stops a server for half a second and compares both drivers
//! with the arithmetic result.
//!
//! Use [`load::ClosedLoop`] for the ceiling and [`load::FixedRate`] for latency.

pub mod changes;
pub mod compare;
pub mod cores;
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
