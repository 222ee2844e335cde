//! The access token: a JWT that says who sent a request, checked without asking anybody.
//!
//! `jsonwebtoken` signs and verifies. Everything after the signature is read here, because what the library accepts by
//! default is too much for a token that opens accounts (each line has its test):
//!
//! | the library by default | here |
//! |---|---|
//! | takes `exp` up to 60 s late, by the system's clock | `exp` has no leeway, and the clock is passed in |
//! | takes a token whose `nbf` or `iat` lies in the future | at most `leeway` ahead |
//! | takes a token without `iss` or `aud`, though it was told which to expect | both must be there |
//! | takes `iss` and `aud` as lists | one string each |
//! | takes any `typ` | `at+jwt` alone (RFC 9068 §4), so a token made for another purpose is none |
//! | takes an unknown `crit`, and `b64: false` | refused: we understand no extension (RFC 7515 §4.1.11) |
//! | takes 6 MB | 4096 bytes, counted before any cryptography |
//! | takes an empty key | 32 bytes at least (RFC 7518 §3.2), which [`Keyring`] sees to |
//!
//! The algorithm is never the token's choice: a key is for HS256, and a token that says otherwise is refused.

mod claims;
mod header;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use kit::clock::Clock;
use kit::error::Error;
use kit::keyring::Keyring;
use uuid::Uuid;

use claims::Claims;

/// The longest token that is looked at, in bytes.
pub const MAX_BYTES: usize = 4096;

/// The one algorithm that our keys are for.
const ALGORITHM: Algorithm = Algorithm::HS256;

/// Makes and checks access tokens. Built once: keys are prepared here and not on every request. Clones are cheap next to
/// a log-in, and a server needs one.
#[derive(Clone)]
pub struct AccessTokens {
    issuing: EncodingKey,
    issuing_header: String,
    checking: Vec<CheckingKey>,
    issuer: String,
    audience: String,
    ttl: Duration,
    leeway: Duration,
    clock: Clock,
}

/// A key, the name that tokens call it by, and the header of every token that it signed here.
#[derive(Clone)]
struct CheckingKey {
    kid: String,
    header: String,
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
        let checking = |key: &kit::keyring::Key| {
            let kid = key.id.to_string();
            let header = header::encoded(&kid);
            CheckingKey { kid, header, key: DecodingKey::from_secret(key.expose_bytes()) }
        };
        Self {
            issuing: EncodingKey::from_secret(keys.issuing().expose_bytes()),
            issuing_header: header::encoded(&keys.issuing().id.to_string()),
            checking: keys.all().map(checking).collect(),
            issuer: issuer.into(),
            audience: audience.into(),
            ttl,
            leeway,
            clock,
        }
    }

    /// How long a token that is issued now will be good for.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Makes a token. The account's password, or a refresh token, has been checked before.
    pub fn issue(&self, grant: &Grant<'_>) -> Result<AccessToken, Error> {
        let now_s = self.clock.now_s();
        let claims = Claims {
            iss: (&*self.issuer).into(),
            aud: (&*self.audience).into(),
            sub: grant.user_id,
            iat: now_s,
            nbf: None,
            exp: now_s.saturating_add(self.ttl.as_secs()),
            jti: Uuid::new_v4().to_string().into(),
            email: grant.email.into(),
            sid: grant.session.map(|session| session.id),
            epoch: grant.session.map(|session| session.epoch),
        };
        let payload = serde_json::to_vec(&claims).map_err(internal)?;
        let mut token = format!("{}.{}", self.issuing_header, URL_SAFE_NO_PAD.encode(payload));
        let signature = crypto::sign(token.as_bytes(), &self.issuing, ALGORITHM).map_err(internal)?;
        token.push('.');
        token.push_str(&signature);
        if token.len() > MAX_BYTES {
            return Err(Error::Internal("an access token came out longer than any server would read".into()));
        }
        Ok(AccessToken(token))
    }

    /// Says what a token says, if every check holds. Asks nobody: that is what makes it fast, and why a log-out cannot
    /// reach it.
    pub fn check(&self, token: &str) -> Result<Checked, Error> {
        let payload = self.signed_payload(token)?;
        let claims = self.meant_for_us(&payload)?;
        claims.check_times(self.clock.now_s(), self.leeway.as_secs())?;
        claims.into_checked()
    }

    /// As [`check`](Self::check) without the times: **an expired token passes**. It proves that we issued the token and
    /// to whom, not that it is good for anything. For logging out with an access token that ran out meanwhile, and for
    /// nothing that reads or gives.
    pub fn dangerous_check_ignoring_expiry(&self, token: &str) -> Result<Checked, Error> {
        let payload = self.signed_payload(token)?;
        self.meant_for_us(&payload)?.into_checked()
    }

    /// The payload's bytes, once the signature holds under the key that the header names.
    fn signed_payload(&self, token: &str) -> Result<Vec<u8>, Error> {
        if token.len() > MAX_BYTES {
            return Err(Error::InvalidToken("longer than 4096 bytes"));
        }
        // RFC 7515 §3.1: three parts. The signature covers the first two, dot included, exactly as they came.
        let (message, signature) = token.rsplit_once('.').ok_or(Error::InvalidToken("not three parts"))?;
        let (header, payload) = message.split_once('.').ok_or(Error::InvalidToken("not three parts"))?;
        if payload.contains('.') {
            return Err(Error::InvalidToken("not three parts"));
        }
        let key = self.key_for(header)?;
        match crypto::verify(signature, message.as_bytes(), key, ALGORITHM) {
            Ok(true) => {}
            Ok(false) => return Err(Error::InvalidToken("the signature does not hold")),
            Err(_) => return Err(Error::InvalidToken("the signature is no base64url")),
        }
        // This engine takes no padding, no other alphabet and no stray bits in the last character (RFC 4648 §3.5).
        URL_SAFE_NO_PAD.decode(payload).or(Err(Error::InvalidToken("the payload is no base64url")))
    }

    /// The key that a header names. Nearly every token carries byte for byte the header that we write, so that is compared
    /// first; any other spelling is read, and held to the same rules.
    fn key_for(&self, encoded: &str) -> Result<&DecodingKey, Error> {
        if let Some(known) = self.checking.iter().find(|known| known.header == encoded) {
            return Ok(&known.key);
        }
        let kid = header::read(encoded)?;
        let known = self.checking.iter().find(|known| known.kid == kid);
        known.map(|known| &known.key).ok_or(Error::InvalidToken("its kid names no key of ours"))
    }

    fn meant_for_us<'a>(&self, payload: &'a [u8]) -> Result<Claims<'a>, Error> {
        let claims = Claims::read(payload)?;
        // RFC 7519 §4.1.1: compared as they are; a trailing slash makes another issuer.
        if claims.iss != self.issuer {
            return Err(Error::InvalidToken("another issuer"));
        }
        if claims.aud != self.audience {
            return Err(Error::InvalidToken("another audience"));
        }
        if claims.jti.is_empty() {
            return Err(Error::InvalidToken("an empty jti"));
        }
        Ok(claims)
    }
}

/// Keys and settings stay out of every log.
impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<_> = self.checking.iter().map(|key| &key.kid).collect();
        f.debug_struct("AccessTokens").field("kids", &kids).finish_non_exhaustive()
    }
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Internal(error.into())
}
