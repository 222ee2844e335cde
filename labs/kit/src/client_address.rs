//! The client's IP address, for throttling and for the audit log.
//!
//! It is the socket's peer address, unless the peer is a proxy that the operator trusts: then it is the last address in
//! `X-Forwarded-For` that is not a trusted proxy's own. The server ignores that header from any other client. Addresses are
//! compared in their canonical form, because a server on `[::]` sees an IPv4 proxy as `::ffff:10.0.0.1`. An IPv6 client
//! owns a whole /64, so a /64 counts as one address.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use http::request::Parts;
use http::{Extensions, HeaderMap};
use ipnet::{IpNet, Ipv4Net};

/// How many leading bits mark an IPv6 address as IPv4-mapped (RFC 4291 §2.5.5.2).
const MAPPED_BITS: u8 = 96;

/// A trusted proxy: an address, or a range of addresses in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedProxy(IpNet);

/// A text that is neither an address nor a range of addresses.
#[derive(Debug, thiserror::Error)]
#[error("a proxy is {}", Self::EXPECTED)]
pub struct TrustedProxyError;

impl TrustedProxyError {
    /// The syntax of the list of trusted proxies, for messages.
    pub(crate) const EXPECTED: &'static str = "addresses or ranges such as 10.0.0.0/8, separated by commas or new lines; a range of all addresses is refused";
}

impl FromStr for TrustedProxy {
    type Err = TrustedProxyError;

    fn from_str(text: &str) -> Result<Self, TrustedProxyError> {
        let range = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse().map_err(|_| TrustedProxyError)?,
        };
        match canonical(range) {
            // To trust every address is to trust the header of every client.
            everything if everything.prefix_len() == 0 => Err(TrustedProxyError),
            range => Ok(Self(range)),
        }
    }
}

/// A range of IPv4-mapped IPv6 addresses as an IPv4 range; any other range unchanged.
fn canonical(range: IpNet) -> IpNet {
    let IpNet::V6(v6) = range else { return range };
    let (Some(v4), Some(bits)) = (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(MAPPED_BITS))
    else {
        return range;
    };
    Ipv4Net::new(v4, bits).map_or(range, IpNet::V4)
}

impl TrustedProxy {
    fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

/// The trusted proxies.
#[derive(Clone, Debug)]
pub(crate) struct Proxies(Arc<[TrustedProxy]>);

impl Proxies {
    pub(crate) fn new(trusted: Vec<TrustedProxy>) -> Self {
        Self(trusted.into())
    }

    /// Whether a connection from this address comes from a trusted proxy.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|proxy| proxy.contains(peer))
    }

    /// The client's address. For a request without a socket (a test that calls the router directly) it is `::`.
    pub(crate) fn client(&self, request: &Parts) -> IpAddr {
        self.client_of(&request.extensions, &request.headers)
    }

    /// The client's address like [`client`](Self::client), from a request's extensions and headers.
    pub(crate) fn client_of(&self, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.ip().to_canonical());
        if !self.trusts(peer) {
            return network(peer);
        }
        // Read byte by byte: bytes from the client that are not text affect only the client's own entry, not the one that
        // its proxy adds.
        let lines: Vec<&[u8]> =
            headers.get_all("x-forwarded-for").iter().map(|line| line.as_bytes()).collect();
        let entries = lines.into_iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        for entry in entries {
            match forwarded(entry) {
                Some(address) if self.trusts(address) => {}
                Some(address) => return network(address),
                // The client wrote this entry and a trusted proxy passed it on unread: the rest is not believed either.
                None => break,
            }
        }
        network(peer)
    }
}

/// The address in an entry of `X-Forwarded-For`. Some proxies write it with its port, and IPv6 in brackets.
fn forwarded(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = match bare {
        Some(v6) => IpAddr::V6(v6.parse().ok()?),
        None => match text.parse::<SocketAddr>() {
            Ok(with_port) => with_port.ip(),
            Err(_) => text.parse().ok()?,
        },
    };
    Some(address.to_canonical())
}

