//! The clock of the server under test, which its lab controls move.

use serde_json::Value;

use super::Stage;
use crate::{
    call::Call,
    client::Client,
    exchange::Exchange,
    outcome::{SetUp, Verdict},
    requests::advance_clock,
    target::Target,
};

/// Whether the checker can move the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClockInReach {
    /// The server announces lab controls, and there is no sign that they are refused.
    Yes,
    /// The server announces no lab controls.
    NotAnnounced,
    /// The server announces lab controls and refuses them to this client, with this status.
    Refused(u16),
}

impl ClockInReach {
    /// Whether the clock can be moved. A server refuses its lab controls to requests through a proxy, even if it announces
    /// them, and responds as a server without controls does. So a refusal cannot be told from controls that do not work: if
    /// the server is known to be reached directly, the checks that need its clock find that out.
    pub(super) async fn of(client: &Client, target: &Target) -> Self {
        if !target.descriptor().controls {
            return ClockInReach::NotAnnounced;
        }
        if target.is_direct() {
            return ClockInReach::Yes;
        }
        match client.send(Call::get("/lab/clock")).await {
            Ok(answer) if matches!(answer.status, 403 | 404) => ClockInReach::Refused(answer.status),
            _ => ClockInReach::Yes,
        }
    }
}

impl Stage {
    /// Reads the server's clock, in Unix seconds, as set-up.
    pub(crate) async fn now(&self) -> Verdict<f64> {
        self.expect_now().await.in_set_up()
    }

    /// Like [`Stage::now`], and fails the check unless the server tells its time.
    pub(crate) async fn expect_now(&self) -> Verdict<f64> {
        now_in(&self.answered(Call::get("/lab/clock"), 200).await?)
    }

    /// Moves the server's clock forward with one call, as set-up.
    pub(crate) async fn advance(&self, seconds: u64) -> Verdict<f64> {
        now_in(&self.set_up(advance_clock(seconds), 200).await?).in_set_up()
    }

    /// Moves the clock past the throttle's window, so that earlier failures no longer count.
    pub(crate) async fn forget_failures(&self) -> Verdict {
        self.set_up(self.failures_forgotten(), 200).await.map(drop)
    }

    /// The call that [`Stage::forget_failures`] sends.
    pub(crate) fn failures_forgotten(&self) -> Call {
        advance_clock(self.descriptor().limits.window_seconds.saturating_add(2))
    }

    /// Moves the clock past the window in which a refresh token is kept.
    pub(crate) async fn pass_refresh_window(&self) -> Verdict {
        self.advance(self.refresh_window().saturating_add(2)).await.map(drop)
    }

    pub(crate) fn refresh_window(&self) -> u64 {
        self.descriptor().refresh_window.unwrap_or(10)
    }
}

fn now_in(answer: &Exchange) -> Verdict<f64> {
    let now = answer.json().get("now").and_then(Value::as_f64);
    now.ok_or_else(|| answer.failed("the server's time in `now`, a number of Unix seconds"))
}
