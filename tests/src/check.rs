//! What a check is, and what can come of it.

use std::{future::Future, pin::Pin};

use serde::Serialize;

use crate::{
    descriptor::{Descriptor, Feature},
    stage::{ClockInReach, Stage},
};

/// One thing that a server must do, or must not let happen.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// The stable name, `topic.what-holds`: progress, lessons and reports refer to it.
    pub id: &'static str,
    /// What must hold, in one sentence.
    pub title: &'static str,
    /// Features that must all be claimed for the check to mean anything.
    pub needs: &'static [Feature],
    /// Features of which one at least must be claimed (none: no matter).
    pub needs_any: &'static [Feature],
    /// Features whose claim makes the check meaningless, such as a stated weakness that they remove.
    pub unless: &'static [Feature],
    /// Whether the server's clock is moved: such checks run alone and last.
    pub moves_time: bool,
    /// Whether it tries to get in, or to harm somebody.
    pub attack: bool,
    /// Whether it passes when something gets in: a weakness that the design states of itself.
    pub weakness: bool,
    /// What an attacker gains, or what breaks, where it fails.
    pub gains: &'static str,
    /// Where to read: a standard's section or an OWASP page.
    pub read: &'static str,
    pub(crate) run: Run,
}

pub(crate) type Run = for<'a> fn(&'a Stage) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;

/// A check passes by reaching its end; whatever else comes of it leaves by `?`.
pub(crate) type Verdict = Result<(), Box<Outcome>>;

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

/// As [`RULE`], for what an attacker tries.
pub(crate) const ATTACK: Check = Check { attack: true, ..RULE };

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The server did as it must.
    Passed,
    /// The server did otherwise.
    Failed {
        /// The request, as it went out.
        sent: String,
        /// What should have come back.
        expected: String,
        /// What came back.
        received: String,
    },
    /// The server has not said: it gave no answer, or 503. Nobody got in, and nobody was shown to be kept out.
    Undecided {
        /// The request, as it went out.
        sent: String,
        /// What came of it.
        received: String,
    },
    /// The check does not apply, and why.
    Skipped {
        /// Why.
        reason: String,
    },
    /// The server says that this part is not written yet: a workshop's unfinished function, not a wrong one.
    NotWritten {
        /// The server's words.
        text: String,
    },
}

impl Check {
    /// The part of the id before the dot.
    pub fn topic(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(topic, _)| topic)
    }

    /// Why the check does not apply to a server that claims this and whose clock is in reach or not, if it does not.
    pub(crate) fn does_not_apply(&self, to: &Descriptor, clock: ClockInReach) -> Option<String> {
        if let Some(missing) = self.needs.iter().find(|feature| !to.claims(**feature)) {
            return Some(format!("`{missing}` is not claimed"));
        }
        if !self.needs_any.is_empty() && !self.needs_any.iter().any(|feature| to.claims(*feature)) {
            let names: Vec<_> = self.needs_any.iter().map(|feature| format!("`{feature}`")).collect();
            return Some(format!("none of {} is claimed", names.join(", ")));
        }
        if let Some(claimed) = self.unless.iter().find(|feature| to.claims(**feature)) {
            return Some(format!("`{claimed}` is claimed, which leaves nothing to see here"));
        }
        match clock {
            ClockInReach::NotAnnounced if self.moves_time => {
                Some("the server's clock cannot be moved (it has no lab controls)".to_owned())
            }
            ClockInReach::Refused(status) if self.moves_time => Some(format!(
                "the server's clock cannot be moved this way (it announces lab controls, and GET /lab/clock is {status}, as \
                 through a proxy): check the server at its own address"
            )),
            _ => None,
        }
    }
}
