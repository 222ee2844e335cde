//! The names of a user's keys. The braces are a hash tag: they put all of them into one slot of a cluster, so that one
//! script may access them.

use uuid::Uuid;

/// The key of the store's marker. It belongs to no user, and in a cluster it has a slot of its own.
pub(super) const MARKER: &str = "auth:marker";

/// The names of the keys of one user.
pub(super) struct UserKeys {
    prefix: String,
}

impl UserKeys {
    pub(super) fn of(user_id: Uuid) -> Self {
        Self { prefix: format!("auth:{{{}}}:", user_id.simple()) }
    }

    /// A pattern that all keys of the user match.
    pub(super) fn pattern(&self) -> String {
        format!("{}*", self.prefix)
    }

    /// The record of a session: a hash.
    pub(super) fn record(&self, session_id: &str) -> String {
        format!("{}s:{session_id}", self.prefix)
    }

    /// The live sessions: a sorted set, each with the time at which it ends if it is not used.
    pub(super) fn sessions(&self) -> String {
        format!("{}sessions", self.prefix)
    }

    /// A copy of the epoch in the account's row: a number.
    pub(super) fn epoch(&self) -> String {
        format!("{}epoch", self.prefix)
    }

    /// Why a single session ended: a word.
    pub(super) fn dead(&self, session_id: &str) -> String {
        format!("{}dead:{session_id}", self.prefix)
    }

    /// A key that is written only so that replicas can confirm the write.
    pub(super) fn fence(&self) -> String {
        format!("{}fence", self.prefix)
    }
}

/// The form in which keys contain a session's id: hexadecimal digits without hyphens.
pub(super) fn sid(session_id: Uuid) -> String {
    session_id.simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_user_has_their_hash_tag_and_a_name_of_its_own() {
        let (user, session) = (Uuid::from_u128(1), sid(Uuid::from_u128(2)));
        let keys = UserKeys::of(user);
        let named = [keys.record(&session), keys.sessions(), keys.epoch(), keys.dead(&session), keys.fence()];
        let tag = "auth:{00000000000000000000000000000001}:";
        let session = "00000000000000000000000000000002";
        let rest = [&format!("s:{session}"), "sessions", "epoch", &format!("dead:{session}"), "fence"];
        assert_eq!(named, rest.map(|rest| format!("{tag}{rest}")));
    }
}
