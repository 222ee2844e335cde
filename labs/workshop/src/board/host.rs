//! Under which names the board answers.
//!
//! A page on the internet can let its own name point at an address of the room (DNS rebinding); to the learner's browser
//! the board is then part of that page, which can read it and write on it. Such a request has the page's name in its
//! `Host` header. An IP address there cannot be rebound, and neither can this machine's own names.

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use harness::program::says;
use kit::visible::excerpt;

/// The most characters of a foreign name that an answer repeats.
const SHOWN: usize = 80;

/// The names under which the board is reached besides its IP addresses and `localhost`; in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Vec<String>);

impl Names {
    /// The names of this machine, and those that the leader gave.
    pub(super) async fn of_this_machine(given: impl IntoIterator<Item = String>) -> Self {
        Self::new(says("hostname", &[]).await.as_deref(), given)
    }

    /// A machine's name counts without its domain too, and with `.local`, as a room without a DNS server calls it (RFC
    /// 6762).
    fn new(machine: Option<&str>, given: impl IntoIterator<Item = String>) -> Self {
        let short = machine.and_then(|name| name.split('.').next());
        let machine = machine.map(str::to_owned).into_iter().chain(short.map(str::to_owned));
        let all = machine.chain(short.map(|name| format!("{name}.local"))).chain(given);
        Self(all.map(|name| name.trim_end_matches('.').to_ascii_lowercase()).collect())
    }

    /// Whether a request names this board in its one `Host` header.
    fn contain(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']');
        !host.contains('@')
            && (name == "localhost"
                || name.ends_with(".localhost")
                || address.parse::<std::net::IpAddr>().is_ok()
                || self.0.contains(&name))
    }
}

/// Answers 421 to a request for another server.
pub(super) async fn for_this_board(State(names): State<Names>, request: Request, next: Next) -> Response {
    let host = the_host(request.headers());
    if host.is_some_and(|host| names.contain(host)) {
        return next.run(request).await;
    }
    let sentence = format!(
        "this board does not answer under the name `{}`: use the IP address of its machine, or start the board with \
         --host-name\n",
        excerpt(host.unwrap_or_default(), SHOWN)
    );
    (StatusCode::MISDIRECTED_REQUEST, sentence).into_response()
}

/// The value of the `Host` header, if there is exactly one.
fn the_host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ip_address_and_a_name_of_this_machine_are_answered() {
        let names = Names::new(Some("Leader.lan"), ["board.example".into()]);
        for host in [
            "127.0.0.1:8090",
            "192.168.1.2:8090",
            "[fe80::1]:8090",
            "localhost",
            "LOCALHOST:8090",
            "a.localhost:1",
            "leader:8090",
            "leader.local",
            "Leader.LAN.:8090",
            "board.example",
        ] {
            assert!(names.contain(host), "{host}");
        }
    }

    #[test]
    fn a_foreign_name_is_not_even_one_that_contains_an_own_name() {
        let names = Names::new(Some("leader"), ["board.example".into()]);
        for host in [
            "attacker.example",
            "attacker.example:8090",
            "leader.attacker.example",
            "127.0.0.1.attacker.example",
            "localhost.attacker.example",
            "leader@attacker.example",
            "board",
            "127.0.0.1@attacker.example",
            "",
            ":8090",
        ] {
            assert!(!names.contain(host), "{host}");
        }
        assert!(!Names::default().contain("leader"));
    }

    #[test]
    fn two_hosts_are_none() {
        let hosts = |values: &[&'static str]| {
            values.iter().map(|value| (HOST, value.parse().unwrap())).collect::<HeaderMap>()
        };
        assert_eq!(the_host(&hosts(&["a"])), Some("a"));
        let mut two = hosts(&["a"]);
        two.append(HOST, "b".parse().unwrap());
        assert_eq!(the_host(&two), None);
        assert_eq!(the_host(&hosts(&[])), None);
    }
}
