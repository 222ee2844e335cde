//! The registry: the one list of all designs.

use std::fmt;
use std::ops::Deref;

use axum::Router;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use kit::design::{Design as Described, Role};
use kit::{Clock, Config, Origins, StartError};

/// Every design, the baseline first. A new lab adds its line here.
pub const DESIGNS: &[Design] = &[NONE, SESSION, ACCESS, HYBRID];

/// The baseline.
const NONE: Design = Design(&kit::none::DESIGN);
/// The design that asks the store at every request.
pub const SESSION: Design = Design(&lab2_session::DESIGN);
/// The design whose logout does not end a credential.
pub const ACCESS: Design = Design(&lab3_access::DESIGN);
/// The design with everything that an outage can break: a store, a rotation, and tokens that outlive both.
pub const HYBRID: Design = Design(&lab4_hybrid::DESIGN);

/// A design of the registry. It dereferences to the lab's description.
///
/// ```
/// use harness::design::{DESIGNS, Design};
///
/// let hybrid = Design::named("hybrid").ok_or("no such design")?;
/// assert!(!hybrid.is_baseline());
/// assert!(Design::named("basic").is_none());
///
/// // A command computes its list of designs from the registry.
/// let names: Vec<&str> = DESIGNS.iter().map(|design| design.name).collect();
/// assert_eq!(names[0], "none");
/// assert_eq!(Design::compared().count(), DESIGNS.len() - 1);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Design(&'static Described);

impl Design {
    /// The designs in which users log in: all but the baseline.
    pub fn compared() -> impl Iterator<Item = Self> + Clone {
        DESIGNS.iter().copied().filter(|design| !design.is_baseline())
    }

    /// The lab's description of the design.
    pub fn description(self) -> &'static Described {
        self.0
    }

    /// The design with this name.
    pub fn named(name: &str) -> Option<Self> {
        DESIGNS.iter().copied().find(|design| design.name == name)
    }

    /// The design that has this role in a report's argument.
    pub fn in_role(role: Role) -> Option<Self> {
        DESIGNS.iter().copied().find(|design| design.variants.iter().any(|variant| variant.role == role))
    }

    /// Builds the design's whole server, ready to be served.
    ///
    /// # Errors
    /// Its store or the accounts cannot be opened.
    pub async fn router(self, config: &Config, clock: Clock, origins: Origins) -> Result<Router, StartError> {
        (self.0.router)(config.clone(), clock, origins).await
    }
}

impl Deref for Design {
    type Target = Described;

    fn deref(&self) -> &Described {
        self.0
    }
}

impl PartialEq for Design {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Design {}

impl ValueEnum for Design {
    fn value_variants<'a>() -> &'a [Self] {
        DESIGNS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.words.summary.en))
    }
}

impl fmt::Display for Design {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_of_designs_and_of_variants_are_given_once() {
        let names: BTreeSet<_> = DESIGNS.iter().map(|design| design.name).collect();
        assert_eq!(names.len(), DESIGNS.len());
        let variants: Vec<_> =
            DESIGNS.iter().flat_map(|design| design.variants).map(|variant| variant.name).collect();
        assert_eq!(variants.iter().collect::<BTreeSet<_>>().len(), variants.len(), "{variants:?}");
    }

    #[test]
    fn every_design_is_measured_and_its_variants_bear_its_name() {
        for design in DESIGNS {
            assert!(!design.variants.is_empty(), "{design} is not measured");
            for variant in design.variants {
                assert!(variant.name.starts_with(design.name), "{} is a variant of {design}", variant.name);
            }
        }
    }

    #[test]
    fn each_role_in_a_report_is_that_of_one_variant() {
        for role in [Role::LookUp, Role::Signed, Role::SignedAndRefreshed, Role::SignedAndLookedUp] {
            let variants = DESIGNS.iter().flat_map(|design| design.variants);
            let names: Vec<_> =
                variants.filter(|variant| variant.role == role).map(|variant| variant.name).collect();
            assert_eq!(names.len(), 1, "{role:?}: {names:?}");
        }
    }

    #[test]
    fn the_baseline_comes_first_and_is_the_only_one() {
        let baselines: Vec<_> = DESIGNS.iter().map(|design| design.is_baseline()).collect();
        assert!(baselines[0]);
        assert_eq!(baselines.iter().filter(|is_baseline| **is_baseline).count(), 1);
    }
}
