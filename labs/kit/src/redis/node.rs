//! What a Redis node says about itself, and whether this server may store its state there.
//!
//! The server asks the node with `HELLO` and not with `INFO`: every user may send `HELLO`, whatever their ACL rules are, so
//! a server can find out a node's role without needing a right for it.

use std::collections::HashMap;
use std::fmt;

use redis::{FromRedisValue, RedisError, RedisResult, Value};

use crate::config::CLUSTER_SCHEME;

/// The first major version whose scripts can declare flags. Without flags, a full Redis refuses refreshes and accepts
/// logins.
const OLDEST: u32 = 7;

/// A node's answer to `HELLO`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// The node's kind and version: `redis 7.0.15`, `valkey 8.1.3`.
    pub(super) version: String,
    mode: String,
    role: String,
}

/// Why a node cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The node is a replica of a primary: it accepts no writes, and its data may be old.
    #[error("it is a replica and refuses writes; name the primary")]
    Replica,
    /// The node is part of a cluster, and the URL does not say so. Contains the URL to write.
    #[error("it is a node of a Redis Cluster; write the URL as {0}")]
    ClusterNode(String),
    /// The node is a Sentinel, which knows where a Redis is and stores nothing.
    #[error("it is a Redis Sentinel, which stores nothing; name the primary, or an address that leads to it")]
    Sentinel,
    /// The node's version is too old: its scripts cannot declare flags. Contains the version.
    #[error("it is {0}; version {OLDEST}.0 or newer of Redis, or any Valkey, is needed")]
    TooOld(String),
}

impl Node {
    /// Parses the answer to `HELLO`.
    pub(super) fn read(answer: Value) -> RedisResult<Self> {
        let strange =
            || RedisError::from((redis::ErrorKind::Client, "its answer to HELLO is not that of a Redis"));
        let mut fields: HashMap<String, Value> = HashMap::from_redis_value(answer).map_err(|_| strange())?;
        let mut field = |name: &str| {
            let value = fields.remove(name).ok_or_else(strange)?;
            String::from_redis_value(value).map_err(|_| strange())
        };
        let version = format!("{} {}", field("server")?, field("version")?);
        Ok(Self { version, mode: field("mode")?, role: field("role")? })
    }

    /// Whether the node is a primary, which accepts writes.
    pub(super) fn is_primary(&self) -> bool {
        self.role == "master"
    }

    /// Why the node cannot be used through this URL, or `None` if it can. The URL must contain no password.
    pub(super) fn unfit(&self, url: &str) -> Option<Unfit> {
        let is_cluster_url = url.starts_with(CLUSTER_SCHEME);
        if self.is_too_old() {
            return Some(Unfit::TooOld(self.version.clone()));
        }
        match self.mode.as_str() {
            "sentinel" => Some(Unfit::Sentinel),
            "cluster" if !is_cluster_url => {
                let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
                Some(Unfit::ClusterNode(format!(
                    "{CLUSTER_SCHEME}{}",
                    rest.split('/').next().unwrap_or(rest)
                )))
            }
            // The client of a cluster finds the primaries itself.
            _ if is_cluster_url || self.is_primary() => None,
            _ => Some(Unfit::Replica),
        }
    }

    fn is_too_old(&self) -> bool {
        let Some((_, version)) = self.version.split_once(' ') else { return true };
        let major = version.split('.').next().and_then(|major| major.parse().ok());
        major.is_none_or(|major: u32| major < OLDEST)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.version)
    }
}

/// Whether an answer to `INFO replication` says that the node has replicas.
pub(super) fn names_a_replica(info: &str) -> bool {
    let count = info.lines().find_map(|line| line.strip_prefix("connected_slaves:"));
    count.is_some_and(|count| count.trim() != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_known_by_what_the_primary_says() {
        assert!(!names_a_replica("# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"));
        assert!(names_a_replica("# Replication\r\nrole:master\r\nconnected_slaves:2\r\n"));
    }

    fn node(version: &str, mode: &str, role: &str) -> Node {
        let pairs = [("server", "redis"), ("version", version), ("mode", mode), ("role", role)];
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let mut flat: Vec<Value> = pairs.iter().flat_map(|(name, value)| [text(name), text(value)]).collect();
        flat.extend([text("proto"), Value::Int(2), text("modules"), Value::Array(Vec::new())]);
        Node::read(Value::Array(flat)).unwrap()
    }

    #[test]
    fn a_node_is_known_by_what_it_says_and_not_by_its_name() {
        assert_eq!(node("7.0.15", "standalone", "master").version, "redis 7.0.15");
        assert!(Node::read(Value::SimpleString("OK".into())).is_err());
        assert!(Node::read(Value::Array(Vec::new())).is_err());
    }

    #[test]
    fn a_primary_of_version_7_is_taken_and_what_is_older_a_replica_or_a_sentinel_is_not() {
        let unfit = |version, mode, role| node(version, mode, role).unfit("redis://h:1");
        assert_eq!(unfit("7.0.0", "standalone", "master"), None);
        assert_eq!(unfit("10.1.0", "standalone", "master"), None);
        assert_eq!(unfit("6.2.14", "standalone", "master"), Some(Unfit::TooOld("redis 6.2.14".into())));
        assert_eq!(unfit("unstable", "standalone", "master"), Some(Unfit::TooOld("redis unstable".into())));
        assert_eq!(unfit("7.0.0", "standalone", "replica"), Some(Unfit::Replica));
        assert_eq!(unfit("7.0.0", "standalone", "slave"), Some(Unfit::Replica));
        assert_eq!(unfit("7.0.0", "sentinel", "sentinel"), Some(Unfit::Sentinel));
    }

    #[test]
    fn a_cluster_wants_the_url_of_a_cluster_and_the_sentence_says_which() {
        let right = |url| node("7.0.0", "cluster", "master").unfit(url);
        assert_eq!(right("redis+cluster://h:1"), None);
        let written = "redis+cluster://user:***@h:1".to_owned();
        assert_eq!(right("redis://user:***@h:1/0"), Some(Unfit::ClusterNode(written)));
    }
}
