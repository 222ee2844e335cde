//! The rights that the store needs of its Redis user.

use kit::redis::Rights;

/// Every command that the store sends, directly or from a script. The server checks them when it starts, and the
/// `ACL SETUSER` line in the book is computed from them.
pub const RIGHTS: Rights = Rights {
    keys: "auth:*",
    key: "auth:{rights}:none",
    commands: &[
        "TIME",
        "WAIT 0 1",
        "EXISTS KEY",
        "GET KEY",
        "SET KEY x NONSENSE",
        "DEL KEY",
        "UNLINK KEY",
        "PTTL KEY",
        "PEXPIRE KEY nonsense",
        "HMGET KEY field",
        "HSET KEY field value nonsense",
        "ZADD KEY nonsense member",
        "ZCARD KEY",
        "ZSCORE KEY member",
        "ZRANGE KEY 0 -1",
        "ZRANGEBYSCORE KEY 0 1",
        "ZREM KEY member",
        "ZREMRANGEBYRANK KEY 0 0",
        "ZREMRANGEBYSCORE KEY 0 0",
    ],
};
