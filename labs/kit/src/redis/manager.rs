//! Opening connections to one Redis server or to a cluster.
//!
//! The URL of a cluster is `redis+cluster://host:port,host:port`, with any of its nodes. The client then finds the others,
//! sends each command to the master of its key's slot, and **repeats a command whose connection broke**: one more reason
//! why every command that writes must be safe to repeat. Any one of the masters answers `HELLO`, `INFO` and `WAIT`, so what
//! the server learns from them (version, replicas, eviction) has to be the same on all masters.

use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, ResponsePolicy, RoutingInfo, SingleNodeRoutingInfo};
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{Client, Cmd, IntoConnectionInfo, Pipeline, RedisFuture, RedisResult, Value};

use crate::config::{CLUSTER_SCHEME, RedisTimes};
use crate::list;

/// Attempts at one command of a cluster, within its deadline: one for a slot that moved, one for a master that changed, and
/// one more.
const CLUSTER_ATTEMPTS: u32 = 3;

/// Opens connections to one server or cluster.
pub(super) enum Opener {
    Server(Box<Client>),
    Cluster(Box<ClusterClient>),
}

/// An open connection that reconnects by itself.
#[derive(Clone)]
pub(super) enum Manager {
    Server(Box<ConnectionManager>),
    Cluster(Box<ClusterConnection>),
}

impl Opener {
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    /// Parses a URL; it does not connect yet.
    pub(super) fn new(url: &str, times: RedisTimes) -> RedisResult<Self> {
        let Some(nodes) = url.strip_prefix(CLUSTER_SCHEME) else {
            let info = url.into_connection_info()?.set_tcp_settings(tcp_settings(times));
            return Ok(Self::Server(Box::new(Client::open(info)?)));
        };
        let (credentials, hosts) = match nodes.rsplit_once('@') {
            Some((credentials, hosts)) => (format!("{credentials}@"), hosts),
            None => (String::new(), nodes),
        };
        let nodes = list::entries(hosts).map(|host| format!("redis://{credentials}{host}"));
        let client = ClusterClient::builder(nodes)
            .tcp_settings(tcp_settings(times))
            .connection_timeout(times.connect)
            .response_timeout(times.response)
            .overall_response_timeout(Some(times.deadline))
            .retries(CLUSTER_ATTEMPTS)
            .min_retry_wait(10)
            .max_retry_wait(200)
            .build()?;
        Ok(Self::Cluster(Box::new(client)))
    }

    pub(super) async fn open(&self, times: RedisTimes) -> RedisResult<Manager> {
        let client = match self {
            Self::Server(client) => client,
            Self::Cluster(client) => {
                return client.get_async_connection().await.map(Box::new).map(Manager::Cluster);
            }
        };
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(times.connect))
            .set_response_timeout(Some(times.response))
            // A new attempt at least every 200 ms: the deadline limits each caller's wait, while the manager tries on for
            // the next caller.
            .set_min_delay(Duration::from_millis(10))
            .set_max_delay(Duration::from_millis(200))
            .set_number_of_retries(3);
        ConnectionManager::new_with_config(Client::clone(client), config)
            .await
            .map(Box::new)
            .map(Manager::Server)
    }
}

impl ConnectionLike for Manager {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => match routing(command) {
                None => connection.req_packed_command(command),
                Some(routing) => Box::pin(connection.route_command(command.clone(), routing)),
            },
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(connection) => connection.req_packed_commands(commands, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}

/// Where in a cluster a command without a key is sent, or `None` for the client's own choice.
fn routing(command: &Cmd) -> Option<RoutingInfo> {
    let argument = |index| match command.args_iter().nth(index) {
        Some(redis::Arg::Simple(bytes)) => bytes,
        _ => b"",
    };
    match argument(0) {
        // By itself the client would ask all masters, and combine their answers into a map or return the lowest; or it
        // would ask a replica.
        b"INFO" | b"HELLO" | b"WAIT" => Some(RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary)),
        // A script without keys asks whether a node accepts writes: all of them must.
        b"EVALSHA" if argument(2) == b"0" => {
            let all = MultipleNodeRoutingInfo::AllMasters;
            Some(RoutingInfo::MultiNode((all, Some(ResponsePolicy::AllSucceeded))))
        }
        _ => None,
    }
}

/// TCP settings: commands are small, so Nagle's algorithm is off; keepalive detects a dead peer on an idle connection, and
/// the user timeout on a busy one.
fn tcp_settings(times: RedisTimes) -> TcpSettings {
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(5)).with_interval(Duration::from_secs(1));
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(times.user_timeout);
    #[cfg(not(target_os = "linux"))]
    let _ = times;
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_known_by_its_scheme_and_any_number_of_its_nodes() {
        let open = |url: &str| Opener::new(url, RedisTimes::default());
        assert!(matches!(open("redis://127.0.0.1:1"), Ok(Opener::Server(_))));
        assert!(matches!(open("redis+cluster://127.0.0.1:1"), Ok(Opener::Cluster(_))));
        assert!(matches!(open("redis+cluster://user:word@127.0.0.1:1,127.0.0.1:2"), Ok(Opener::Cluster(_))));
        assert!(matches!(open("redis+cluster://127.0.0.1:1,\n127.0.0.1:2\n"), Ok(Opener::Cluster(_))));
        assert!(open("redis+cluster://").is_err());
    }
}
