//! The access token: a JWT that says which user sent a request. The server verifies it without asking a store.
//!
//! `jsonwebtoken` signs and verifies. By default it accepts more than a token that authenticates users may contain.
//! Where the library can be configured, it is set to be strict; the rest is checked around it. Each rule has its test:
//!
//! - **Algorithm.** The library accepts every algorithm in the caller's list. The list contains only HS256, which the
//!   keys are for (`Validation::new`).
//! - **Required claims.** The library accepts a token without `iss`, `aud` or `sub`, even if it was told which value to
//!   expect. Here each is required (`set_required_spec_claims`).
//! - **Expiry.** The library accepts a token up to 60 s after `exp`, by the system's clock. Here there is no leeway,
//!   and the clock is passed in: the library's time checks are off and `Claims::check_times` replaces them.
//! - **Start.** The library accepts a token whose `nbf` or `iat` is in the future. Here they may be at most `leeway`
//!   ahead (`Claims::check_times`).
//! - **Types.** The library accepts lists as `iss` and `aud`, and a fraction as `exp`. Here each is one string or one
//!   whole number (the types of `Claims`).
//! - **Shape.** The library accepts a list of the right five values in place of the claims. Here they are an object
//!   (`Object`).
//! - **`typ`.** The library accepts any `typ`. Here it must be `at+jwt` (RFC 9068 §4), so that a token made for another
//!   purpose is refused (`header::read`).
//! - **Extensions.** The library accepts an unknown `crit`, and `b64: false`. Here both are refused, because the server
//!   supports no extension (RFC 7515 §4.1.11; `header::read`).
//! - **Length.** The library accepts 6 MB. Here the limit is 4096 bytes, checked before any cryptography
//!   (`AccessTokens::check`).
//! - **Key.** The library accepts an empty key. Here a key has at least 32 bytes (RFC 7518 §3.2; `Keyring`).
//!
//! The tests also cover what the library refuses by itself: padding, another alphabet, stray bits in a part's last
//! character, more or fewer than three parts, `alg: none`, and a claim of its own that occurs twice.

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

/// The longest token that is read, in bytes.
pub const MAX_BYTES: usize = 4096;

/// The only algorithm that the keys are for. The token never chooses it (RFC 8725 §3.1).
pub(crate) const ALGORITHM: Algorithm = Algorithm::HS256;

/// Issues and verifies access tokens. A server creates one of these, so that keys and rules are prepared once and not
/// on every request. Cloning it is cheap compared with a login.
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

/// A verification key, and the `kid` by which tokens name it.
#[derive(Clone)]
struct CheckingKey {
    kid: String,
    key: DecodingKey,
}

/// The content of an access token to be issued.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// The account's id: the claim `sub`.
    pub user_id: Uuid,
    /// The account's email address, in the token so that `/me` needs no look-up. Every holder of the token can read it.
    pub email: &'a str,
    /// The session that the token belongs to, in designs that have sessions: the claims `sid` and `epoch`.
    pub session: Option<Session>,
}

/// The session that an access token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's public id.
    pub id: Uuid,
    /// The account's epoch when the token was issued.
    pub epoch: u64,
}

/// The content of an access token that passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The account's id.
    pub user_id: Uuid,
    /// The account's email address when the token was issued.
    pub email: String,
    /// The session that the token belongs to, in designs that have sessions.
    pub session: Option<Session>,
    /// The first second at which the token is expired; in seconds since the Unix epoch.
    pub expires_at_s: u64,
}

/// A signed token. Every holder of its text is authenticated, so the text is available only from `expose` and
/// `into_exposed`.
pub struct AccessToken(String);

impl AccessToken {
    /// The text of the token, which authenticates its holder.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text of the token, which authenticates its holder; for the body of a response.
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
    /// Prepares the keys. `ttl` is the lifetime of the tokens issued here. `leeway` is how far `iat` and `nbf` may be
    /// ahead of the server's clock; it does not extend `exp`.
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

    /// The lifetime of a token that is issued now.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    // ANCHOR: write-issue
    /// Issues a token. The caller has already verified the user's password or refresh token.
    ///
    /// # Errors
    /// Fails if the token cannot be encoded, or if it would be longer than [`MAX_BYTES`].
    pub fn issue(&self, grant: &Grant<'_>) -> Result<AccessToken, Error> {
        // 1. Claims { … }: iss and aud are ours, sub is the account, iat is now, exp is now and the ttl, jti a new random id;
        //    email, and sid and epoch where there is a session.
        // 2. jsonwebtoken::encode(&self.issuing_header, &claims, &self.issuing).map_err(internal)?
        // 3. Longer than MAX_BYTES is Error::Internal: no server would accept it. Then AccessToken(token).
        todo!("issue: the claims, signed")
    }
    // ANCHOR_END: write-issue

