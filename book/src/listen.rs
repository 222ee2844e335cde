//! Where `cargo book serve` listens: an IP address or a host name, and a port. The labs have the same type; the book
//! does not depend on them.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;

use anyhow::{Context, bail};

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenAt {
    pub(crate) address: SocketAddr,
    /// The host name that was typed, unless it was an IP address.
    pub(crate) name: Option<String>,
}

impl FromStr for ListenAt {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        if let Ok(address) = text.parse() {
            return Ok(Self { address, name: None });
        }
        let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
        let is_in_names = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let Some((host, port)) = parts.filter(|(host, _)| !host.is_empty() && host.bytes().all(is_in_names))
        else {
            bail!("{text}: give HOST:PORT, for example 127.0.0.1:3000");
        };
        let name = Some(host.to_owned());
        // RFC 6761 §6.3: `localhost` is always the loopback address, whatever a resolver says.
        if host.eq_ignore_ascii_case("localhost") {
            return Ok(Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), name });
        }
        // The cause is part of the sentence, because clap prints only that.
        let found: Vec<SocketAddr> = match (host, port).to_socket_addrs() {
            Ok(found) => found.collect(),
            Err(error) => bail!("{host} has no address: {error}"),
        };
        let first = found.iter().find(|address| address.is_ipv4()).or(found.first()).copied();
        Ok(Self { address: first.with_context(|| format!("{host} has no address"))?, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ip_address_or_a_host_name_with_a_port_is_an_address_to_listen_on() {
        let at = |text: &str| text.parse::<ListenAt>().unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 3000));
        assert_eq!(at("127.0.0.1:3000"), ListenAt { address, name: None });
        assert_eq!(at("localhost:3000"), ListenAt { address, name: Some("localhost".into()) });
    }

    #[test]
    fn a_bare_port_or_a_bare_host_is_refused_with_an_example() {
        for text in ["3000", ":3000", "localhost", "::1", "http://localhost:80", ""] {
            let said = text.parse::<ListenAt>().unwrap_err().to_string();
            assert_eq!(said, format!("{text}: give HOST:PORT, for example 127.0.0.1:3000"));
        }
    }
}
