//! Asks for consent: a server on another machine is attacked only if its owner has agreed.

use std::io::{BufRead, IsTerminal, Write};

use harness::Failure;
use reqwest::Url;

use crate::words::Words;

/// Succeeds for a server on this machine, or with `--they-agreed`; otherwise asks on the terminal. Without a terminal
/// it refuses.
pub(super) fn get(url: &str, they_agreed: bool, words: &Words) -> Result<(), Failure> {
    if they_agreed || is_on_this_machine(url) {
        return Ok(());
    }
    let refusal = || {
        Failure::new(format!(
            "{url} is not on this machine, and nothing was sent to it; if its owner has agreed to be attacked, add \
             --they-agreed"
        ))
    };
    if !std::io::stdin().is_terminal() {
        return Err(refusal());
    }
    harness::err!("{}", (words.has_owner_agreed)(url));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if is_yes(&answer) { Ok(()) } else { Err(refusal()) }
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

/// Whether the URL's host is this machine, judged by its text. A name counts only where RFC 6761 §6.3 says that it is
/// loopback.
fn is_on_this_machine(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        // An invalid URL reaches no server; the caller reports it later.
        return true;
    };
    let host = url.host_str().unwrap_or_default();
    match host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_loopback_addresses_and_names_and_by_nothing_else() {
        for own in [
            "http://127.0.0.1:8080",
            "http://127.9.9.9/",
            "http://[::1]:80",
            "http://localhost",
            "http://a.localhost:1",
        ] {
            assert!(is_on_this_machine(own), "{own}");
        }
        for other in [
            "http://192.168.1.7:8080",
            "http://0.0.0.0:8080",
            "http://example.test",
            "http://localhost.example.test",
            "http://127.0.0.1.example.test",
            "http://127.0.0.1@192.168.1.7/",
            "http://[::ffff:192.168.1.7]/",
        ] {
            assert!(!is_on_this_machine(other), "{other}");
        }
    }

    #[test]
    fn only_a_yes_is_one() {
        assert!(is_yes("y\n") && is_yes(" YES "));
        for answer in ["", "\n", "n", "yo", "j"] {
            assert!(!is_yes(answer), "{answer}");
        }
    }
}