    /// As [`issue`](Self::issue), for a session that ends in `left`: no token outlives its session. Also returns the
    /// token's lifetime.
    ///
    /// # Errors
    /// Fails as [`issue`](Self::issue) does.
    pub fn issue_within(&self, left: Duration, grant: &Grant<'_>) -> Result<(AccessToken, Duration), Error> {
        if left >= self.ttl {
            return Ok((self.issue(grant)?, self.ttl));
        }
        // Rounded down to whole seconds, the precision of `exp`.
        let ttl = Duration::from_secs(left.as_secs());
        let shorter = Self { ttl, ..self.clone() };
        Ok((shorter.issue(grant)?, ttl))
    }

    // ANCHOR: check
    /// Returns the content of a token, if every check passes. Asks no store: that makes it fast, and it is why a logout
    /// does not affect the token.
    ///
    /// # Errors
    /// Fails if the token is too long, is not an access token of this server, or is not valid at this time.
    pub fn check(&self, token: &str) -> Result<Checked, Error> {
        let claims = self.signed_claims(token)?;
        claims.check_times(self.clock.now_s(), self.leeway.as_secs())?;
        claims.into_checked()
    }
    // ANCHOR_END: check

    /// As [`check`](Self::check), but without checking the times: **an expired token passes**. The result proves that
    /// this server issued the token, and to which user; it does not authenticate a request. Use it only to log out with
    /// an access token that has expired, never to return data or issue a credential.
    ///
    /// # Errors
    /// Fails if the token is too long or is not an access token of this server.
    pub fn dangerous_check_ignoring_expiry(&self, token: &str) -> Result<Checked, Error> {
        self.signed_claims(token)?.into_checked()
    }

    // ANCHOR: write-signed-claims
    /// Returns a token's claims after checking the signature, the issuer and the audience. The caller must still check
    /// the times.
    fn signed_claims(&self, token: &str) -> Result<Claims<'static>, Error> {
        // 1. Longer than MAX_BYTES is refused before anything is computed.
        // 2. header::read(token)? gives the kid, once alg and typ are ours. Find it in self.checking: a token chooses among our
        //    keys and cannot bring its own.
        // 3. jsonwebtoken::decode::<Object<Claims<'_>>>(token, key, &self.validation): signature, iss, aud, sub and exp are there.
        // 4. An empty jti is refused.
        todo!("signed_claims: the length, the kid, the key, the library")
    }
    // ANCHOR_END: write-signed-claims
}

// ANCHOR: strict
/// The library's own checks, as strict as they can be configured.
fn strict(issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(ALGORITHM);
    // RFC 7519 §4.1.1: compared as exact strings; with a trailing slash, an issuer is a different one. The library
    // checks `iss` and `aud` only in a token that has them, so they must also be required. (The library can require
    // only these four and `nbf`; the type that the claims are parsed into requires the others.)
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // The library would take the time from the operating system, which no test and no lab clock can change. So its time
    // checks are off: **code that decodes with this validation must check the times afterwards**, as `check` does.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}
// ANCHOR_END: strict

/// Converts the library's error into a reason for the log; the client is not told it. Another `alg` and a missing claim
/// do not reach the library's own checks, because parsing the header and the claims refuses them first.
fn refusal(error: &jsonwebtoken::errors::Error) -> Error {
    Error::InvalidToken(match error.kind() {
        ErrorKind::InvalidSignature => return Error::ForgedToken("the signature does not match"),
        ErrorKind::InvalidToken => "it does not have three parts",
        ErrorKind::Base64(_) => "a part is not base64url",
        ErrorKind::Json(_) => "a member is missing, repeated, or of the wrong type",
        ErrorKind::InvalidIssuer => "the issuer is another one",
        ErrorKind::InvalidAudience => "the audience is another one",
        _ => "refused by the library",
    })
}

/// The error for a `kid` that names no key of this server: probably a removed key, if it is a number in the same form
/// as the server's own key numbers.
fn unknown_key(kid: &str) -> Error {
    let number = kid.parse::<u16>().ok().filter(|number| number.to_string() == kid);
    number.map_or(Error::ForgedToken("its kid does not name a key of this server"), Error::UnknownKey)
}

/// Keys and settings must not appear in a log.
impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<_> = self.checking.iter().map(|key| &key.kid).collect();
        f.debug_struct("AccessTokens").field("kids", &kids).finish_non_exhaustive()
    }
}

pub(crate) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Internal(error.into())
}
