//! Leaves an unusable connection and finds a better one.
//!
//! Each new connection resolves the address again: a DNS name, a load balancer or an operator may point it to another node
//! meanwhile. That matters most when a primary became a replica, because it keeps its old connections open.

use std::sync::atomic::Ordering;
use std::sync::{PoisonError, Weak};
use std::time::Duration;

use redis::RedisResult;
use tokio::time::Instant;

use super::breaker::Why;
use super::manager::Manager;
use super::node::Node;
use super::{Call, Link};

/// The pause between two attempts to connect to a Redis that does not answer.
const PAUSE: Duration = Duration::from_millis(100);
/// The pause between two attempts while the address leads to a replica: each attempt takes a connection that works.
const REPLICA_PAUSE: Duration = Duration::from_millis(500);
/// How often a node is asked for its role while nothing else shows that it has changed.
const WATCH: Duration = Duration::from_secs(1);

/// Tries new connections until one leads to a primary, then lets calls use it. Ends when the last holder of the link is
/// gone. Each attempt opens a new connection, because one whose packets are lost stays silent until the kernel gives it up.
pub(super) async fn mend(link: Weak<Link>) {
    loop {
        let Some(link) = link.upgrade() else { return };
        let found = tokio::time::timeout(link.times.deadline, fresh(&link)).await;
        let pause = match found {
            Ok(Ok((manager, true))) => {
                // Before a request can use the connection: the watch has not checked the store at its other end yet.
                link.belief.doubt();
                *link.manager.write().unwrap_or_else(PoisonError::into_inner) = manager;
                link.breaker.close();
                tracing::info!("Redis answers again");
                return;
            }
            Ok(Ok((_, false))) => {
                link.breaker.still_open_because(Why::Replica);
                REPLICA_PAUSE
            }
            Ok(Err(_)) | Err(_) => {
                link.breaker.still_open_because(Why::Silent);
                PAUSE
            }
        };
        drop(link);
        tokio::time::sleep(pause).await;
    }
}

/// A new connection that answers, and whether it leads to a node that can be used.
async fn fresh(link: &Link) -> RedisResult<(Manager, bool)> {
    let mut manager = link.opener.open(link.times).await?;
    if !link.only_primary.load(Ordering::Relaxed) {
        redis::cmd("PING").query_async::<()>(&mut manager).await?;
        return Ok((manager, true));
    }
    let node = Node::read(redis::cmd("HELLO").query_async(&mut manager).await?)?;
    Ok((manager, node.is_primary()))
}

/// Asks the node for its role from time to time: a replica answers reads, so nothing else would show it. Ends with the
/// link.
pub(super) async fn watch(link: Weak<Link>) {
    loop {
        tokio::time::sleep(WATCH).await;
        let Some(link) = link.upgrade() else { return };
        if link.breaker.open_because().is_some() {
            continue;
        }
        let hello = redis::cmd("HELLO");
        let until = Instant::now() + link.times.deadline;
        let answer = link.send(until, Call::Command(&hello)).await;
        if answer.and_then(Node::read).is_ok_and(|node| !node.is_primary()) {
            link.leave(Why::Replica);
        }
    }
}
