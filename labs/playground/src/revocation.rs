//! For how long a stolen copy keeps working after its owner revoked it: measured by requests to `/me`, never taken
//! from a setting or a store.

use serde::Serialize;

/// One measurement, in seconds of the room's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Revocation {
    /// The event that was to end the copy: `log-out`, `change-password` or `reuse-detected`.
    how: &'static str,
    began: u64,
    /// Seconds after the event at which the copy was last let in; `None` if it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_until: Option<u64>,
    /// Seconds after the event at which the copy was first refused; `None` if it has not been yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    out_after: Option<u64>,
    /// How many times the copy was let in after the event.
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

    /// Notes that the server let the copy in.
    pub(super) fn let_in(&mut self, now_s: u64) {
        if self.is_open() {
            self.in_until = Some(now_s.saturating_sub(self.began));
            self.times += 1;
        }
    }

    /// Notes that the server refused the copy, which ends the measurement.
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
