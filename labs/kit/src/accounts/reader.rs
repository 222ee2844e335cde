//! Reads one account's row on the calling thread.
//!
//! sqlx runs every SQLite statement on a thread of its own and passes the rows through channels. For a row that SQLite
//! itself reads in 2 µs, that costs ten times as much, and an exchange of a refresh token reads this row each time,
//! because the row is the authority. This module opens its own connections to the same database, with the same SQLite
//! library, and only ever reads.
//!
//! It is an addition to the pool and replaces nothing: if a row cannot be read here for any reason (the database is
//! locked, the file was replaced, the disk failed), [`Reader::find`] returns `Err` and the caller asks the pool, which
//! waits where waiting helps and reports an outage otherwise.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::User;
use super::database::{Identity, identity};
use crate::email::Email;

const FIND: &str = "SELECT id, email, epoch FROM accounts WHERE id = ?";

/// Connections that read accounts in a file. There are at most as many as threads that read at the same time.
///
/// Accounts in memory are read by the pool alone: connections that share such a database lock each other out, so a reader
/// would make writers fail.
pub(super) struct Reader {
    path: PathBuf,
    /// The file that the path led to when the database was opened.
    opened: Option<Identity>,
    idle: Mutex<Vec<Connection>>,
}

/// The row could not be read here. The pool finds out why.
pub(super) struct Unread;

impl Reader {
    /// A reader of the database in this file, as long as the path leads to the file that was opened.
    pub(super) fn new(path: &Path, opened: Option<Identity>) -> Self {
        Self { path: path.to_owned(), opened, idle: Mutex::default() }
    }

    /// The account with this id; `None` if it does not exist. A read takes a few microseconds and never waits for a lock.
    pub(super) fn find(&self, id: Uuid) -> Result<Option<User>, Unread> {
        let taken = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if !self.is_as_opened() {
            return Err(Unread);
        }
        let connection = match taken {
            Some(connection) => connection,
            None => self.connect().map_err(|_| Unread)?,
        };
        // A connection with an error is closed here and not used again.
        let user = read(&connection, id).map_err(|_| Unread)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok(user)
    }

    /// Whether the path still leads to the file that was opened: a row in a removed or replaced file is not the account's.
    fn is_as_opened(&self) -> bool {
        identity(&self.path) == self.opened
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        // Each connection is used by one thread at a time, so SQLite need not lock it.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        // rusqlite's default is to wait 5 s for a lock, on the caller's thread.
        connection.busy_timeout(Duration::ZERO)?;
        // The path may have led to another file while the connection was opened.
        match self.is_as_opened() {
            true => Ok(connection),
            false => Err(rusqlite::Error::InvalidQuery),
        }
    }
}

fn read(connection: &Connection, id: Uuid) -> rusqlite::Result<Option<User>> {
    let mut statement = connection.prepare_cached(FIND)?;
    // Dropping the rows ends the read, so that the write-ahead log can be emptied.
    let mut rows = statement.query([id.as_bytes().as_slice()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let id = Uuid::from_slice(row.get_ref(0)?.as_blob()?).map_err(|_| rusqlite::Error::InvalidQuery)?;
    let epoch = u64::try_from(row.get::<_, i64>(2)?).map_err(|_| rusqlite::Error::InvalidQuery)?;
    Ok(Some(User { id, email: Email::from_stored(row.get(1)?), epoch }))
}
