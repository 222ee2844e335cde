//! Who is measured: each design as a process of its own, and whatever serves at a URL.

use harness::Failure;
use harness::client::{Client, Credential};
use harness::design::Design;
use harness::server::Server;
use kit::Store;
use measure::load::{Reach, Target};
use measure::report::{Report, Skipped, Subject};
use measure::rounds::Design as Measured;

use super::Bench;
use super::arguments::BenchArguments;
use super::commands::Commands;
use super::url::{self, Guest};

/// Where a design keeps its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere that `/me` would ask.
    Anywhere,
    Memory,
    Redis,
}

/// A design as it is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    what: &'static str,
    pub(crate) design: Design,
    pub(crate) place: Place,
    pub(crate) settings: &'static [(&'static str, &'static str)],
}

/// Every request asks whether its session was ended.
const LIVE_CHECK: &[(&str, &str)] = &[("AUTHLAB_LIVE_CHECK", "on")];
/// One log-in serves the whole run, which is longer than an access token usually lives. To check one costs the same however
/// long it is good for.
const LONG_LIVED: (&str, &str) = ("AUTHLAB_ACCESS_TTL", "7200");

/// All of them, the baseline first.
pub(crate) const ENTRIES: [Entry; 6] = [
    Entry {
        name: "none",
        what: "the same route on the same kit, and nobody is asked who they are",
        design: Design::None,
        place: Place::Anywhere,
        settings: &[],
    },
    Entry {
        name: "session-memory",
        what: "a cookie, and its session in the server's own memory: fast, and one server's alone",
        design: Design::Session,
        place: Place::Memory,
        settings: &[],
    },
    Entry {
        name: "session-redis",
        what: "a cookie, and its session read from Redis at each request",
        design: Design::Session,
        place: Place::Redis,
        settings: &[],
    },
    Entry {
        name: "access",
        what: "a signed access token (HS256) and nothing behind it, checked by a library",
        design: Design::Access,
        place: Place::Anywhere,
        settings: &[],
    },
    Entry {
        name: "hybrid",
        what: "a short access token, checked by code of our own without asking anybody; a refresh token behind it",
        design: Design::Hybrid,
        place: Place::Anywhere,
        settings: &[],
    },
    Entry {
        name: "hybrid+denylist",
        what: "the same, and each request reads in Redis whether the session was ended",
        design: Design::Hybrid,
        place: Place::Redis,
        settings: LIVE_CHECK,
    },
];

/// Their names.
pub(crate) const NAMES: [&str; 6] =
    [ENTRIES[0].name, ENTRIES[1].name, ENTRIES[2].name, ENTRIES[3].name, ENTRIES[4].name, ENTRIES[5].name];

/// The servers, ready to be put under load.
pub(crate) struct Lineup {
    /// Those of this project.
    pub(crate) entered: Vec<Entered>,
    /// All of them as the rounds take them.
    pub(crate) measured: Vec<Measured>,
    /// The counters of the Redis, where there is one.
    pub(crate) commands: Option<Commands>,
    /// The accounts that were created on other people's servers.
    guests: Vec<Guest>,
}

/// One of ours.
pub(crate) struct Entered {
    pub(crate) entry: Entry,
    _server: Server,
}

impl Entry {
    /// The store that its server is given. A design that asks none on `/me` has the best that there is for its log-ins.
    pub(crate) fn store(&self, bench: &Bench) -> Option<Store> {
        match (self.place, bench.store.url()) {
            (Place::Memory, _) => Some(Store::Memory),
            (Place::Redis, None) => None,
            (Place::Anywhere | Place::Redis, _) => Some(bench.store.as_config()),
        }
    }

    /// Its server, with more settings than its own.
    pub(crate) async fn start(&self, store: &Store, more: &[(&str, &str)]) -> Result<Server, Failure> {
        let settings = [self.settings, more].concat();
        Server::start_with(self.design, store, &["--accounts", "memory"], &settings).await
    }
}

