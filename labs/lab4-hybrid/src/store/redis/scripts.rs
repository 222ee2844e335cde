//! The scripts, one per operation, each behind the prelude that they all share.

use redis::Script;

macro_rules! script {
    ($file:literal) => {
        Script::new(concat!(include_str!("clock.lua"), "\n", include_str!($file)))
    };
}

/// All of them. Redis is asked by hash; one that has forgotten a script is taught it again by the client.
pub(super) struct Scripts {
    pub(super) issue: Script,
    pub(super) refresh: Script,
    pub(super) end: Script,
    pub(super) end_others: Script,
    pub(super) end_all: Script,
    pub(super) live: Script,
    pub(super) list: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            issue: script!("issue.lua"),
            refresh: script!("refresh.lua"),
            end: script!("end.lua"),
            end_others: script!("end_others.lua"),
            end_all: script!("end_all.lua"),
            live: script!("live.lua"),
            list: script!("list.lua"),
        }
    }
}
