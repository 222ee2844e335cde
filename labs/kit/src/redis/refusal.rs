//! Why a server refuses to start with a Redis.

use redis::RedisError;

use super::node::Unfit;

/// Why there is no usable connection. The messages show the URL without its password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL does not parse.
    #[error("`{url}` is not a Redis URL ({source}); write it as redis://127.0.0.1:6379")]
    Url {
        /// The URL without its password.
        url: String,
        /// The client's error.
        source: RedisError,
    },
    /// No server answers at the URL.
    #[error("no Redis answers at {url} ({source}); start one there, or use `--store memory`")]
    Unreachable {
        /// The URL without its password.
        url: String,
        /// The client's error.
        source: RedisError,
    },
    /// The server that answers is not a Redis, or refuses the user.
    #[error("the server at {url} does not work as a Redis ({source}); check the address and the password")]
    NotRedis {
        /// The URL without its password.
        url: String,
        /// The client's error.
        source: RedisError,
    },
    /// A Redis answers, but this server must not store its state in it.
    #[error("the Redis at {url} cannot be used: {unfit}")]
    Unfit {
        /// The URL without its password.
        url: String,
        /// Why the Redis cannot be used.
        unfit: Unfit,
    },
    /// The Redis user may not run all the commands that the store sends.
    #[error("the Redis user at {url} has too few rights: it lacks {missing}; grant them with `{grant}`")]
    Rights {
        /// The URL without its password.
        url: String,
        /// The missing commands and key patterns, as an ACL rule names them: `+hset`, `~auth:*`.
        missing: String,
        /// The command that grants the missing rights.
        grant: String,
    },
}
