//! A store's URL without its secrets.
//!
//! The URL of a Redis contains a password, and so do many texts that were meant to be such a URL and are not: with an
//! unknown scheme, without a scheme, with an `@` or a `?` in the password. So this module shows only what is certainly a
//! scheme, host, port, database or socket path, and hides the rest; it does not search for the secret and show what is
//! left.

use crate::host::is_host_and_port;
use crate::list;

/// The placeholder for hidden text.
const HIDDEN: &str = "…";

/// The URL without anything that may be a secret. For every message, log line and `Debug` output about a store.
///
/// ```
/// use kit::store_url::without_secrets;
///
/// assert_eq!(without_secrets("redis://ann:hunter2@db.example:6379/1"), "redis://db.example:6379/1");
/// assert_eq!(without_secrets("ann:hunter2@db.example"), "…");
/// ```
pub fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if is_word(url) { url.to_owned() } else { HIDDEN.to_owned() };
    };
    if !is_scheme(scheme) {
        return HIDDEN.to_owned();
    }
    format!("{scheme}://{}", place(rest).unwrap_or_else(|| HIDDEN.to_owned()))
}

/// The hosts and the database, or the socket's path; `None` if the parts cannot be told apart with certainty.
fn place(rest: &str) -> Option<String> {
    let (before, after) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    if before.starts_with('/') {
        return is_socket(before).then(|| before.to_owned());
    }
    let (authority, path) = before.split_at(before.find('/').unwrap_or(before.len()));
    // An `@` after a `/`, a `?` or a `#`: a password may contain any of these, so its end is unclear.
    if path.contains('@') || after.contains('@') {
        return None;
    }
    let hosts = authority.rsplit_once('@').map_or(authority, |(_user, hosts)| hosts);
    let hosts: Vec<&str> = list::entries(hosts).collect();
    if hosts.is_empty() || !hosts.iter().all(|host| is_host_and_port(host)) {
        return None;
    }
    let database = match path.strip_prefix('/') {
        Some(number) if !number.bytes().all(|byte| byte.is_ascii_digit()) => "/…",
        _ => path,
    };
    Some(hosts.join(",") + database)
}

/// Whether the text is a name such as `memory` or `postgres`, which cannot be mistaken for a password.
fn is_word(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_scheme(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'+')
}

fn is_socket(path: &str) -> bool {
    path.chars().all(|character| character.is_alphanumeric() || "/._-+~ ".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passwords with characters that have a meaning in a URL and that people leave unencoded. Each part between these is
    /// secret.
    const PASSWORDS: [&str; 16] = [
        "hunter2",
        "hunt@hunter2",
        "hunter2:hunter2",
        "hunter2/hunter2",
        "hunter2?hunter2",
        "hunter2#hunter2",
        "hunter2,hunter2",
        "hunter2 hunter2",
        "hunter2\nhunter2",
        "hunter2%40hunter2",
        "[hunter2]",
        "://hunter2",
        "redis://hunter2",
        "hunter2?pass=hunter2&hunter2",
        "hunter2/0?hunter2#hunter2",
        "hünter2hunter2",
    ];
    const SCHEMES: [&str; 14] = [
        "redis://",
        "rediss://",
        "valkey://",
        "valkeys://",
        "unix://",
        "redis+unix://",
        "redis+cluster://",
        "rediss+cluster://",
        "postgres://",
        "REDIS://",
        " redis://",
        "redis:/",
        "redis:",
        "",
    ];
    const PLACES: [&str; 8] = [
        "h.example",
        "h.example:6379",
        "h.example:6379/1",
        "h.example/1?protocol=resp3",
        "[::1]:6379",
        "a.example:1,b.example:2",
        "a.example:1,\nb.example:2\n",
        "127.0.0.1:6379/",
    ];

    /// All ways in which a person may have typed a URL with this password.
    fn typed(password: &str) -> Vec<String> {
        let mut all = Vec::new();
        for scheme in SCHEMES {
            for user in ["", "ann", "ann@example.com"] {
                for place in PLACES {
                    all.push(format!("{scheme}{user}:{password}@{place}"));
                    all.push(format!("{scheme}{user}:{password}@{place}, {user}:{password}@{place}"));
                }
                // The host was forgotten, or came from a variable that was empty.
                all.push(format!("{scheme}{user}:{password}"));
                all.push(format!("{scheme}{user}:{password}@"));
                all.push(format!("{scheme}{user}:{password}@:6379"));
            }
            for socket in ["/run/redis.sock", "/run/redis.sock?db=1&", "/run/redis.sock?", ""] {
                all.push(format!("{scheme}{socket}?user=ann&pass={password}"));
                all.push(format!("{scheme}{socket}&pass={password}"));
            }
            for place in PLACES {
                all.push(format!("{scheme}{place}?password={password}"));
                all.push(format!("{scheme}{place}#{password}"));
            }
        }
        all
    }

    #[test]
    fn no_form_of_a_url_shows_its_password() {
        let mut forms = 0;
        for password in PASSWORDS {
            for text in typed(password) {
                // Every URL parser takes the text after the last `@` as the host, if nothing ends the authority before it.
                let rest = text.split_once("://").map_or("", |(_scheme, rest)| rest);
                if rest.ends_with("@hunter2") && !rest.contains(['/', '?', '#']) {
                    continue;
                }
                let shown = without_secrets(&text);
                assert!(
                    !shown.contains("unter2") && !shown.contains("hunt"),
                    "{text:?} is shown as {shown:?}"
                );
                assert!(!shown.contains("ann") && !shown.contains(char::is_control), "{text:?}: {shown:?}");
                forms += 1;
            }
        }
        assert!(forms > 10_000, "{forms}");
    }

    #[test]
    fn the_place_is_shown_where_it_is_sure() {
        for (text, shown) in [
            ("memory", "memory"),
            ("postgres", "postgres"),
            ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379"),
            ("rediss://u:hunter2@h", "rediss://h"),
            ("redis://:p@ss@db.example:6379/1", "redis://db.example:6379/1"),
            (
                "redis+cluster://u:hunter2@a.example:7000,b.example:7001",
                "redis+cluster://a.example:7000,b.example:7001",
            ),
            ("redis://h/1?password=x", "redis://h/1"),
            ("redis://h/hunter2", "redis://h/…"),
            ("redis+unix:///run/redis.sock?user=ann&pass=hunt@hunter2", "redis+unix:///run/redis.sock"),
            ("redis://[::1]:6379", "redis://[::1]:6379"),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }

    #[test]
    fn what_is_not_sure_is_hidden() {
        for (text, shown) in [
            ("admin:secret@host", "…"),
            ("hunter2", "…"),
            ("localhost:6379", "…"),
            ("", "…"),
            ("redis://", "redis://…"),
            ("redis://u:hunter2", "redis://…"),
            ("redis://u:hunter2?x@h", "redis://…"),
            ("redis://u:hunter2/x@h", "redis://…"),
            ("redis://h?password=hunt@hunter2", "redis://…"),
            ("unix:///run/u:hunter2@redis.sock", "unix://…"),
            ("hunter2://h", "…"),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }
}
