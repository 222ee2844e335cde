//! The servers to measure: each design in a process of its own, and servers at URLs.

use harness::Failure;
use harness::client::{Client, Held, header_bytes};
use harness::server::Server;
use kit::Store;
use kit::design::{self, Asks, Credential as Issues, StoreKind};
use measure::figures::{BASELINE, CONTROL};
use measure::load::{Reach, Target};
use measure::report::{Role, Subject};
use measure::rounds::Design as Measured;

use super::commands::Commands;
use super::context::{Bench, NO_REDIS};
use super::entry::Entry;
use super::found::Found;
use super::guest::Guest;
use super::url::Reached;

/// Settings for a long access token lifetime. One login serves the whole run, which takes longer than an access token
/// usually lives. The lifetime does not change the cost of a check.
const LONG_LIVED: (&str, &str) = ("AUTHLAB_ACCESS_TTL", "7200");

/// The servers, ready to be put under load.
#[derive(Default)]
pub(crate) struct Lineup {
    /// The servers of this project.
    pub(crate) entered: Vec<Entered>,
    /// All servers, as the rounds measure them.
    pub(crate) measured: Vec<Measured>,
    /// The same servers, as the report describes them.
    pub(crate) subjects: Vec<Subject>,
    /// The counters of the Redis, if there is one.
    pub(crate) commands: Option<Commands>,
    /// The accounts that were created on servers at URLs.
    guests: Vec<Guest>,
    /// A second server of the baseline, for the A/A control.
    control: Option<(Server, Measured)>,
}

/// A running server of this project.
pub(crate) struct Entered {
    pub(crate) entry: Entry,
    server: Server,
    held: Held,
}

impl Lineup {
    /// Starts all requested servers, until Ctrl-C.
    pub(crate) async fn start(bench: &Bench, entries: &[Entry], servers: Vec<Reached>) -> Found<Self> {
        Found::by(async |found: &mut Found<Self>| {
            if let Some(url) = bench.store.url() {
                let Some(commands) = bench.stop.unless_told(Commands::of(url)).await else { return Ok(()) };
                found.value.commands = Some(commands?);
            }
            for entry in entries.iter().copied() {
                bench.timeline.stage(&format!("{}: starting its server", entry.variant.name));
                let Some(store) = entry.store(&bench.store) else {
                    found.skip(entry.variant.name, NO_REDIS);
                    continue;
                };
                match bench.stop.unless_told(found.value.enter(bench, entry, &store)).await {
                    Some(entered) => entered?,
                    None => return Ok(()),
                }
                if entry.design.is_baseline() {
                    match bench.stop.unless_told(found.value.enter_control(entry, &store)).await {
                        Some(entered) => entered?,
                        None => return Ok(()),
                    }
                }
            }
            for server in servers {
                bench.timeline.stage(&server.stage());
                let measured = bench.stop.unless_told(server.measured()).await;
                let Some(measured) = measured else { return Ok(()) };
                let (measured, subject, guest) = measured?;
                found.value.guests.extend(guest);
                found.value.measured.push(measured);
                found.value.subjects.push(subject);
            }
            Ok(())
        })
        .await
    }

    async fn enter(&mut self, bench: &Bench, entry: Entry, store: &Store) -> Result<(), Failure> {
        let server = entry.start(store, &[LONG_LIVED]).await?;
        let client = Client::of(&server)?;
        let held = client.sign_up_and_log_in().await?;
        let target = target(&server.url, &held)?;
        let mut subject = Subject {
            name: entry.variant.name.to_owned(),
            what: entry.variant.what.to_owned(),
            role: role(entry.variant.role),
            refreshes: entry.design.credential == Issues::BearerAndRefresh,
            store: store_name(entry.variant.asks).to_owned(),
            credential_bytes: held.credential().map(|(name, value)| header_bytes(name, &value)),
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
        self.subjects.push(subject);
        self.entered.push(Entered { entry, server, held });
        Ok(())
    }

    /// Starts another server of the baseline, in the same way.
    async fn enter_control(&mut self, entry: Entry, store: &Store) -> Result<(), Failure> {
        let server = entry.start(store, &[LONG_LIVED]).await?;
        let held = Client::of(&server)?.sign_up_and_log_in().await?;
        let of_baseline = self.measured.last().ok_or_else(|| Failure::new("the baseline was not started"))?;
        let measured = Measured {
            name: CONTROL.to_owned(),
            target: target(&server.url, &held)?,
            pid: Some(server.pid),
            ..of_baseline.clone()
        };
        self.control = Some((server, measured));
        Ok(())
    }

    /// The second server of the baseline, for comparisons with an A/A control.
    pub(crate) fn control(&self) -> Option<Measured> {
        self.control.as_ref().map(|(_, measured)| measured.clone())
    }

    /// Deletes the accounts that were created on servers at URLs.
    pub(crate) async fn leave(self) {
        for guest in self.guests {
            guest.leave().await;
        }
    }

    /// The description of the server with this name.
    pub(crate) fn subject(&self, name: &str) -> Option<&Subject> {
        self.subjects.iter().find(|subject| subject.name == name)
    }

    /// The server of this project with this name.
    pub(crate) fn entered(&self, name: &str) -> Option<&Entered> {
        self.entered.iter().find(|entered| entered.entry.variant.name == name)
    }

    /// The server of this project whose variant has this role.
    pub(crate) fn in_role(&self, role: design::Role) -> Option<&Entered> {
        self.entered.iter().find(|entered| entered.entry.variant.role == role)
    }

    /// The baseline, sent the header that the server with this role is sent: a longer header costs CPU time by itself.
    pub(crate) fn baseline_with_header_of(
        &self,
        role: design::Role,
        name: &str,
    ) -> Result<Option<Measured>, Failure> {
        let baseline = self.entered.iter().find(|entered| entered.entry.design.is_baseline());
        let measured = self.measured.iter().find(|measured| measured.name == BASELINE);
        let (Some(baseline), Some(measured), Some(of)) = (baseline, measured, self.in_role(role)) else {
            return Ok(None);
        };
        let target = target(&baseline.server.url, &of.held)?;
        Ok(Some(Measured { name: name.to_owned(), target, ..measured.clone() }))
    }

    /// The measured servers with one of these names.
    pub(crate) fn named(&self, names: &[&str]) -> Vec<Measured> {
        self.measured.iter().filter(|measured| names.contains(&measured.name.as_str())).cloned().collect()
    }
}

/// A request for `/me` with this credential, to a server on this machine.
pub(crate) fn target(url: &str, held: &Held) -> Result<Target, Failure> {
    let (name, value) = held.header();
    Ok(Target::get(url, "/me", Reach::LoopbackOnly)?.header(name, &value)?)
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
