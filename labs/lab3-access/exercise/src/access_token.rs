//! The access token: a JWT that says who sent a request, checked without asking anybody.
//!
//! `jsonwebtoken` signs and verifies. What it accepts by default is too much for a token that opens accounts, so it is
//! told to be strict where it can be told, and what it cannot be told is checked around it (each line has its test):
//!
//! | the library by default | here | by |
//! |---|---|---|
//! | takes what the caller's list of algorithms takes | HS256, which is what our keys are for | `Validation::new` |
//! | takes a token without `iss`, `aud` or `sub`, though it was told which to expect | each must be there | `set_required_spec_claims` |
//! | takes `exp` up to 60 s late, by the system's clock | no leeway, and the clock is passed in | its own look at the time is off, `Claims::check_times` |
//! | takes a token whose `nbf` or `iat` lies in the future | at most `leeway` ahead | the same |
//! | takes `iss` and `aud` as lists, and a fraction as `exp` | one string each, a whole number | the types of `Claims` |
//! | takes a list of the right five values in place of the claims | an object | `Object` |
//! | takes any `typ` | `at+jwt` alone (RFC 9068 §4), so a token made for another purpose is none | `header::read` |
//! | takes an unknown `crit`, and `b64: false` | refused: we understand no extension (RFC 7515 §4.1.11) | `header::read` |
//! | takes 6 MB | 4096 bytes, counted before any cryptography | `AccessTokens::check` |
//! | takes an empty key | 32 bytes at least (RFC 7518 §3.2) | `Keyring` |
//!
//! What it refuses by itself is tested too: padding, another alphabet, stray bits in a part's last character, more or
//! fewer than three parts, `alg: none`, a member of its own that is there twice.

use std::fmt;
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kit::clock::Clock;
use kit::error::Error;
use kit::keyring::Keyring;
use uuid::Uuid;

use crate::claims::{Claims, Object};
use crate::header;

pub use crate::header::{key_number as header_key_number, segment as header_segment};

/// The longest token that is looked at, in bytes.
pub const MAX_BYTES: usize = 4096;

/// The one algorithm that our keys are for. It is never the token's choice (RFC 8725 §3.1).
pub(crate) const ALGORITHM: Algorithm = Algorithm::HS256;

/// Makes and checks access tokens. Built once: keys and rules are prepared here and not on every request. Clones are cheap
/// next to a log-in, and a server needs one.
#[derive(Clone)]
pub struct AccessTokens {
    issuing: EncodingKey,
    issuing_header: Header,
    checking: Vec<CheckingKey>,
    validation: Validation,
    issuer: String,
    audience: String,
    ttl: Duration,
    leeway: Duration,
    clock: Clock,
}

/// A key, and the name that tokens call it by.
#[derive(Clone)]
struct CheckingKey {
    kid: String,
    key: DecodingKey,
}

/// What an access token is to say.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// The account: `sub`.
    pub user_id: Uuid,
    /// Its address, which the token carries so that `/me` needs no look-up. Anyone who holds the token can read it.
    pub email: &'a str,
    /// The session that the token belongs to, in designs that have sessions: `sid` and `epoch`.
    pub session: Option<Session>,
}

/// The session that an access token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its public name.
    pub id: Uuid,
    /// The account's epoch when the token was made.
    pub epoch: u64,
}

/// What an access token that passed every check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The account.
    pub user_id: Uuid,
    /// Its address as it was when the token was made.
    pub email: String,
    /// The session, in designs that have sessions.
    pub session: Option<Session>,
    /// The first second, since the Unix epoch, in which the token is no longer good.
    pub expires_at_s: u64,
}

/// A signed token. Whoever holds the text is let in, so it shows itself only when asked by name.
pub struct AccessToken(String);

