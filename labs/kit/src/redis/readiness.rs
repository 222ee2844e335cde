//! Whether a Redis can do now what a server needs of it, with a probe for each way in which it may fail.

use std::sync::LazyLock;

use redis::{ErrorKind, RedisError, Script, ServerErrorKind};

use super::Redis;
use crate::boxed::Boxed;
use crate::not_ready::NotReady;

/// A script that declares itself a writer and writes nothing. Redis runs it exactly when it would also accept a login's
/// writes: not on a replica, not when memory or disk are full, not with too few replicas.
static MAY_I_WRITE: LazyLock<Script> = LazyLock::new(|| Script::new("#!lua\nreturn 1"));

impl Redis {
    /// Checks that Redis would accept a login's writes, and that it drops no keys.
    ///
    /// # Errors
    /// The message says what is wrong, for an operator.
    pub fn ready(&self) -> Boxed<'_, Result<(), NotReady>> {
        Box::pin(async {
            self.is_believed()?;
            self.takes_writes().await?;
            self.keeps_everything().await
        })
    }

    /// Checks that Redis is the store that the accounts know.
    fn is_believed(&self) -> Result<(), NotReady> {
        self.link.belief.problem().map_or(Ok(()), |problem| Err(not_ready(&problem)))
    }

    /// Checks that Redis answers and would accept a login's writes.
    async fn takes_writes(&self) -> Result<(), NotReady> {
        if let Some(why) = self.link.breaker.open_because() {
            return Err(not_ready(why.problem()));
        }
        let answer = self.script::<redis::Value>(&MAY_I_WRITE.prepare_invoke()).await;
        answer.map(drop).map_err(|error| not_ready(problem_of(&error)))
    }

    /// Checks that Redis never drops a key on its own: an eviction policy other than `noeviction` drops refresh tokens and
    /// makes revoked ones valid again. If the user may not send `INFO`, this passes; the operator was warned at the start.
    async fn keeps_everything(&self) -> Result<(), NotReady> {
        let memory: String = match self.query(redis::cmd("INFO").arg("memory")).await {
            Ok(memory) => memory,
            Err(error) if is_forbidden(&error) => return Ok(()),
            Err(error) => return Err(not_ready(problem_of(&error))),
        };
        let field = |name: &str| memory.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        match (field("maxmemory:"), field("maxmemory_policy:")) {
            (Some("0"), _) | (_, Some("noeviction") | None) => Ok(()),
            (_, Some(policy)) => Err(not_ready(&format!(
                "maxmemory-policy is {policy}; it must be noeviction, or credentials get lost"
            ))),
        }
    }
}

fn not_ready(problem: &str) -> NotReady {
    NotReady { part: "redis", problem: problem.into() }
}

/// Whether an error says that the user's ACL rules do not allow a command or a key.
pub(super) fn is_forbidden(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm)
}

/// A plain description for an operator; the client's own text may contain addresses.
fn problem_of(error: &RedisError) -> &'static str {
    use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, NoPerm, ReadOnly};
    match (error.kind(), error.code()) {
        (ErrorKind::Server(ReadOnly | MasterDown), _) => super::Why::Replica.problem(),
        (ErrorKind::Server(BusyLoading), _) => "is loading its data",
        (ErrorKind::Server(NoPerm), _) => "does not allow its user the commands that are needed",
        (ErrorKind::Server(ClusterDown), _) => "is a cluster that is down",
        (_, Some("OOM")) => "is full: it refuses logins, and still takes refreshes and logouts",
        (_, Some("MISCONF")) => "cannot write to its disk, and refuses writes",
        (_, Some("NOREPLICAS")) => "has too few replicas, and refuses writes",
        (_, Some("NOAUTH" | "WRONGPASS")) => "refuses the password",
        _ if error.is_timeout() => "does not answer in time",
        _ if error.is_io_error() => "cannot be reached",
        _ => "refuses commands",
    }
}
