//! Why a server refuses to start with a Redis.

use redis::RedisError;

use super::node::Unfit;

/// Why there is no connection. The URL is shown without its password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL does not parse.
    #[error("`{url}` is no Redis URL ({source}); write it as redis://127.0.0.1:6379")]
    Url {
        /// The URL without its password.
        url: String,
        /// What the client says.
        source: RedisError,
    },
    /// No server answers there.
    #[error("no Redis answers at {url} ({source}); start one there, or use `--store memory`")]
    Unreachable {
        /// The URL without its password.
        url: String,
        /// What the client says.
        source: RedisError,
    },
    /// What answers is not a Redis, or refuses the user.
    #[error("what answers at {url} does not work as Redis ({source}); check the address and the password")]
    NotRedis {
        /// The URL without its password.
        url: String,
        /// What the client says.
        source: RedisError,
    },
    /// A Redis answers that this server must not keep its state in.
    #[error("the Redis at {url} cannot be used: {unfit}")]
    Unfit {
        /// The URL without its password.
        url: String,
        /// What it is.
        unfit: Unfit,
    },
    /// The Redis user may not run all the commands that the store sends.
    #[error("the Redis user at {url} has too few rights: it lacks {missing}; grant them with `{grant}`")]
    Rights {
        /// The URL without its password.
        url: String,
        /// The missing commands and key patterns, as an ACL rule names them: `+hset`, `~auth:*`.
        missing: String,
        /// The command that grants them.
        grant: String,
    },
}