impl AccessToken {
    /// The text that opens the account.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text that opens the account, for the answer that carries it.
    pub fn into_exposed(self) -> String {
        self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

impl AccessTokens {
    /// Prepares the keys. `ttl` is the lifetime of what is issued; `leeway` is how far `iat` and `nbf` may lie ahead of
    /// our clock, and never how far `exp` may lie behind it.
    pub fn new(
        keys: &Keyring,
        issuer: impl Into<String>,
        audience: impl Into<String>,
        ttl: Duration,
        leeway: Duration,
        clock: Clock,
    ) -> Self {
        let (issuer, audience) = (issuer.into(), audience.into());
        let checking = |key: &kit::keyring::Key| CheckingKey {
            kid: key.id.to_string(),
            key: DecodingKey::from_secret(key.expose_bytes()),
        };
        Self {
            issuing: EncodingKey::from_secret(keys.issuing().expose_bytes()),
            issuing_header: header::written(keys.issuing().id),
            checking: keys.all().map(checking).collect(),
            validation: strict(&issuer, &audience),
            issuer,
            audience,
            ttl,
            leeway,
            clock,
        }
    }

    /// How long a token that is issued now will be good for.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    // ANCHOR: write-issue
    /// Makes a token. The account's password, or a refresh token, has been checked before.
    pub fn issue(&self, grant: &Grant<'_>) -> Result<AccessToken, Error> {
        // 1. Claims { … }: iss and aud are ours, sub is the account, iat is now, exp is now and the ttl, jti a new random id;
        //    email, and sid and epoch where there is a session.
        // 2. jsonwebtoken::encode(&self.issuing_header, &claims, &self.issuing).map_err(internal)?
        // 3. Longer than MAX_BYTES is Error::Internal: nobody would read it. Then AccessToken(token).
        todo!("issue: the claims, signed")
    }
    // ANCHOR_END: write-issue

    /// As [`issue`](Self::issue), for a session that has this much time left: no token outlives its session. Says how long the
    /// token is good for.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn issue_within(&self, left: Duration, grant: &Grant<'_>) -> Result<(AccessToken, Duration), Error> {
        if left >= self.ttl {
            return Ok((self.issue(grant)?, self.ttl));
        }
        // Down to whole seconds, which is what a token can say.
        let ttl = Duration::from_secs(left.as_secs());
        let shorter = Self { ttl, ..self.clone() };
        Ok((shorter.issue(grant)?, ttl))
    }

    // ANCHOR: check
    /// Says what a token says, if every check holds. Asks nobody: that is what makes it fast, and why a log-out cannot
    /// reach it.
    pub fn check(&self, token: &str) -> Result<Checked, Error> {
        let claims = self.signed_claims(token)?;
        claims.check_times(self.clock.now_s(), self.leeway.as_secs())?;
        claims.into_checked()
    }
    // ANCHOR_END: check

    /// As [`check`](Self::check) without the times: **an expired token passes**. It proves that we issued the token and
    /// to whom, not that it is good for anything. For logging out with an access token that ran out meanwhile, and for
    /// nothing that reads or gives.
    pub fn dangerous_check_ignoring_expiry(&self, token: &str) -> Result<Checked, Error> {
        self.signed_claims(token)?.into_checked()
    }

    // ANCHOR: write-signed-claims
    /// What a token says, once its signature holds and it is meant for us. Only the times are left to look at.
    fn signed_claims(&self, token: &str) -> Result<Claims<'static>, Error> {
        // 1. Longer than MAX_BYTES is refused before anything is computed.
        // 2. header::read(token)? gives the kid, once alg and typ are ours. Find it in self.checking: a token chooses among our
        //    keys and brings none along.
        // 3. jsonwebtoken::decode::<Object<Claims<'_>>>(token, key, &self.validation): signature, iss, aud, sub and exp are there.
        // 4. An empty jti is refused.
        todo!("signed_claims: the length, the kid, the key, the library")
    }
    // ANCHOR_END: write-signed-claims
}

// ANCHOR: strict
/// The library's checks as strict as they get.
fn strict(issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(ALGORITHM);
    // RFC 7519 §4.1.1: compared as they are; a trailing slash makes another issuer. Both are only looked at in a token
    // that has them, unless they are required as well. (It knows these four and `nbf`; our other claims are required by
    // the type that they are read into.)
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The library would ask the operating system for the time, which no test and no lab clock can move. So it is told not
    // to look: **whoever decodes with this must check the times afterwards**, as `check` does.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}
// ANCHOR_END: strict

/// Why the library refused, in words for the log. The client learns nothing of it. Another `alg` and a missing claim do not
/// get as far as the library's own checks: the header and the type of the claims refuse them.
fn refusal(error: &jsonwebtoken::errors::Error) -> Error {
    Error::InvalidToken(match error.kind() {
        ErrorKind::InvalidSignature => return Error::ForgedToken("the signature does not hold"),
        ErrorKind::InvalidToken => "not three parts",
        ErrorKind::Base64(_) => "a part is no base64url",
        ErrorKind::Json(_) => "a member is missing, there twice, or of another type",
        ErrorKind::InvalidIssuer => "another issuer",
        ErrorKind::InvalidAudience => "another audience",
        _ => "refused by the library",
    })
}

/// A key that is not ours: one that was removed, if it has a number as ours have.
fn unknown_key(kid: &str) -> Error {
    let number = kid.parse::<u16>().ok().filter(|number| number.to_string() == kid);
    number.map_or(Error::ForgedToken("its kid names no key of ours"), Error::UnknownKey)
}

/// Keys and settings stay out of every log.
impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<_> = self.checking.iter().map(|key| &key.kid).collect();
        f.debug_struct("AccessTokens").field("kids", &kids).finish_non_exhaustive()
    }
}

pub(crate) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Internal(error.into())
}
