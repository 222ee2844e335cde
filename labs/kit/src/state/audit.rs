//! Writing and counting events of accounts.

use http::request::Parts;
use tracing::field::display;

use super::App;
use crate::audit::{Event, TARGET, Whose};
use crate::email::Email;
use crate::request_id::RequestId;

impl App {
    /// The client that gave this e-mail address; its account is not known yet.
    pub(crate) fn claimed(&self, email: &Email) -> Whose {
        Whose::default().named(self.account_names.of(email))
    }

    /// Writes the event to the audit log and counts it in the metrics.
    pub fn audit(&self, request: &Parts, event: Event, whose: Whose) {
        let address = self.proxies.client(request);
        let id = request.extensions.get::<RequestId>().map(display);
        let (name, user, session) = (event.name(), whose.user.map(display), whose.session.map(display));
        let account = whose.account.map(display);
        self.metrics.happened(event);
        match event {
            Event::RefreshAhead { generation } => {
                tracing::error!(target: TARGET, id, event = name, user, session, %address, generation);
            }
            Event::EpochLifted => tracing::warn!(target: TARGET, id, event = name, user, session, %address),
            Event::RefreshReused { generation } => {
                tracing::warn!(target: TARGET, id, event = name, user, session, account, %address, generation);
            }
            Event::Refresh { outcome, generation } => {
                tracing::info!(target: TARGET, id, event = name, user, session, account, %address, outcome, generation);
            }
            Event::LogOut(scope) => {
                tracing::info!(target: TARGET, id, event = name, user, session, account, %address, scope = scope.as_str());
            }
            _ => tracing::info!(target: TARGET, id, event = name, user, session, account, %address),
        }
    }

    /// Counts a refused refresh that the audit log does not contain: without a valid token there is no user to log it for,
    /// and any client could fill the disk with such lines.
    pub fn count_refresh(&self, outcome: &'static str) {
        self.metrics.refreshed(outcome);
    }
}
