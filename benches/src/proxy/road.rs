//! What every connection of a proxy shares.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio::net::TcpStream;
use tokio::sync::watch;

use super::alarm::Alarm;
use super::impairment::Impairment;

/// The settings of the proxy as they change, its counters and its clock.
#[derive(Clone)]
pub(super) struct Road {
    pub(super) impairment: watch::Receiver<Impairment>,
    pub(super) upstream: watch::Receiver<SocketAddr>,
    pub(super) counters: Arc<Counters>,
    pub(super) alarm: Alarm,
}

/// Traffic so far, over all connections.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) connections: AtomicU64,
    pub(super) to_server: AtomicU64,
    pub(super) to_client: AtomicU64,
    pub(super) vanished: AtomicU64,
}

/// Makes the drop of `stream` reset the connection (RST) instead of closing it.
pub(super) fn reset(stream: &TcpStream) {
    // This fails when the other side has already ended the connection, which then needs no reset.
    stream.set_zero_linger().ok();
}
