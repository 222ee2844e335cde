//! Audit lines about requests that are refused before the server knows which account they concern.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::display;

use super::TARGET;
use crate::error::{Audited, Error, Refusal};
use crate::request_id::RequestId;

/// The maximum number of lines of one kind in a second; the next line says how many were left out.
const LINES_PER_SECOND: u32 = 10;

/// Writes the lines, limited for each kind.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    csrf: Flow,
    forged: Flow,
    unknown_key: Flow,
}

impl Refusals {
    /// Writes a line if the cause of a refusal is one that an operator should see.
    pub(crate) fn tell(&self, id: RequestId, address: IpAddr, cause: &Error) {
        let now = Instant::now();
        let id = display(id);
        match cause {
            Error::Csrf(reason) => {
                if let Some(left_out) = self.csrf.admits(now) {
                    tracing::info!(target: TARGET, id, event = "csrf_refused", %address, reason, left_out);
                }
            }
            Error::ForgedToken(reason) | Error::Refused(Refusal { audited: Audited::Forged(reason), .. }) => {
                if let Some(left_out) = self.forged.admits(now) {
                    tracing::info!(target: TARGET, id, event = "forged_token", %address, reason, left_out);
                }
            }
            Error::UnknownKey(key) | Error::Refused(Refusal { audited: Audited::UnknownKey(key), .. }) => {
                if let Some(left_out) = self.unknown_key.admits(now) {
                    tracing::info!(target: TARGET, id, event = "unknown_key", %address, key, left_out);
                }
            }
            _ => {}
        }
    }
}

/// The limit for lines of one kind.
#[derive(Debug, Default)]
struct Flow(Mutex<Second>);

#[derive(Debug, Default)]
struct Second {
    began: Option<Instant>,
    written: u32,
    left_out: u64,
}

impl Flow {
    /// Whether a line may be written now; `Some` contains the number of lines left out since the last one, if any.
    fn admits(&self, now: Instant) -> Option<Option<u64>> {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = second.began.is_none_or(|began| now.duration_since(began) >= Duration::from_secs(1));
        if is_over {
            (second.began, second.written) = (Some(now), 0);
        }
        if second.written >= LINES_PER_SECOND {
            second.left_out += 1;
            return None;
        }
        second.written += 1;
        let left_out = std::mem::take(&mut second.left_out);
        Some((left_out > 0).then_some(left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_lines_a_second_are_written_and_the_next_one_says_how_many_were_left_out() {
        let (flow, start) = (Flow::default(), Instant::now());
        for _ in 0..10 {
            assert_eq!(flow.admits(start), Some(None));
        }
        for _ in 0..5 {
            assert_eq!(flow.admits(start + Duration::from_millis(999)), None);
        }
        assert_eq!(flow.admits(start + Duration::from_secs(1)), Some(Some(5)));
        assert_eq!(flow.admits(start + Duration::from_secs(1)), Some(None));
    }
}
