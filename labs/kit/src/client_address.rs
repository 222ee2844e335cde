//! Where a request comes from, for throttling.
//!
//! That is the socket's peer, unless the peer is a proxy that the operator named: then it is the last address in
//! `X-Forwarded-For` that no such proxy wrote. Anybody else's header is decoration. An IPv6 client owns a whole /64, so
//! that is what counts as one address.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use http::request::Parts;

/// The proxies that are believed.
#[derive(Clone, Debug)]
pub(crate) struct Proxies(Arc<[IpAddr]>);

impl Proxies {
    pub(crate) fn new(trusted: Vec<IpAddr>) -> Self {
        Self(trusted.into())
    }

    /// Whether a connection from this address is a proxy's.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.0.contains(&peer)
    }

    /// The client's address. A request without a socket (a test that calls the router directly) comes from `::`.
    pub(crate) fn client(&self, request: &Parts) -> IpAddr {
        let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.ip());
        if !self.trusts(peer) {
            return network(peer);
        }
        let forwarded = request.headers.get_all("x-forwarded-for").iter();
        let addresses: Vec<&str> = forwarded
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(','))
            .collect();
        for address in addresses.iter().rev() {
            match address.trim().parse::<IpAddr>() {
                Ok(address) if self.0.contains(&address) => continue,
                Ok(address) => return network(address),
                // What a trusted proxy passed on unread was written by its client: stop believing.
                Err(_) => break,
            }
        }
        network(peer)
    }
}

/// What counts as one address.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(peer: &str, forwarded: Option<&str>) -> Parts {
        let mut request = http::Request::new(());
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        request.extensions_mut().insert(ConnectInfo(peer));
        if let Some(value) = forwarded {
            request.headers_mut().insert("x-forwarded-for", value.parse().unwrap());
        }
        request.into_parts().0
    }

    fn client(peer: &str, forwarded: Option<&str>) -> String {
        Proxies::new(vec!["10.0.0.1".parse().unwrap()]).client(&request(peer, forwarded)).to_string()
    }

    #[test]
    fn a_forwarded_address_counts_only_from_a_proxy_that_was_named() {
        assert_eq!(client("10.0.0.1", Some("203.0.113.9")), "203.0.113.9");
        assert_eq!(client("192.0.2.1", Some("203.0.113.9")), "192.0.2.1");
    }

    #[test]
    fn what_the_client_itself_wrote_into_the_header_does_not_count() {
        assert_eq!(client("10.0.0.1", Some("198.51.100.7, 203.0.113.9, 10.0.0.1")), "203.0.113.9");
        assert_eq!(client("10.0.0.1", Some("203.0.113.9, nonsense")), "10.0.0.1");
    }

    #[test]
    fn neighbours_in_one_64_are_one_address() {
        assert_eq!(client("2001:db8::1", None), client("2001:db8::ffff", None));
        assert_ne!(client("2001:db8::1", None), client("2001:db8:0:1::1", None));
        assert_eq!(client("::ffff:192.0.2.1", None), "192.0.2.1");
    }
}
