//! The audit log: who did what, to which account, from where.
//!
//! One line for each thing that a person asking "who was in my account?" would want to know, on tracing's target `audit`.
//! The line names the account, the session and the client's address, and never what opened them: no token, no password, and
//! no e-mail address, since whoever reads logs need not know whose they are. What the audit log tells one by one, the
//! metrics count, so both are fed here.

use http::request::Parts;
use tracing::field::display;
use uuid::Uuid;

use crate::observe::RequestId;
use crate::scheme::Scope;
use crate::state::App;

/// The target of every audit line, to filter by.
const TARGET: &str = "audit";

/// Something that happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was made.
    SignUp,
    /// Somebody proved to be its owner.
    LogIn,
    /// Somebody did not.
    LogInRefused,
    /// Somebody tried too often, and the password was not looked at.
    LogInThrottled,
    /// A refresh token was shown, and this came of it.
    Refresh {
        /// `rotated`, `kept`, `replayed`, `expired`, `ended` or `invalid`.
        outcome: &'static str,
        /// The token's number in its session.
        generation: u32,
    },
    /// A refresh token was shown that had been exchanged long before: a copy is about, and the session is over.
    RefreshReused {
        /// The token's number in its session, which says how old the copy is.
        generation: u32,
    },
    /// A refresh token of ours was shown that is further than its session's record: the store went back in time.
    RefreshAhead {
        /// The token's number in its session.
        generation: u32,
    },
    /// The account's row was behind the store, as in a database that was restored, and was lifted over it. Every session
    /// of before is over.
    EpochLifted,
    /// Somebody left.
    LogOut(Scope),
    /// One session of the account was ended from another.
    SessionEnded,
    /// The password is another one, and every session is over.
    PasswordChanged,
    /// Somebody who was let in did not know the password that a change needs.
    WrongPassword,
    /// The same too often, and the password was not looked at.
    PasswordThrottled,
    /// It is gone.
    AccountDeleted,
}

/// Whose event it is, as far as that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// The account.
    pub user: Option<Uuid>,
    /// The session's public name.
    pub session: Option<Uuid>,
}

/// The session that a log-in opened, left in the response's extensions by the schemes that have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened(pub Uuid);

impl Whose {
    /// An account's, whatever the session.
    pub fn user(user: Uuid) -> Self {
        Self { user: Some(user), session: None }
    }

    /// A session's.
    pub fn session(user: Uuid, session: Uuid) -> Self {
        Self { user: Some(user), session: Some(session) }
    }

    /// This, with the session that the log-in behind a response opened.
    pub(crate) fn opened(self, response: &axum::response::Response) -> Self {
        let opened = response.extensions().get::<Opened>();
        Self { session: opened.map(|Opened(session)| *session).or(self.session), ..self }
    }
}

impl Event {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::LogIn => "log_in",
            Self::LogInRefused => "log_in_refused",
            Self::LogInThrottled => "log_in_throttled",
            Self::Refresh { .. } => "refresh",
            Self::RefreshReused { .. } => "refresh_reused",
            Self::RefreshAhead { .. } => "refresh_ahead",
            Self::EpochLifted => "epoch_lifted",
            Self::LogOut(_) => "log_out",
            Self::SessionEnded => "session_ended",
            Self::PasswordChanged => "password_changed",
            Self::WrongPassword => "wrong_password",
            Self::PasswordThrottled => "password_throttled",
            Self::AccountDeleted => "account_deleted",
        }
    }
}

impl<S> App<S> {
    /// Writes the event into the audit log, and counts it.
    pub fn audit(&self, request: &Parts, event: Event, whose: Whose) {
        let address = self.proxies.client(request);
        let id = request.extensions.get::<RequestId>().map(display);
        let (name, user, session) = (event.name(), whose.user.map(display), whose.session.map(display));
        self.metrics.happened(event);
        match event {
            Event::RefreshAhead { generation } => {
                tracing::error!(target: TARGET, id, event = name, user, session, %address, generation);
            }
            Event::EpochLifted => tracing::warn!(target: TARGET, id, event = name, user, session, %address),
            Event::RefreshReused { generation } => {
                tracing::warn!(target: TARGET, id, event = name, user, session, %address, generation);
            }
            Event::Refresh { outcome, generation } => {
                tracing::info!(target: TARGET, id, event = name, user, session, %address, outcome, generation);
            }
            Event::LogOut(scope) => {
                tracing::info!(target: TARGET, id, event = name, user, session, %address, scope = scope.as_str());
            }
            _ => tracing::info!(target: TARGET, id, event = name, user, session, %address),
        }
    }
}
