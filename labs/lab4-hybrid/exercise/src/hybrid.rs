//! The scheme: an access token that is verified without asking a store, and a refresh token with a session record in a
//! store.

use std::sync::Arc;

use axum::Router;
use http::request::Parts;
use kit::bearer;
use kit::descriptor::Description;
use kit::keyring::{HeldKeys, Keyring};
use kit::marker::Marked;
use kit::openapi::Described;
use kit::{
    App, Client, ClientKind, Clock, Config, Ending, Error, NotReady, Origins, Principal, Scheme, StartError,
    User,
};
use lab3_access::access_token::{AccessTokens, Grant, Session};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::chain::Keys;
use crate::delivery::cookies::{SetCookies, Shown, name_of};
use crate::delivery::{Credentials, Granted, received, shown_cookies};
use crate::design::DESIGN;
use crate::in_body::InBody;
use crate::settings::Settings;
use crate::store::{Issue, NewSession, Policy, Store};
use crate::strict::StrictVerifier;
use crate::token::VerifiedToken;
use crate::{refresh, sessions, store};

/// The features that `GET /lab` lists without the live check.
const FEATURES: &[&str] = &["access-jwt", "refresh", "rotation", "sessions-list", "scopes"];
/// The features that `GET /lab` lists with the live check: a session that was ended is refused from then on, including
/// its access tokens.
const LIVE_FEATURES: &[&str] =
    &["access-jwt", "refresh", "rotation", "sessions-list", "scopes", "instant-revocation"];

/// The hybrid scheme over any store. Clones share everything.
#[derive(Clone)]
pub struct Hybrid<S> {
    parts: Arc<Shared<S>>,
}

pub(crate) struct Shared<S> {
    pub(crate) store: S,
    pub(crate) keys: Keys,
    pub(crate) access: AccessTokens,
    strict: StrictVerifier,
    pub(crate) origins: Origins,
    policy: Policy,
    live_check: bool,
    held_keys: [HeldKeys; 2],
}

/// Builds the lab's server, for `kit::serve`. `origins` are the server's own origins, for requests that a cookie
/// authenticates.
///
/// # Errors
/// Fails if the configured store cannot be reached or lacks a right, the keys cannot be prepared, or the accounts
/// cannot be opened or read.
pub async fn router(config: &Config, clock: Clock, origins: Origins) -> Result<Router, StartError> {
    let settings = Settings::read(config)?;
    let policy = settings.policy(config);
    match &config.store {
        kit::Store::Memory => {
            router_over(store::Memory::new(policy, clock.clone()), config, &settings, clock, origins).await
        }
        kit::Store::Redis(url) => {
            let store = store::Redis::connect(url, config.redis, policy, clock.clone()).await?;
            router_over(store, config, &settings, clock, origins).await
        }
    }
}

/// Builds the lab's server over an existing store. The store must have been created with the same configuration,
/// settings and clock.
///
/// # Errors
/// Fails if the keys cannot be prepared, or if the accounts cannot be opened or read.
pub async fn router_over<S: Store>(
    store: S,
    config: &Config,
    settings: &Settings,
    clock: Clock,
    origins: Origins,
) -> Result<Router, StartError> {
    // Devices are recognised by the refresh keys, unless there are keys for them.
    let device_keys = config.device_keys.clone().or_else(|| settings.refresh_keys.clone());
    let config = &Config { device_keys, ..config.clone() };
    let scheme = Hybrid::new(store, config, settings, clock.clone(), origins.clone())?;
    let app = App::new(scheme.clone(), config, clock, origins).await?;
    let own = Described::new()
        .post("/auth/refresh", refresh::refresh::<S>, refresh::described())
        .get("/auth/sessions", sessions::list::<S>, sessions::list_described())
        .delete("/auth/sessions/{id}", sessions::end::<S>, sessions::end_described())
        .with_state(app.with(scheme));
    Ok(kit::router(app, own))
}

impl<S: Store> Hybrid<S> {
    /// The scheme with the configured keys, or with random keys, which are lost when the process ends. `store` must
    /// have been created with the same configuration, settings and clock.
    ///
    /// # Errors
    /// Fails if the refresh keys cannot be derived or the headers of access tokens cannot be encoded.
    pub fn new(
        store: S,
        config: &Config,
        settings: &Settings,
        clock: Clock,
        origins: Origins,
    ) -> Result<Self, StartError> {
        let master = settings.refresh_keys.clone().unwrap_or_else(Keyring::random);
        let keys = Keys::derive(&master)
            .map_err(|error| StartError::Scheme(format!("the refresh keys cannot be derived: {error}")))?;
        let signing = config.access_keys.clone().unwrap_or_else(Keyring::random);
        let (issuer, audience) = (config.issuer.as_str(), config.audience.as_str());
        let strict = StrictVerifier::new(&signing, issuer, audience, config.leeway, clock.clone()).map_err(
            |error| StartError::Scheme(format!("the access tokens' headers cannot be written: {error}")),
        )?;
        let access = AccessTokens::new(&signing, issuer, audience, config.access_ttl, config.leeway, clock);
        let (policy, live_check) = (settings.policy(config), settings.live_check);
        let held_keys = [signing.held_for("access"), master.held_for("refresh")];
        let shared = Shared { store, keys, access, strict, origins, policy, live_check, held_keys };
        Ok(Self { parts: Arc::new(shared) })
    }

    pub(crate) fn parts(&self) -> &Shared<S> {
        &self.parts
    }

