//! The audit log: which client did what, to which account, from where.
//!
//! It writes one line, on tracing's target `audit`, for each event that matters to the question "who was in my account?".
//! The line contains the account's and the session's ids and the client's address, and never a secret: no token, no
//! password, and no e-mail address, because readers of logs need not know whose lines they are. The audit log reports each
//! event and the metrics count events, so both are fed here.
//!
//! A refused login may belong to no account, and an operator must see an attack all the same. So lines about an e-mail
//! address contain `account`, a keyed hash of it: one name for one address, whether it has an account or not; the line of a
//! sign-up or login contains it beside the account's id. Requests that are refused before the server knows which account
//! they concern (a cross-site request, a forged token) have lines too, at most a few per second, or any client could fill
//! the disk.

mod account_name;
mod refusals;

use tracing::field::display;
use uuid::Uuid;

pub use self::account_name::AccountName;
pub(crate) use self::account_name::AccountNames;
pub(crate) use self::refusals::Refusals;
use crate::scope::Scope;

/// The target of every audit line, for filtering.
pub(crate) const TARGET: &str = "audit";

/// An event that concerns an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Account created.
    SignUp,
    /// Sign-up refused: the e-mail address already has an account.
    SignUpRefused,
    /// Sign-up refused: too many from this IP address.
    SignUpThrottled,
    /// Login succeeded.
    LogIn,
    /// Login refused: wrong credentials.
    LogInRefused,
    /// Login refused without checking the password: too many attempts.
    LogInThrottled,
    /// Login failed after the right password: a store was unavailable, or the account changed meanwhile.
    LogInUnserved,
    /// A client sent a refresh token.
    Refresh {
        /// The result: `rotated`, `kept`, `replayed`, `expired`, `ended` or `invalid`.
        outcome: &'static str,
        /// The token's generation number in its session.
        generation: u32,
    },
    /// A client sent a refresh token that had been exchanged long before: a copy exists, and the server ended the session.
    RefreshReused {
        /// The token's generation number in its session, which shows how old the copy is.
        generation: u32,
    },
    /// A client sent a genuine refresh token with a greater generation than its session record: the store lost writes.
    RefreshAhead {
        /// The token's generation number in its session.
        generation: u32,
    },
    /// The account's row was behind the store, as after restoring the database from a backup, and its epoch was raised
    /// above the store's. Every earlier session has ended.
    EpochLifted,
    /// Logout.
    LogOut(Scope),
    /// One session of the account was ended from another one.
    SessionEnded,
    /// The password was changed, and every session ended.
    PasswordChanged,
    /// A logged-in client gave a wrong password for a change that needs it.
    WrongPassword,
    /// A change was refused without checking the password: too many attempts.
    PasswordThrottled,
    /// Account deleted.
    AccountDeleted,
}

/// The account and session that an event concerns, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whose {
    /// The account's id.
    pub user: Option<Uuid>,
    /// The session's public id.
    pub session: Option<Uuid>,
    /// The audit log's name for the e-mail address that the client gave or that belongs to the account.
    pub account: Option<AccountName>,
}

/// The public id of the session that a login opened, which schemes with sessions store in the response's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened(pub Uuid);

/// Logs that a store ended a session because a login exceeded the maximum of sessions per account. Only the store knows
/// this, and it does not know the request: the line has no address, and the login's own line follows it. `session` is
/// `None` if the store has no public id for the session.
pub fn session_evicted(user: Uuid, session: Option<Uuid>) {
    let (user, session) = (display(user), session.map(display));
    tracing::info!(target: TARGET, event = "session_evicted", user, session);
}

impl Whose {
    /// This account, without a session.
    pub fn user(user: Uuid) -> Self {
        Self { user: Some(user), ..Self::default() }
    }

    /// This account and this session.
    pub fn session(user: Uuid, session: Uuid) -> Self {
        Self { user: Some(user), session: Some(session), account: None }
    }

    /// Adds the name of an e-mail address.
    pub(crate) fn named(self, account: AccountName) -> Self {
        Self { account: Some(account), ..self }
    }

    /// Adds the session that the login with this response opened.
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
