//! How long a password must be, in characters.

/// The shortest password that any server accepts, in characters (code points): NIST SP 800-63B-4 §3.1.1.2, for a password
/// that is used together with another factor.
pub const MIN_CHARACTERS: usize = 8;
/// The default length of the shortest new password, in characters. The same section requires it where the password is the
/// only factor, as it is here.
pub const DEFAULT_MIN_CHARACTERS: usize = 15;
/// The greatest minimum length that can be configured, in characters. The section requires that passwords of 64 characters
/// be accepted.
pub const MAX_MIN_CHARACTERS: usize = 64;
