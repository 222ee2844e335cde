//! The connection between the servers and their store, which a visitor can cut.
//!
//! To a Redis on this machine it is a real connection through a proxy that can refuse connections. So the visitor sees
//! what an outage does to the labs' own Redis client, with its deadline and its circuit breaker. For a store in memory,
//! or a Redis on another machine, there is no such connection to cut; then a switch in the gate before the store has
//! the same effect on the server.

use std::net::SocketAddr;

use harness::Failure;
use kit::Store;
use measure::proxy::{Impairment, Proxy};
use serde::Serialize;

/// How the connection is cut: by a switch in the gates, or in the proxy.
#[derive(Debug)]
pub(super) enum Line {
    Switch,
    Wire(Proxy),
}

/// The kind of a [`Line`], as a word for the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LineKind {
    Switch,
    Wire,
}

impl Line {
    /// A line to a store, and the store's address through this line, for the servers.
    pub(super) async fn to(store: &Store) -> Result<(Self, Store), Failure> {
        let Some(place) = Place::of(store) else { return Ok((Self::Switch, store.clone())) };
        let proxy = Proxy::start(place.address).await?;
        let over = Store::Redis(place.moved_to(proxy.address()));
        Ok((Self::Wire(proxy), over))
    }

    pub(super) fn kind(&self) -> LineKind {
        match self {
            Self::Switch => LineKind::Switch,
            Self::Wire(_) => LineKind::Wire,
        }
    }

    /// Cuts or mends the proxy's connection. Returns `false` if there is no proxy, and the gates have to do it.
    pub(super) fn cut(&self, cut: bool) -> bool {
        let Self::Wire(proxy) = self else { return false };
        proxy.set(if cut { Impairment::Refuse } else { Impairment::None });
        true
    }
}

/// A Redis on this machine, as the parts of its URL.
struct Place<'a> {
    scheme: &'a str,
    /// User name and password, up to and including the `@`.
    user: &'a str,
    address: SocketAddr,
    /// The rest of the URL after the address: the number of a database.
    rest: &'a str,
}

impl<'a> Place<'a> {
    fn of(store: &'a Store) -> Option<Self> {
        let Store::Redis(url) = store else { return None };
        let (scheme, rest) =
            url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "redis" | "valkey"))?;
        let (authority, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        let host = host.replacen("localhost", "127.0.0.1", 1);
        let address: SocketAddr = host.parse().ok()?;
        address.ip().is_loopback().then_some(Self { scheme, user, address, rest })
    }

    fn moved_to(&self, address: SocketAddr) -> String {
        format!("{}://{}{address}{}", self.scheme, self.user, self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(url: &str) -> Option<String> {
        let store = Store::Redis(url.to_owned());
        let place = Place::of(&store)?;
        Some(format!("{} {}", place.address, place.moved_to(SocketAddr::from(([127, 0, 0, 1], 7)))))
    }

    #[test]
    fn a_redis_on_this_machine_is_led_through_the_proxy_and_keeps_all_but_its_address() {
        let led = |text: &str| Some(text.to_owned());
        assert_eq!(moved("redis://127.0.0.1:6379"), led("127.0.0.1:6379 redis://127.0.0.1:7"));
        assert_eq!(moved("redis://:p@ss@localhost:1/3"), led("127.0.0.1:1 redis://:p@ss@127.0.0.1:7/3"));
        assert_eq!(moved("valkey://u:p@[::1]:1"), led("[::1]:1 valkey://u:p@127.0.0.1:7"));
    }

    #[test]
    fn a_redis_elsewhere_a_socket_and_memory_are_cut_off_by_the_switch() {
        for url in [
            "redis://10.0.0.1:6379",
            "redis://db:6379",
            "redis+unix:///run/redis.sock",
            "redis+cluster://127.0.0.1:1",
        ] {
            assert_eq!(moved(url), None, "{url}");
        }
        assert!(Place::of(&Store::Memory).is_none());
    }
}
