//! The network faults that a proxy simulates.

use std::time::Duration;

/// How the proxy treats traffic. One impairment at a time; it can be changed while connections are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Impairment {
    /// The proxy passes all bytes on at once.
    #[default]
    None,
    /// All bytes arrive, but later. Throughput is that of a long line, because the number of bytes in transit is
    /// limited.
    Delay {
        /// The delay from the client to the server.
        to_server: Duration,
        /// The delay from the server to the client.
        to_client: Duration,
    },
    /// Bytes are dropped and connections stay open; new connections are accepted and stay silent too. This is what
    /// happens when a firewall forgets a connection: neither side is told. A connection that lost bytes stays silent
    /// even after the impairment ends, because TCP never delivers a stream with a gap; new connections then work.
    BlackHole,
    /// Open connections are reset, and new ones are reset as soon as they are accepted.
    Reset,
    /// The server's side is closed towards the client (FIN), while bytes from the client still reach the server.
    HalfClose,
    /// Each connection is reset after this many more bytes were passed to its client: in the middle of a response.
    CutAfter {
        /// The number of bytes.
        bytes: u64,
    },
    /// Open connections are reset, and the kernel refuses new ones, as if the server's process had ended.
    Refuse,
}

impl Impairment {
    /// The same delay in each direction: a round trip takes twice as much longer.
    pub fn delay(each_way: Duration) -> Self {
        Self::Delay { to_server: each_way, to_client: each_way }
    }
}
