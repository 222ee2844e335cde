//! The variants of the designs, as `bench` measures them.

use harness::Failure;
use harness::design::{DESIGNS, Design};
use harness::server::Server;
use harness::store::Ready;
use kit::Store;
use kit::design::{Asks, Part, Role, Variant};

/// A design in one of its variants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) design: Design,
    pub(crate) variant: &'static Variant,
}

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
pub(crate) fn name_of(role: Role) -> &'static str {
    entries().find(|entry| entry.variant.role == role).map_or("", |entry| entry.variant.name)
}

/// The names of the variants that a part of the report measures.
pub(crate) fn measured_in(part: Part) -> Vec<&'static str> {
    entries().filter(|entry| entry.variant.parts.contains(&part)).map(|entry| entry.variant.name).collect()
}

impl Entry {
    /// The store that the server is started with. A design that needs no store for `/me` gets the best available one for
    /// logins.
    pub(crate) fn store(&self, found: &Ready) -> Option<Store> {
        match (self.variant.asks, found.url()) {
            (Asks::Memory, _) => Some(Store::Memory),
            (Asks::Redis, None) => None,
            (Asks::Nothing | Asks::Redis, _) => Some(found.as_config()),
        }
    }

    /// Starts the server, with `more` settings in addition to those of its variant. Its accounts are in a file, as in
    /// production: an exchange of a refresh token reads its account.
    pub(crate) async fn start(&self, store: &Store, more: &[(&str, &str)]) -> Result<Server, Failure> {
        let settings = [self.variant.settings, more].concat();
        Server::start_with_accounts_in_a_file(self.design, store, &settings).await
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
