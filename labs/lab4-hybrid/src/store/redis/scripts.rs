//! The scripts, one per operation, each behind its flags and the prelude that they all share.
//!
//! The flags say what Redis does with a script when its memory is full (`maxmemory`). Without them, it lets a script pass
//! whose first write frees memory and refuses one whose first write needs some: logins would go through and lock out the
//! people who refresh. So the scripts that keep a session or end one are allowed, and the one that opens one is not.
//! Flags need Redis 7.0, or any Valkey; an older one is refused at the start.

use redis::Script;

macro_rules! script {
    ($flags:literal, $file:literal) => {
        Script::new(concat!("#!lua", $flags, "\n", include_str!("clock.lua"), "\n", include_str!($file)))
    };
}

/// Opens a session: refused when memory is full.
macro_rules! opening {
    ($file:literal) => {
        script!("", $file)
    };
}

/// Keeps a session or ends one: allowed when memory is full. It needs less than the ending of it frees.
macro_rules! keeping {
    ($file:literal) => {
        script!(" flags=allow-oom", $file)
    };
}

/// Writes nothing.
macro_rules! reading {
    ($file:literal) => {
        script!(" flags=no-writes", $file)
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
            // No prelude: it is sent together with `WAIT`, whose caller waits for both.
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
