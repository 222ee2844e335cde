//! For how long a stolen copy works on after its owner had it ended: measured at the door, never looked up.

use serde::Serialize;

/// One measurement, in seconds of the room's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Revocation {
    /// What was to end it: `log-out`, `change-password` or `reuse-detected`.
    how: &'static str,
    began: u64,
    /// For how long the copy was seen to work, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_until: Option<u64>,
    /// After how long it was first seen not to.
    #[serde(skip_serializing_if = "Option::is_none")]
    out_after: Option<u64>,
    /// How often it was let in.
    times: u32,
}

impl Revocation {
    pub(super) fn begun(how: &'static str, now_s: u64) -> Self {
        Self { how, began: now_s, in_until: None, out_after: None, times: 0 }
    }

    /// Whether the copy has not been refused yet.
    pub(super) fn is_open(&self) -> bool {
        self.out_after.is_none()
    }

    /// The copy opened the door.
    pub(super) fn let_in(&mut self, now_s: u64) {
        if self.is_open() {
            self.in_until = Some(now_s.saturating_sub(self.began));
            self.times += 1;
        }
    }

    /// The copy was refused: the measurement is over.
    pub(super) fn shut_out(&mut self, now_s: u64) {
        self.out_after.get_or_insert(now_s.saturating_sub(self.began));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_is_refused_at_once_was_never_let_in() {
        let mut revocation = Revocation::begun("log-out", 1_000);
        revocation.shut_out(1_000);
        revocation.let_in(2_000);
        assert_eq!((revocation.in_until, revocation.out_after, revocation.times), (None, Some(0), 0));
    }

    #[test]
    fn a_copy_that_works_on_is_measured_from_both_sides() {
        let mut revocation = Revocation::begun("log-out", 1_000);
        revocation.let_in(1_000);
        revocation.let_in(1_060);
        assert!(revocation.is_open());
        revocation.shut_out(1_960);
        revocation.shut_out(9_999);
        assert_eq!((revocation.in_until, revocation.out_after, revocation.times), (Some(60), Some(960), 2));
    }
}
