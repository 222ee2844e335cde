//! Who is measured: each design as a process of its own, and whatever serves at a URL.

use harness::Failure;
use harness::client::{Client, Credential};
use harness::design::{DESIGNS, Design};
use harness::server::Server;
use kit::Store;
use kit::design::{self, Asks, Credential as Issues, Part, Variant};
use measure::load::{Reach, Target};
use measure::report::{Report, Role, Skipped, Subject};
use measure::rounds::Design as Measured;

use super::Bench;
use super::arguments::BenchArguments;
use super::commands::Commands;
use super::url::{self, Guest};

/// A design as it is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) design: Design,
    pub(crate) variant: &'static Variant,
}

/// One log-in serves the whole run, which is longer than an access token usually lives. To check one costs the same however
/// long it is good for.
const LONG_LIVED: (&str, &str) = ("AUTHLAB_ACCESS_TTL", "7200");

/// Every design in each of its variants, the baseline first.
pub(crate) fn entries() -> impl Iterator<Item = Entry> {
    let of = |design: &'static Design| {
        design.variants.iter().map(move |variant| Entry { design: *design, variant })
    };
    DESIGNS.iter().flat_map(of)
}

/// Their names.
pub(crate) fn names() -> Vec<&'static str> {
    entries().map(|entry| entry.variant.name).collect()
}

/// The name of the variant that has this role. A test of the registry holds that each role is given to one.
pub(crate) fn name_of(role: design::Role) -> &'static str {
    entries().find(|entry| entry.variant.role == role).map_or("", |entry| entry.variant.name)
}

/// The names of those that a part of the report is about.
pub(crate) fn measured_in(part: Part) -> Vec<&'static str> {
    entries().filter(|entry| entry.variant.parts.contains(&part)).map(|entry| entry.variant.name).collect()
}

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
        match (self.variant.asks, bench.store.url()) {
            (Asks::Memory, _) => Some(Store::Memory),
            (Asks::Redis, None) => None,
            (Asks::Nothing | Asks::Redis, _) => Some(bench.store.as_config()),
        }
    }

    /// Its server, with more settings than its own.
    pub(crate) async fn start(&self, store: &Store, more: &[(&str, &str)]) -> Result<Server, Failure> {
        let settings = [self.variant.settings, more].concat();
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
            bench.timeline.stage(&format!("{}: starting its server", entry.variant.name));
            let Some(store) = entry.store(bench) else {
                let why = "It needs a Redis; `cargo lab doctor` says how to get one.";
                report.skipped.push(Skipped { what: entry.variant.name.to_owned(), why: why.to_owned() });
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
            name: entry.variant.name.to_owned(),
            what: entry.variant.what.to_owned(),
            role: role(entry.variant.role),
            refreshes: entry.design.credential == Issues::BearerAndRefresh,
            store: store_name(entry.variant.asks).to_owned(),
            credential_bytes: (!entry.design.is_baseline()).then(|| credential.header_bytes()),
            store_per_request: None,
            stored_bytes_per_session: None,
            resident_bytes: None,
        };
        if let Some(commands) = &self.commands {
            subject.store_per_request = Some(commands.per_request(&target).await?);
            // The same for both hybrids, and nothing for a design that keeps nothing there.
            if entry.design.has_sessions() && *store != Store::Memory {
                subject.stored_bytes_per_session =
                    commands.stored_per_session(bench.plan.log_ins, &client).await?;
            }
        }
        self.measured.push(Measured {
            name: entry.variant.name.to_owned(),
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
        self.entered.iter().find(|entered| entered.entry.variant.name == name)
    }

    /// The one of ours that has this role.
    pub(crate) fn in_role(&self, role: design::Role) -> Option<&Entered> {
        self.entered.iter().find(|entered| entered.entry.variant.role == role)
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

fn role(role: design::Role) -> Role {
    match role {
        design::Role::Other => Role::Other,
        design::Role::LookUp => Role::LookUp,
        design::Role::Signed => Role::Signed,
        design::Role::SignedAndRefreshed => Role::SignedAndRefreshed,
        design::Role::SignedAndLookedUp => Role::SignedAndLookedUp,
    }
}

fn store_name(asks: Asks) -> &'static str {
    match asks {
        Asks::Nothing => "none",
        Asks::Memory => "memory",
        Asks::Redis => "redis",
    }
}

/// Those that were asked for; without a choice all, or all that a target is about. The baseline is always among them: without
/// it nothing is a ratio.
pub(crate) fn chosen(asked: &[String], for_targets: bool) -> Vec<Entry> {
    let is_asked = |entry: &Entry| match asked {
        [] => !for_targets || entry.variant.parts.contains(&Part::Targets),
        asked => asked.iter().any(|name| name == entry.variant.name),
    };
    entries().filter(|entry| entry.design.is_baseline() || is_asked(entry)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline_is_always_measured() {
        let chosen = |asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
            chosen(&asked, false).iter().map(|entry| entry.variant.name).collect::<Vec<_>>()
        };
        assert_eq!(chosen(&[]), names());
        assert_eq!(chosen(&["hybrid"]), ["none", "hybrid"]);
    }
}
