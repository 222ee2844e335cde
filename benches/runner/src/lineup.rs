//! The servers to measure: each design in a process of its own, and servers at URLs.

use harness::Failure;
use harness::client::{Client, Credential};
use harness::design::{DESIGNS, Design};
use harness::server::Server;
use kit::Store;
use kit::design::{self, Asks, Credential as Issues, Part, StoreKind, Variant};
use measure::load::{Reach, Target};
use measure::report::{Report, Role, Skipped, Subject};
use measure::rounds::Design as Measured;

use super::Bench;
use super::arguments::BenchArguments;
use super::commands::Commands;
use super::url::{self, Guest};

/// A design in one of its variants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) design: Design,
    pub(crate) variant: &'static Variant,
}

/// Settings for a long access token lifetime. One login serves the whole run, which takes longer than an access token
/// usually lives. The lifetime does not change the cost of a check.
const LONG_LIVED: (&str, &str) = ("AUTHLAB_ACCESS_TTL", "7200");

/// Every design in each of its variants, the baseline first.
pub(crate) fn entries() -> impl Iterator<Item = Entry> {
    let of = |design: &'static Design| {
        design.variants.iter().map(move |variant| Entry { design: *design, variant })
    };
    DESIGNS.iter().flat_map(of)
}

/// The names of all variants.
pub(crate) fn names() -> Vec<&'static str> {
    entries().map(|entry| entry.variant.name).collect()
}

/// The name of the variant with this role. A test of the registry makes sure that each role is assigned once.
pub(crate) fn name_of(role: design::Role) -> &'static str {
    entries().find(|entry| entry.variant.role == role).map_or("", |entry| entry.variant.name)
}

/// The names of the variants that a part of the report measures.
pub(crate) fn measured_in(part: Part) -> Vec<&'static str> {
    entries().filter(|entry| entry.variant.parts.contains(&part)).map(|entry| entry.variant.name).collect()
}

/// The servers, ready to be put under load.
pub(crate) struct Lineup {
    /// The servers of this project.
    pub(crate) entered: Vec<Entered>,
    /// All servers, as the rounds measure them.
    pub(crate) measured: Vec<Measured>,
    /// The counters of the Redis, if there is one.
    pub(crate) commands: Option<Commands>,
    /// The accounts that were created on servers at URLs.
    guests: Vec<Guest>,
}

/// A running server of this project.
pub(crate) struct Entered {
    pub(crate) entry: Entry,
    _server: Server,
}

impl Entry {
    /// The store that the server is started with. A design that needs no store for `/me` gets the best available one for
    /// logins.
    pub(crate) fn store(&self, bench: &Bench) -> Option<Store> {
        match (self.variant.asks, bench.store.url()) {
            (Asks::Memory, _) => Some(Store::Memory),
            (Asks::Redis, None) => None,
            (Asks::Nothing | Asks::Redis, _) => Some(bench.store.as_config()),
        }
    }

    /// Starts the server, with `more` settings in addition to those of its variant.
    pub(crate) async fn start(&self, store: &Store, more: &[(&str, &str)]) -> Result<Server, Failure> {
        let settings = [self.variant.settings, more].concat();
        Server::start_with(self.design, store, &["--accounts", "memory"], &settings).await
    }
}

impl Lineup {
    /// Starts all requested servers and adds them to the report.
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
            // The figure is the same for both hybrids, and 0 for a design that stores nothing there.
            if entry.design.stores.contains(&StoreKind::Redis) && *store != Store::Memory {
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

    /// Deletes the accounts that were created on servers at URLs.
    pub(crate) async fn leave(self) {
        for guest in self.guests {
            guest.leave().await;
        }
    }

    /// The server of this project with this name.
    pub(crate) fn entered(&self, name: &str) -> Option<&Entered> {
        self.entered.iter().find(|entered| entered.entry.variant.name == name)
    }

    /// The server of this project whose variant has this role.
    pub(crate) fn in_role(&self, role: design::Role) -> Option<&Entered> {
        self.entered.iter().find(|entered| entered.entry.variant.role == role)
    }

    /// The measured servers with one of these names.
    pub(crate) fn named(&self, names: &[&str]) -> Vec<Measured> {
        self.measured.iter().filter(|measured| names.contains(&measured.name.as_str())).cloned().collect()
    }
}

/// A request for `/me` with this credential, to a server on this machine.
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

/// The requested variants; without a request, all, or all that a target is about. The baseline is always included,
/// because every ratio needs it.
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
