//! A check: a rule or an attack, with what it needs and what to read.

use std::{future::Future, pin::Pin};

use crate::{
    descriptor::{Descriptor, Feature},
    outcome::Verdict,
    stage::{ClockInReach, Stage},
};

/// One rule that a server must follow, or one attack that it must prevent.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// The stable name, `topic.what-holds`, which progress files, lessons and reports refer to.
    pub id: &'static str,
    /// The rule in one sentence.
    pub title: &'static str,
    /// Features that the server must all claim for the check to apply.
    pub needs: &'static [Feature],
    /// Features of which the server must claim at least one; an empty list is no condition.
    pub needs_any: &'static [Feature],
    /// Features whose claim makes the check meaningless, such as a documented weakness that they remove.
    pub unless: &'static [Feature],
    /// Whether the check moves the server's clock: such checks run alone and last.
    pub moves_time: bool,
    /// Whether the check acts as an attacker.
    pub attack: bool,
    /// Whether the check passes when the attack succeeds: a weakness that the design documents.
    pub weakness: bool,
    /// What an attacker gains, or what breaks, when the check fails.
    pub gains: &'static str,
    /// What to read: the section of a standard or an OWASP page.
    pub read: &'static str,
    pub(crate) run: Run,
}

pub(crate) type Run = for<'a> fn(&'a Stage) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// A rule without conditions, to be completed by the tables in `checks/`.
pub(crate) const RULE: Check = Check {
    id: "",
    title: "",
    needs: &[],
    needs_any: &[],
    unless: &[],
    moves_time: false,
    attack: false,
    weakness: false,
    gains: "",
    read: "",
    run: |_| Box::pin(async { Ok(()) }),
};

/// Like [`RULE`], for an attack.
pub(crate) const ATTACK: Check = Check { attack: true, ..RULE };

/// Like [`RULE`], for a check that moves the server's clock.
pub(crate) const TIMED_RULE: Check = Check { moves_time: true, ..RULE };

/// Like [`ATTACK`], for a check that moves the server's clock.
pub(crate) const TIMED_ATTACK: Check = Check { moves_time: true, ..ATTACK };

impl Check {
    /// The part of the id before the dot.
    pub fn topic(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(topic, _)| topic)
    }

    /// The reason why the check does not apply to a server with this descriptor and clock; `None` if it applies.
    pub(crate) fn does_not_apply(&self, to: &Descriptor, clock: ClockInReach) -> Option<String> {
        if let Some(missing) = self.needs.iter().find(|feature| !to.claims(**feature)) {
            return Some(format!("`{missing}` is not claimed"));
        }
        if !self.needs_any.is_empty() && !self.needs_any.iter().any(|feature| to.claims(*feature)) {
            let names: Vec<_> = self.needs_any.iter().map(|feature| format!("`{feature}`")).collect();
            return Some(format!("none of {} is claimed", names.join(", ")));
        }
        if let Some(claimed) = self.unless.iter().find(|feature| to.claims(**feature)) {
            return Some(format!("`{claimed}` is claimed, so this check does not apply"));
        }
        match clock {
            ClockInReach::NotAnnounced if self.moves_time => {
                Some("the server's clock cannot be moved (it has no lab controls)".to_owned())
            }
            ClockInReach::Refused(status) if self.moves_time => Some(format!(
                "the server's clock cannot be moved (the server announces lab controls, but GET /lab/clock returns {status}, as it \
                 does through a proxy): check the server at its own address"
            )),
            _ => None,
        }
    }
}
