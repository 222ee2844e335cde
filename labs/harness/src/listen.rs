//! Where a server listens, as a person types it after `--listen`: an IP address or a host name, and a port.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// An address to listen on.
///
/// ```
/// use harness::listen::ListenAt;
///
/// let at: ListenAt = "localhost:8080".parse().unwrap();
/// assert_eq!(at.address, "127.0.0.1:8080".parse().unwrap());
/// let refused = "8080".parse::<ListenAt>().unwrap_err().to_string();
/// assert_eq!(refused, "8080: give HOST:PORT, for example 127.0.0.1:8080");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAt {
    /// The IP address and the port.
    pub address: SocketAddr,
    /// The host name that was typed, unless it was an IP address.
    pub name: Option<String>,
}

impl ListenAt {
    /// A port of this machine's loopback address.
    pub fn loopback(port: u16) -> Self {
        Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), name: None }
    }
}

/// Why a text is not an address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnAddress(String);

impl fmt::Display for NotAnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotAnAddress {}

impl FromStr for ListenAt {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        if let Ok(address) = text.parse() {
            return Ok(Self { address, name: None });
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| incomplete(text))?;
        let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        let port =
            port.parse().ok().filter(|_| !host.is_empty() && is_name).ok_or_else(|| incomplete(text))?;
        let address = resolved(host, port)?;
        Ok(Self { address, name: Some(host.to_owned()) })
    }
}

impl fmt::Display for ListenAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

/// The error for a text without a host or without a port, with an example that contains the part that is there.
fn incomplete(text: &str) -> NotAnAddress {
    let example = match text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
        Ok(port) => format!("127.0.0.1:{port}"),
        Err(_) => "127.0.0.1:8080".to_owned(),
    };
    NotAnAddress(format!("{text}: give HOST:PORT, for example {example}"))
}

/// The address of a host name: its IPv4 address if it has one, because a URL with it is the easiest to type.
fn resolved(host: &str, port: u16) -> Result<SocketAddr, NotAnAddress> {
    // RFC 6761 §6.3: `localhost` is always the loopback address, whatever a resolver says.
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    let found = (host, port).to_socket_addrs();
    let found = found.map_err(|error| NotAnAddress(format!("{host} has no address: {error}")))?;
    let all: Vec<SocketAddr> = found.collect();
    let first = all.iter().find(|address| address.is_ipv4()).or(all.first()).copied();
    first.ok_or_else(|| NotAnAddress(format!("{host} has no address")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ip_address_or_a_host_name_with_a_port_is_an_address_to_listen_on() {
        let at = |text: &str| text.parse::<ListenAt>().unwrap();
        assert_eq!(at("[::1]:0"), ListenAt { address: "[::1]:0".parse().unwrap(), name: None });
        assert_eq!(at("127.0.0.1:8080"), ListenAt::loopback(8080));
        let named = ListenAt { name: Some("LocalHost".into()), ..ListenAt::loopback(8080) };
        assert_eq!(at("LocalHost:8080"), named);
    }

    #[test]
    fn a_bare_port_or_a_bare_host_is_refused_with_an_example() {
        for (text, example) in [
            ("9090", "127.0.0.1:9090"),
            (":9090", "127.0.0.1:9090"),
            ("localhost", "127.0.0.1:8080"),
            ("localhost:", "127.0.0.1:8080"),
            ("localhost:70000", "127.0.0.1:8080"),
            ("::1", "127.0.0.1:8080"),
            ("http://localhost:80", "127.0.0.1:8080"),
            ("", "127.0.0.1:8080"),
        ] {
            let said = text.parse::<ListenAt>().unwrap_err().to_string();
            assert_eq!(said, format!("{text}: give HOST:PORT, for example {example}"));
        }
    }

    #[test]
    fn a_name_without_an_address_is_told_with_the_resolvers_reason() {
        // RFC 6761 §6.4: no resolver knows a name below `.invalid`.
        let said = "lab.invalid:80".parse::<ListenAt>().unwrap_err().to_string();
        assert!(said.starts_with("lab.invalid has no address: "), "{said}");
    }
}
