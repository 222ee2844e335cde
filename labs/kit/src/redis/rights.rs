//! The rights that a store needs from the Redis user. The server checks this one list at the start, the message of a
//! refusal names its entries, and the line in the book is generated from it.

use std::fmt;

use redis::{RedisError, RedisResult, Value};

use super::readiness::is_forbidden;
use super::{ConnectError, Redis, shown};
use crate::boxed::Boxed;

/// The placeholder for a key in [`Rights::commands`].
const KEY: &str = "KEY";

/// The commands that the connection itself sends: it runs scripts by their hash, and loads a script that was forgotten.
const CONNECTION: [&str; 2] =
    ["SCRIPT LOAD return", "EVALSHA 0000000000000000000000000000000000000000 1 KEY"];
/// The further commands that a cluster's client sends.
const CLUSTER: [&str; 2] = ["CLUSTER SLOTS", "PING"];
/// Commands whose subcommands have ACL rules of their own.
const CONTAINERS: [&str; 2] = ["SCRIPT", "CLUSTER"];

/// The commands that a store sends, itself or from its scripts, and the keys that they touch.
#[derive(Clone, Copy, Debug)]
pub struct Rights {
    /// The pattern of all keys: `auth:*`.
    pub keys: &'static str,
    /// A key that matches the pattern and belongs to no user, for trying the commands on.
    pub key: &'static str,
    /// The commands, each in a form that does nothing: either the key does not exist, or an argument is invalid in a way
    /// that Redis detects only after it has checked the user's rights. `KEY` stands for the key.
    pub commands: &'static [&'static str],
}

impl Rights {
    /// The ACL rules that let a user run the store, and nothing else, for the end of `ACL SETUSER name reset on >password`.
    /// `INFO` is not among them. Without it, the server cannot detect an eviction policy that drops keys, and warns about
    /// that when it starts.
    pub fn rules(&self) -> String {
        let commands: Vec<String> = self.all(false).map(rule).collect();
        format!("~{} {}", self.keys, commands.join(" "))
    }

    /// The further rules that a user of a Redis Cluster needs.
    pub fn cluster_rules() -> String {
        CLUSTER.map(rule).join(" ")
    }

    fn all(&self, is_cluster: bool) -> impl Iterator<Item = &'static str> {
        let cluster = CLUSTER.into_iter().filter(move |_| is_cluster);
        CONNECTION.into_iter().chain(cluster).chain(self.commands.iter().copied())
    }
}

/// The rule that allows a command: `+script|load`.
fn rule(command: &str) -> String {
    let mut words = command.split(' ');
    let name = words.next().unwrap_or_default();
    match words.next().filter(|_| CONTAINERS.contains(&name)) {
        Some(second) => format!("+{name}|{second}").to_lowercase(),
        None => format!("+{name}").to_lowercase(),
    }
}

impl Redis {
    /// Tries every command that a store sends, so that a user with too few rights is detected at the start and not at the
    /// first login. `url` is the URL that was connected to.
    ///
    /// # Errors
    /// The user lacks rights; the message names each of them and the command that grants them. Or Redis does not answer.
    pub fn require<'a>(&'a self, url: &'a str, rights: &'a Rights) -> Boxed<'a, Result<(), ConnectError>> {
        Box::pin(self.tries_all(url, rights))
    }

    async fn tries_all(&self, url: &str, rights: &Rights) -> Result<(), ConnectError> {
        let unusable = |source| ConnectError::NotRedis { url: shown(url), source };
        let mut missing = Missing::default();
        let mut reached_a_key = false;
        for command in rights.all(self.link.opener.is_cluster()) {
            let mut tried = redis::Cmd::new();
            command.split(' ').for_each(|word| {
                tried.arg(if word == KEY { rights.key } else { word });
            });
            let verdict = Verdict::on(self.query(&tried).await).map_err(unusable)?;
            reached_a_key |= command.contains(KEY) && verdict != Verdict::CommandForbidden;
            match verdict {
                Verdict::Allowed => {}
                Verdict::KeyForbidden => missing.add(format!("~{}", rights.keys)),
                Verdict::CommandForbidden => missing.add(rule(command)),
            }
        }
        // Redis checks the command before the key: if it allows no command, its answers say nothing about the keys.
        if !reached_a_key {
            missing.add(format!("~{}", rights.keys));
        }
        if self
            .query::<Value>(redis::cmd("INFO").arg("memory"))
            .await
            .is_err_and(|error| is_forbidden(&error))
        {
            tracing::warn!(
                "the Redis user may not send INFO, so an eviction policy that drops keys will not be noticed"
            );
        }
        match missing.0.is_empty() {
            true => Ok(()),
            false => {
                let grant = format!("ACL SETUSER {} {missing}", user_of(url));
                Err(ConnectError::Rights { url: shown(url), missing: missing.to_string(), grant })
            }
        }
    }
}

