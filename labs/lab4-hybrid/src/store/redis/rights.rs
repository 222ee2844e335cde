//! What the store asks of its Redis user.

use kit::redis::Rights;

/// Every command that the store sends, itself or from a script. Checked when the server starts; the book's `ACL SETUSER`
/// line is made of it.
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