/// The network that counts as one address: an IPv4 address, or an IPv6 /64.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Whether a header shows that a proxy forwarded the request.
pub(crate) fn is_forwarded(parts: &Parts) -> bool {
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"]
        .iter()
        .any(|name| parts.headers.contains_key(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(peer: &str, forwarded: &[&[u8]]) -> Parts {
        let mut request = http::Request::new(());
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        request.extensions_mut().insert(ConnectInfo(peer));
        for line in forwarded {
            let line = http::HeaderValue::from_bytes(line).unwrap();
            request.headers_mut().append("x-forwarded-for", line);
        }
        request.into_parts().0
    }

    fn seen_by(proxies: &[&str], peer: &str, forwarded: &[&[u8]]) -> String {
        let proxies = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        Proxies::new(proxies).client(&request(peer, forwarded)).to_string()
    }

    fn client(peer: &str, forwarded: Option<&str>) -> String {
        let lines: Vec<&[u8]> = forwarded.iter().map(|line| line.as_bytes()).collect();
        seen_by(&["10.0.0.1"], peer, &lines)
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
    fn a_client_that_writes_bytes_which_are_no_text_does_not_hide_the_address_that_its_proxy_adds() {
        assert_eq!(seen_by(&["10.0.0.1"], "10.0.0.1", &[b"\xff\xfe, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen_by(&["10.0.0.1"], "10.0.0.1", &[b"\xff", b"203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen_by(&["10.0.0.1"], "10.0.0.1", &[b"203.0.113.9, \xff"]), "10.0.0.1");
    }

    #[test]
    fn neighbours_in_one_64_are_one_address() {
        assert_eq!(client("2001:db8::1", None), client("2001:db8::ffff", None));
        assert_ne!(client("2001:db8::1", None), client("2001:db8:0:1::1", None));
        assert_eq!(client("::ffff:192.0.2.1", None), "192.0.2.1");
    }

    #[test]
    fn a_proxy_may_write_the_port_of_its_client_and_brackets_around_ipv6() {
        assert_eq!(client("10.0.0.1", Some("203.0.113.7:50001")), "203.0.113.7");
        assert_eq!(client("10.0.0.1", Some("[2001:db8:0:7::9]:50001")), "2001:db8:0:7::");
        assert_eq!(client("10.0.0.1", Some("[2001:db8:0:7::9]")), "2001:db8:0:7::");
        assert_eq!(client("10.0.0.1", Some("2001:db8:0:7::9")), "2001:db8:0:7::");
        assert_eq!(client("10.0.0.1", Some("::ffff:203.0.113.7")), "203.0.113.7");
        assert_eq!(client("10.0.0.1", Some("203.0.113.7:port")), "10.0.0.1");
    }

    #[test]
    fn a_server_on_all_addresses_sees_an_ipv4_proxy_in_its_mapped_form_and_believes_it() {
        assert_eq!(client("::ffff:10.0.0.1", Some("203.0.113.9")), "203.0.113.9");
        assert_eq!(client("::ffff:10.0.0.2", Some("203.0.113.9")), "10.0.0.2");
        let mapped = ["::ffff:10.0.0.1"];
        assert_eq!(seen_by(&mapped, "10.0.0.1", &[b"203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen_by(&["::ffff:10.0.0.0/104"], "10.9.9.9", &[b"203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn a_range_is_believed_and_its_neighbour_is_not() {
        let ranges = ["10.1.0.0/16", "2001:db8:1::/48"];
        assert_eq!(seen_by(&ranges, "10.1.255.255", &[b"203.0.113.9, 10.1.0.7"]), "203.0.113.9");
        assert_eq!(seen_by(&ranges, "10.2.0.0", &[b"203.0.113.9"]), "10.2.0.0");
        assert_eq!(seen_by(&ranges, "2001:db8:1:ffff::1", &[b"203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen_by(&ranges, "2001:db8:2::1", &[b"203.0.113.9"]), "2001:db8:2::");
    }

    #[test]
    fn a_range_of_all_addresses_and_what_is_no_range_are_refused() {
        for text in ["0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0/8", "proxy.example", ""] {
            assert!(text.parse::<TrustedProxy>().is_err(), "{text}");
        }
        assert!("10.0.0.1/8".parse::<TrustedProxy>().is_ok());
    }
}