/// The missing rules, in the order in which they were found.
#[derive(Default)]
struct Missing(Vec<String>);

impl Missing {
    fn add(&mut self, rule: String) {
        if !self.0.contains(&rule) {
            self.0.push(rule);
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// Redis' answer to a command that was tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allowed,
    KeyForbidden,
    CommandForbidden,
}

impl Verdict {
    /// Any error but those two means that the command is allowed. No answer means nothing.
    fn on(answer: RedisResult<Value>) -> RedisResult<Self> {
        match answer {
            Err(error) if is_forbidden(&error) && names_a_key(&error) => Ok(Self::KeyForbidden),
            Err(error) if is_forbidden(&error) || is_unknown(&error) => Ok(Self::CommandForbidden),
            Err(error) if error.is_io_error() || error.is_timeout() => Err(error),
            _ => Ok(Self::Allowed),
        }
    }
}

/// Whether the right to a key is missing. Redis tells only by the message: "to access one of the keys used as arguments",
/// "to access a key".
fn names_a_key(error: &RedisError) -> bool {
    error.detail().is_some_and(|detail| detail.contains("access"))
}

/// Whether Redis does not know the command: a hosting service may have removed it for all users.
fn is_unknown(error: &RedisError) -> bool {
    error.detail().is_some_and(|detail| detail.starts_with("unknown command"))
}

/// The user that a URL names, otherwise `default`. The name is no secret, but an operator copies it with a command, so a
/// name with unusual characters is replaced by `default`.
fn user_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let user = rest.rsplit_once('@').and_then(|(credentials, _)| credentials.split(':').next());
    let plain = |user: &&str| {
        !user.is_empty() && user.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    user.filter(plain).unwrap_or("default")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_the_command_and_of_a_container_the_second_word() {
        assert_eq!(rule("HSET KEY a"), "+hset");
        assert_eq!(rule("SCRIPT LOAD return"), "+script|load");
        assert_eq!(rule("CLUSTER SLOTS"), "+cluster|slots");
        assert_eq!(rule("TIME"), "+time");
    }

    #[test]
    fn the_rules_of_a_store_hold_its_keys_and_commands_and_nothing_else() {
        let rights = Rights { keys: "auth:*", key: "auth:x", commands: &["GET KEY", "TIME"] };
        let rules = "~auth:* +script|load +evalsha +get +time";
        assert_eq!(rights.rules(), rules);
        assert_eq!(Rights::cluster_rules(), "+cluster|slots +ping");
    }

    #[test]
    fn the_line_to_copy_names_the_user_of_the_url() {
        assert_eq!(user_of("redis://authlab:secret@h:1"), "authlab");
        assert_eq!(user_of("redis+cluster://authlab:secret@h:1,h:2"), "authlab");
        assert_eq!(user_of("redis://:secret@h:1"), "default");
        assert_eq!(user_of("redis://h:1"), "default");
        assert_eq!(user_of("redis://a%0Ab:secret@h:1"), "default");
    }
}