impl Lineup {
    /// Starts everybody who was asked for, and tells the report who that is.
    pub(crate) async fn start(
        bench: &Bench,
        arguments: &BenchArguments,
        entries: &[Entry],
        report: &mut Report,
    ) -> Result<Self, Failure> {
        let commands = match bench.store.url() {
            Some(url) => Some(Commands::of(url).await?),
            None => None,
        };
        let mut lineup = Self { entered: Vec::new(), measured: Vec::new(), commands, guests: Vec::new() };
        for entry in entries.iter().copied() {
            bench.timeline.stage(&format!("{}: starting its server", entry.name));
            let Some(store) = entry.store(bench) else {
                let why = "It needs a Redis; `cargo lab doctor` says how to get one.";
                report.skipped.push(Skipped { what: entry.name.to_owned(), why: why.to_owned() });
                continue;
            };
            lineup.enter(bench, entry, &store, report).await?;
        }
        for address in &arguments.url {
            bench.timeline.stage(&format!("{address}: logging in"));
            let (measured, subject, guest) = match url::measured(address, arguments).await {
                Ok(ready) => ready,
                Err(fault) => {
                    lineup.leave().await;
                    return Err(fault);
                }
            };
            lineup.guests.extend(guest);
            lineup.measured.push(measured);
            report.subjects.push(subject);
        }
        Ok(lineup)
    }

    async fn enter(
        &mut self,
        bench: &Bench,
        entry: Entry,
        store: &Store,
        report: &mut Report,
    ) -> Result<(), Failure> {
        let server = entry.start(store, &[LONG_LIVED]).await?;
        let client = Client::of(&server)?;
        let credential = client.sign_up_and_log_in().await?;
        let target = target(&server.url, &credential)?;
        let mut subject = Subject {
            name: entry.name.to_owned(),
            what: entry.what.to_owned(),
            store: store_name(entry.place).to_owned(),
            credential_bytes: (entry.design != Design::None).then(|| credential.header_bytes()),
            store_per_request: None,
            stored_bytes_per_session: None,
            resident_bytes: None,
        };
        if let Some(commands) = &self.commands {
            subject.store_per_request = Some(commands.per_request(&target).await?);
            // The same for both hybrids, and nothing for a design that keeps nothing there.
            if !matches!(entry.design, Design::None | Design::Access) && *store != Store::Memory {
                subject.stored_bytes_per_session =
                    commands.stored_per_session(bench.plan.log_ins, &client).await?;
            }
        }
        self.measured.push(Measured {
            name: entry.name.to_owned(),
            target,
            pid: Some(server.pid),
            store_pid: bench.store.pid(),
            store_counter: self.commands.as_ref().map(Commands::counter),
        });
        report.subjects.push(subject);
        self.entered.push(Entered { entry, _server: server });
        Ok(())
    }

    /// Deletes the accounts that were created on other people's servers.
    pub(crate) async fn leave(self) {
        for guest in self.guests {
            guest.leave().await;
        }
    }

    /// One of ours.
    pub(crate) fn entered(&self, name: &str) -> Option<&Entered> {
        self.entered.iter().find(|entered| entered.entry.name == name)
    }

    /// Those of these names that are there.
    pub(crate) fn named(&self, names: &[&str]) -> Vec<Measured> {
        self.measured.iter().filter(|measured| names.contains(&measured.name.as_str())).cloned().collect()
    }
}

/// `/me` with this credential, on a server of ours.
pub(crate) fn target(url: &str, credential: &Credential) -> Result<Target, Failure> {
    let (name, value) = &credential.header;
    Ok(Target::get(url, "/me", Reach::LoopbackOnly)?.header(name, value.to_str()?)?)
}

fn store_name(place: Place) -> &'static str {
    match place {
        Place::Anywhere => "none",
        Place::Memory => "memory",
        Place::Redis => "redis",
    }
}

/// Those that were asked for; without a choice all, or all that a target is about. The baseline is always among them: without
/// it nothing is a ratio.
pub(crate) fn chosen(names: &[String], for_targets: bool) -> Result<Vec<Entry>, Failure> {
    if let Some(unknown) = names.iter().find(|name| !NAMES.contains(&name.as_str())) {
        return Err(Failure::new(format!(
            "there is no design `{unknown}`; the designs are {}",
            NAMES.join(", ")
        )));
    }
    let is_asked = |entry: &Entry| match names {
        [] => !for_targets || super::targets::DESIGNS.contains(&entry.name),
        names => names.iter().any(|name| name == entry.name),
    };
    Ok(ENTRIES.into_iter().filter(|entry| entry.name == NAMES[0] || is_asked(entry)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline_is_always_measured_and_an_unknown_design_is_told_with_those_that_are_known() {
        let names = |asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
            chosen(&asked, false).map(|entries| entries.iter().map(|entry| entry.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).unwrap(), NAMES);
        assert_eq!(names(&["hybrid"]).unwrap(), ["none", "hybrid"]);
        let sentence = names(&["basic"]).unwrap_err().to_string();
        assert!(
            sentence.starts_with("there is no design `basic`; the designs are none, session-memory,"),
            "{sentence}"
        );
    }
}
