//! The scripts, one per operation. Each begins with its flags and the prelude that they share.
//!
//! The flags decide whether Redis runs a script when its memory is full (`maxmemory`). Without them, Redis runs a
//! script whose first write frees memory and refuses one whose first write needs memory: logins would succeed, and
//! refreshes of existing sessions would fail. So the scripts that keep or end a session may run, and the one that opens
//! a session may not. Flags need Redis 7.0 or any Valkey; the server refuses an older Redis when it starts.

use redis::Script;

macro_rules! script {
    ($flags:literal, $file:literal) => {
        Script::new(concat!("#!lua", $flags, "\n", include_str!("clock.lua"), "\n", include_str!($file)))
    };
}

/// A script that opens a session: refused when memory is full.
macro_rules! opening {
    ($file:literal) => {
        script!("", $file)
    };
}

/// A script that keeps or ends a session: runs when memory is full. It needs less memory than ending the session frees.
macro_rules! keeping {
    ($file:literal) => {
        script!(" flags=allow-oom", $file)
    };
}

/// A script that only reads.
macro_rules! reading {
    ($file:literal) => {
        script!(" flags=no-writes", $file)
    };
}

/// All scripts. They are called by hash; if Redis no longer has a script, the client loads it again.
pub(super) struct Scripts {
    pub(super) issue: Script,
    pub(super) refresh: Script,
    pub(super) end: Script,
    pub(super) end_others: Script,
    pub(super) end_all: Script,
    pub(super) live: Script,
    pub(super) list: Script,
    pub(super) fence: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            issue: opening!("issue.lua"),
            refresh: keeping!("refresh.lua"),
            end: keeping!("end.lua"),
            end_others: keeping!("end_others.lua"),
            end_all: keeping!("end_all.lua"),
            live: reading!("live.lua"),
            list: reading!("list.lua"),
            // Without the prelude: it is sent together with `WAIT`, and the caller waits for both.
            fence: Script::new(concat!("#!lua flags=allow-oom\n", include_str!("fence.lua"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rights::RIGHTS;

    #[test]
    fn the_list_of_rights_names_every_command_that_a_script_calls() {
        let scripts = [
            include_str!("clock.lua"),
            include_str!("issue.lua"),
            include_str!("refresh.lua"),
            include_str!("end.lua"),
            include_str!("end_others.lua"),
            include_str!("end_all.lua"),
            include_str!("live.lua"),
            include_str!("list.lua"),
            include_str!("fence.lua"),
        ];
        let listed =
            |name: &str| RIGHTS.commands.iter().any(|command| command.split(' ').next() == Some(name));
        for script in scripts {
            for call in script.split("redis.call('").skip(1) {
                let name = call.split('\'').next().unwrap();
                assert!(listed(name), "{name} is in no list of rights");
            }
        }
        assert!(!listed("KEYS"));
    }
}