    /// Ends the sessions whose cookies came with a login request. A browser has one user at a time, and a new login
    /// never takes over an old session: the new session has its own id and secret. The login succeeds even if this
    /// fails: then the server ends the old sessions later, in the background.
    async fn end_sessions_of(&self, cookies: &Shown) {
        for (user, session) in cookies.sessions().iter().map(|shown| named_by(&shown.token)) {
            let Err(error) = self.parts().store.end_replaced(user, session).await else { continue };
            let this = self.clone();
            kit::finish_later(&error, move || {
                let this = this.clone();
                async move { this.parts().store.end_replaced(user, session).await.is_ok() }
            });
        }
    }
}

impl<S: Store> Scheme for Hybrid<S> {
    type Issued = Credentials;
    type Ended = SetCookies;
    type LogOut = InBody;

    fn describe(&self) -> Description {
        let Shared { access, policy, live_check, .. } = self.parts();
        Description {
            design: &DESIGN,
            store: S::NAME,
            features: if *live_check { LIVE_FEATURES } else { FEATURES },
            access_ttl: Some(access.ttl()),
            refresh_ttl: Some(policy.absolute),
            idle_ttl: Some(policy.idle),
            refresh_window: Some(policy.window),
        }
    }

    fn held_keys(&self) -> Vec<HeldKeys> {
        self.parts().held_keys.to_vec()
    }

    fn marked(&self) -> Option<Marked> {
        self.parts().store.marked()
    }

    // ANCHOR: write-issue
    async fn issue(&self, request: &Parts, user: &User, client: &Client) -> Result<Credentials, Error> {
        // 1. let before = shown_cookies(keys, request); self.end_sessions_of(&before): logs the browser's previous user out.
        // 2. keys.first_token(user.id, client.kind): the session's name, its first token, and the digests for the store.
        // 3. store.issue(&NewSession { … }). Issue::Stale { epoch }: the store knows a later one, Error::StoreAhead { epoch }.
        // 4. Granted { … }.deliver(): access.issue_within(expires_in, &grant(user, session_id)) is its access token, the cookie is
        //    called name_of(session_id), and the cookies of before are cleared: before.cleared().
        todo!("issue: a session, an access token, a refresh token")
    }
    // ANCHOR_END: write-issue

    // ANCHOR: two-paths
    /// Asks no store. So an access token whose session was ended is still accepted here, until its `exp`.
    async fn authenticate(&self, request: &Parts) -> Result<Principal, Error> {
        let token = bearer::token(request)?.ok_or(Error::Unauthenticated)?;
        self.parts().strict.check(token)
    }

    /// With the live check, every route confirms the session, and the design's advantage is lost: each request reads
    /// the account's row and the store, and an outage of either affects every route. The row is read because only the
    /// row knows of an ending that did not reach the store yet.
    fn live_check(&self) -> bool {
        self.parts().live_check
    }

    /// Asks the store, for the routes that contact it anyway: they refuse the access token of an ended session.
    async fn confirm(&self, principal: &Principal, user: &User) -> Result<Client, Error> {
        let session_id = session_of(principal)?;
        let live = self.parts().store.live(user.id, session_id, user.epoch).await?;
        live.ok_or(Error::InvalidToken("its session has ended"))
    }
    // ANCHOR_END: two-paths

    // ANCHOR: write-end
    /// Ends every session that the request names: by an access token of this server, even an expired one, by a refresh
    /// token in the body, or by cookies. A credential that this server did not issue names no session, does not hide
    /// the other credentials, and leaves the response the same.
    async fn end(&self, request: &Parts, log_out: &InBody) -> Result<SetCookies, Error> {
        // A request names sessions in up to three ways:
        //   the access token, even one that has expired: access.dangerous_check_ignoring_expiry(token)
        //   the refresh token in the body:               received(keys, text, ClientKind::Mobile)
        //   the cookies, one for each session:           shown_cookies(keys, request).sessions()
        // Cookies count from our own pages only (require_own); from another page they are an error if the request names no other
        // session. A token that is not ours names no session. End each session with store.end(user_id, session_id), and clear
        // the cookies: cookies.cleared(), or from another page only those of sessions that the request names in another way:
        // cookies.cleared_where(|token| …).
        todo!("end: every session that the request names")
    }
    // ANCHOR_END: write-end

    async fn end_others(&self, principal: &Principal) -> Result<SetCookies, Error> {
        let ended = self.parts().store.end_others(principal.user_id, session_of(principal)?).await?;
        tracing::info!(target: "audit", event = "sessions_ended", user = %principal.user_id, ended);
        Ok(SetCookies::default())
    }

    async fn end_all(&self, ending: &Ending) -> Result<(), Error> {
        match self.parts().store.end_all(ending.user_id, ending.epoch).await? {
            known if known > ending.epoch => Err(Error::StoreAhead { epoch: known }),
            _ => Ok(()),
        }
    }

    fn forgotten(&self, request: &Parts, user_id: Uuid) -> SetCookies {
        shown_cookies(&self.parts().keys, request).cleared_where(|token| token.user_id() == user_id)
    }

    async fn ready(&self) -> Result<(), NotReady> {
        self.parts().store.ready().await
    }
}

/// The content of an access token of this session.
pub(crate) fn grant(user: &User, session_id: Uuid) -> Grant<'_> {
    let session = Session { id: session_id, epoch: user.epoch };
    Grant { user_id: user.id, email: user.email.as_str(), session: Some(session) }
}

/// The user and the session that a refresh token belongs to.
fn named_by(token: &VerifiedToken) -> (Uuid, Uuid) {
    (token.user_id(), token.session_id())
}

fn session_of(principal: &Principal) -> Result<Uuid, Error> {
    principal.session_id.ok_or(Error::InvalidToken("it names no session"))
}
