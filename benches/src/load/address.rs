//! Reads the URL of a server, and finds the address at which the server accepts connections.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use hyper::Uri;
use hyper::http::uri::{Authority, InvalidUri};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::error::LoadError;

/// The most addresses of one name that are tried.
const MOST_ADDRESSES: usize = 8;
/// How long one address may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// A URL that can be measured: plain HTTP, without user name, password and fragment.
pub(super) struct Place {
    pub(super) authority: Authority,
    /// Path and query, as the request line contains them.
    pub(super) origin: String,
    /// Every address of the host, the preferred one first.
    pub(super) addresses: Vec<SocketAddr>,
}

impl Place {
    pub(super) fn read(url: &str) -> Result<Self, LoadError> {
        let unreadable =
            |reason: &str| LoadError::Url { url: without_user_info(url), reason: reason.to_owned() };
        if authority_in(url).contains('@') {
            return Err(unreadable(
                "it contains a user name or a password; leave them out, and give the credential with \
                 --header 'authorization: …'",
            ));
        }
        if url.contains('#') {
            return Err(unreadable("it has a fragment, which is never sent to a server; leave out `#…`"));
        }
        let uri: Uri = url.parse().map_err(|error: InvalidUri| unreadable(&error.to_string()))?;
        if uri.scheme_str() != Some("http") {
            return Err(unreadable("it must begin with http:// (the generator speaks no TLS)"));
        }
        let authority = uri.authority().ok_or_else(|| unreadable("it names no host"))?.clone();
        let addresses = resolve(authority.host(), authority.port_u16().unwrap_or(80))
            .map_err(|error| unreadable(&format!("its host cannot be resolved ({error})")))?;
        let origin = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { authority, origin, addresses })
    }
}

/// The first of these addresses that accepts a connection. They are tried one after the other (RFC 8305 §5), since a
/// server may listen on only one of the addresses that its name has.
pub(super) async fn first_that_accepts(addresses: &[SocketAddr]) -> Result<SocketAddr, LoadError> {
    let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
    for address in addresses {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_connection)) => return Ok(*address),
            Ok(Err(error)) => last = error,
            Err(_elapsed) => last = std::io::ErrorKind::TimedOut.into(),
        }
    }
    Err(LoadError::Connect { addresses: addresses.to_vec(), source: last })
}

/// The addresses of a host. `localhost` and every `NAME.localhost` are this machine, whatever a resolver says (RFC 6761
/// §6.3): on IPv6 first, as other clients prefer it (RFC 6724 §2.1).
fn resolve(host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    let lower = host.to_ascii_lowercase();
    if lower == "localhost" || lower.ends_with(".localhost") {
        let both = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];
        return Ok(both.map(|ip| SocketAddr::new(ip, port)).to_vec());
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> = (bare, port).to_socket_addrs()?.take(MOST_ADDRESSES).collect();
    if addresses.is_empty() { Err(std::io::ErrorKind::NotFound.into()) } else { Ok(addresses) }
}

/// The part of a URL in which user name and password are, whether the rest is valid or not.
fn authority_in(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    after.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The URL without anything that could be a password: a password may contain the characters that end an authority.
fn without_user_info(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    match url[start..].rfind('@') {
        Some(at) => format!("{}…{}", &url[..start], &url[start + at..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        Place::read(url).err().unwrap().to_string()
    }

    #[test]
    fn a_query_is_part_of_the_request_and_a_fragment_is_refused() {
        assert_eq!(Place::read("http://127.0.0.1:81/me?page=2").unwrap().origin, "/me?page=2");
        assert_eq!(
            refusal("http://127.0.0.1:81/me?page=2#top"),
            "`http://127.0.0.1:81/me?page=2#top` cannot be measured: it has a fragment, which is never sent to a server; \
             leave out `#…`"
        );
    }

    #[test]
    fn a_password_is_refused_with_what_to_do_instead_and_is_never_repeated() {
        assert_eq!(
            refusal("http://ann:hunter2@127.0.0.1:81/me"),
            "`http://…@127.0.0.1:81/me` cannot be measured: it contains a user name or a password; leave them out, and \
             give the credential with --header 'authorization: …'"
        );
        for url in
            ["ann:hunter2@h", "http://ann:hunter2/x@h/me", "http://ann:hunter2#@h", "https://ann:hunter2@h"]
        {
            assert!(!refusal(url).contains("hunter2"), "{url}");
        }
        assert_eq!(Place::read("http://127.0.0.1:81/@ann").unwrap().origin, "/@ann", "a path may contain it");
    }

    #[test]
    fn localhost_has_the_addresses_of_both_protocols_and_an_address_has_itself() {
        let of = |url: &str| Place::read(url).unwrap().addresses;
        let both = ["[::1]:81".parse().unwrap(), "127.0.0.1:81".parse().unwrap()];
        assert_eq!(of("http://localhost:81"), both);
        assert_eq!(of("http://lab.LOCALHOST:81"), both);
        assert_eq!(of("http://127.0.0.1:81"), both[1..]);
    }

    #[tokio::test]
    async fn the_address_that_accepts_is_used_and_without_one_all_are_named() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let closed = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), open.port());
        assert_eq!(first_that_accepts(&[closed, open]).await.unwrap(), open);

        drop(listener);
        let refused = first_that_accepts(&[closed, open]).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("could not connect to {closed} or {open}: is the server running?")
        );
    }
}
