//! The audit log: who did what, to which account, from where.
//!
//! One line for each thing that a person asking "who was in my account?" would want to know, on tracing's target `audit`.
//! The line names the account, the session and the client's address, and never what opened them: no token, no password, and
//! no e-mail address, since whoever reads logs need not know whose they are. What the audit log tells one by one, the
//! metrics count, so both are fed here.
//!
//! A refused log-in may name no account at all, and an attack has to be seen all the same. So lines about an e-mail address
//! carry `account`, a keyed hash of it: one name for one address, whether it has an account or not, which the line of a
//! sign-up or log-in has beside the account's id. Requests that are refused before the server knows whose they are (a
//! page of another site, a forged token) have lines too, at most a few in a second, or any client could fill the disk.

mod account_name;
mod refusals;

use http::request::Parts;
use tracing::field::display;
use uuid::Uuid;

pub use self::account_name::AccountName;
pub(crate) use self::account_name::AccountNames;
pub(crate) use self::refusals::Refusals;
use crate::email::Email;
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
    /// Another sign-up with its address was refused.
    SignUpRefused,
    /// A sign-up was refused, since its address had sent too many.
    SignUpThrottled,
    /// Somebody proved to be its owner.
    LogIn,
    /// Somebody did not.
    LogInRefused,
    /// Somebody tried too often, and the password was not looked at.
    LogInThrottled,
    /// A log-in with the right password got no credential: a store was away, or the account changed meanwhile.
    LogInUnserved,
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
    /// The name of the e-mail address that was given or is the account's.
    pub account: Option<AccountName>,
}

/// The session that a log-in opened, left in the response's extensions by the schemes that have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened(pub Uuid);

/// Tells of a session that a store ended because a log-in opened one more than an account may have. Only the store knows,
/// and it knows no request: the line has no address, and the log-in's own line follows it. `session` is none where the
/// store keeps no session's public name apart from its content.
pub fn session_evicted(user: Uuid, session: Option<Uuid>) {
    let (user, session) = (display(user), session.map(display));
    tracing::info!(target: TARGET, event = "session_evicted", user, session);
}

impl Whose {
    /// An account's, whatever the session.
    pub fn user(user: Uuid) -> Self {
        Self { user: Some(user), ..Self::default() }
    }

    /// A session's.
    pub fn session(user: Uuid, session: Uuid) -> Self {
        Self { user: Some(user), session: Some(session), account: None }
    }

    /// This, of an e-mail address.
    pub(crate) fn named(self, account: AccountName) -> Self {
        Self { account: Some(account), ..self }
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
            Self::SignUpRefused => "sign_up_refused",
            Self::SignUpThrottled => "sign_up_throttled",
            Self::LogIn => "log_in",
            Self::LogInRefused => "log_in_refused",
            Self::LogInThrottled => "log_in_throttled",
            Self::LogInUnserved => "log_in_unserved",
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
    /// No account yet: the client that gave this e-mail address.
    pub(crate) fn claimed(&self, email: &Email) -> Whose {
        Whose::default().named(self.account_names.of(email))
    }

    /// Writes the event into the audit log, and counts it.
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
}
