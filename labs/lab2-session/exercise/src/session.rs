//! The session scheme: the server knows which users are logged in, and a logout takes effect at once.
//!
//! The cookie contains a random id and nothing else; the session record for that id is in the [`Store`]. So the server
//! asks the store on every request. For the same reason **a logout really ends the session**: the record is deleted,
//! and from that moment every copy of the cookie is worthless.
//!
//! Only login, sign-up and a change of password set the cookie, and only logout and deletion of the account clear it.
//! The id stays the same for the session's life, so a late response to any other request cannot displace a newer login.
//! There is only one cookie, though: the late response to a logout in one tab clears the cookie of a session that
//! another tab has opened since. The hybrid's cookie changes all the time, so the hybrid has one cookie for each
//! session; here it is enough that a page sends only one of those requests at a time.
//!
//! This lab uses `tower_sessions::Session` directly and does not mount its `SessionManagerLayer`. The layer clears the
//! cookie with attributes that differ from those that it was set with, and browsers ignore that for a `__Host-` name
//! (the user stays logged in). It turns a store outage into an empty 500, and it cannot follow a clock that is passed
//! in.

use std::sync::Arc;

use axum::{Json, Router};
use http::header::AUTHORIZATION;
use http::request::Parts;
use kit::cookie::{self, HostCookie, SameSite, SetCookie};
use kit::descriptor::Description;
use kit::marker::Marked;
use kit::{
    App, Client, Clock, Config, Ending, Error, NotReady, Origins, Principal, Scheme, StartError, User, bearer,
};
use serde::Serialize;
use tower_sessions::Session;
use tower_sessions::session::Id;
use uuid::Uuid;

use crate::design::DESIGN;
use crate::holder::{HOLDER, Holder, Limits, millis};
use crate::store::memory::MemoryStore;
use crate::store::redis::RedisStore;
use crate::store::{Store, fault, session_fault, until};

/// The session cookie. `SameSite=Lax`: a browser sends it when the user follows a link from another site, and does not
/// send it with a form that another site posts.
pub const COOKIE: HostCookie = HostCookie { name: "__Host-session", same_site: SameSite::Lax };

/// The session design, over any store. Clones share their store, clock and origins.
#[derive(Debug)]
pub struct Sessions<S> {
    store: Arc<S>,
    limits: Limits,
    clock: Clock,
    origins: Origins,
}

/// The body of the response to a login. The credential is not in it: it is in the cookie, which no script can read.
#[derive(Debug, Serialize)]
pub struct Body {
    user_id: Uuid,
    email: String,
}

/// Builds the lab's server, for `kit::serve`. `origins` are the server's own origins.
///
/// # Errors
/// Fails if the configured store is a Redis Cluster, cannot be reached or lacks a right, or if the accounts cannot be
/// opened or read.
pub async fn router(config: &Config, clock: Clock, origins: Origins) -> Result<Router, StartError> {
    let limits = config.into();
    match &config.store {
        kit::Store::Memory => {
            let store = MemoryStore::new(limits, clock.clone());
            router_over(Sessions::new(store, limits, clock, origins), config).await
        }
        kit::Store::Redis(url) => {
            let store = RedisStore::connect(url, config.redis, limits, clock.clone()).await?;
            router_over(Sessions::new(store, limits, clock, origins), config).await
        }
    }
}

/// Builds the lab's server over an existing store.
///
/// # Errors
/// Fails if the accounts cannot be opened or read.
pub async fn router_over<S: Store>(scheme: Sessions<S>, config: &Config) -> Result<Router, StartError> {
    let (clock, origins) = (scheme.clock.clone(), scheme.origins.clone());
    Ok(kit::router(App::new(scheme, config, clock, origins).await?, Router::new()))
}

impl<S: Store> Sessions<S> {
    /// The scheme over a store. The store must have been created with the same limits and the same clock.
    pub fn new(store: S, limits: Limits, clock: Clock, origins: Origins) -> Self {
        Self { store: Arc::new(store), limits, clock, origins }
    }

    fn session(&self, id: Id) -> Session {
        Session::new(Some(id), Arc::clone(&self.store), None)
    }

    /// Ends the session that a new login replaces. The login succeeds even if this fails: then the server ends the old
    /// session later, in the background.
    async fn end_replaced(&self, id: Id) {
        if let Err(error) = self.session(id).delete().await {
            let this = self.clone();
            kit::finish_later(&error, move || {
                let session = this.session(id);
                async move { session.delete().await.is_ok() }
            });
        }
    }

    /// Records that the session is in use, if the last recorded use is at least a [`Limits::step`] ago.
    async fn keep_alive(&self, id: Id, holder: &Holder) -> Result<(), Error> {
        let now_ms = self.clock.now_ms();
        if now_ms < holder.seen_at_ms.saturating_add(millis(self.limits.step())) {
            return Ok(());
        }
        let seen = Holder { seen_at_ms: now_ms, ..holder.clone() };
        // Reads the whole record once more: whatever else is in it stays there.
        let session = self.session(id);
        session.set_expiry(until(seen.over_at_ms(&self.limits)));
        session.insert(HOLDER, seen).await.map_err(session_fault)?;
        session.save().await.map_err(session_fault)
    }
}

impl<S: Store> Scheme for Sessions<S> {
    type Issued = (SetCookie, Json<Body>);
    type Ended = Option<SetCookie>;
    type LogOut = ();

    fn describe(&self) -> Description {
        Description {
            design: &DESIGN,
            store: S::NAME,
            features: &["session-cookie", "scopes", "instant-revocation"],
            access_ttl: None,
            refresh_ttl: Some(self.limits.absolute),
            idle_ttl: Some(self.limits.idle),
            refresh_window: None,
        }
    }

    fn marked(&self) -> Option<Marked> {
        self.store.marked()
    }

    // ANCHOR: write-issue
    async fn issue(&self, request: &Parts, user: &User, _client: &Client) -> Result<Self::Issued, Error> {
        // 1. Holder::new(user, now, &self.limits) says whose session it is and until when.
        // 2. Session::new(None, …): without an id, so that the store generates one (session fixation). Insert the holder, save.
        // 3. End the session of the cookie that the request contains: see `presented_cookie` and `end_replaced`.
        // 4. COOKIE.set(id, self.limits.absolute) beside Json(Body { … }).
        todo!("issue: a new session, its id in the cookie")
    }
    // ANCHOR_END: write-issue

    // ANCHOR: write-authenticate
    async fn authenticate(&self, request: &Parts) -> Result<Principal, Error> {
        // 1. presented(request)? is Nothing (Error::Unauthenticated), Bearer or Garbage (Error::InvalidToken("the reason, for
        //    the log")), or Session(id).
        // 2. self.origins.require_own(request)?: a browser also sends the cookie with forms of other sites (CSRF).
        // 3. self.store.holder(&id) asks the store (map_err(fault)). None means that there is no such session.
        // 4. self.keep_alive(…), and return a Principal with the session's public name and Some(its epoch).
        todo!("authenticate: the cookie, the store, a Principal")
    }
    // ANCHOR_END: write-authenticate

    // ANCHOR: write-end
    async fn end(&self, request: &Parts, _log_out: &()) -> Result<Option<SetCookie>, Error> {
        // 1. presented_cookie(request): for Nothing, end nothing and clear nothing (Ok(None)); otherwise a form on another site
        //    could log users out.
        // 2. self.origins.require_own(request)?
        // 3. Session(id): delete it. In any case Some(COOKIE.clear()).
        todo!("end: delete the session, clear the cookie")
    }
    // ANCHOR_END: write-end

    async fn end_others(&self, principal: &Principal) -> Result<Option<SetCookie>, Error> {
        let keep = principal.session_id.ok_or(Error::InvalidToken("it has no session"))?;
        self.store.end_others(principal.user_id, keep).await.map_err(fault)?;
        Ok(None)
    }

    async fn end_all(&self, ending: &Ending) -> Result<(), Error> {
        match self.store.end_all(ending.user_id, ending.epoch).await.map_err(fault)? {
            known if known > ending.epoch => Err(Error::StoreAhead { epoch: known }),
            _ => Ok(()),
        }
    }

    fn forgotten(&self, _request: &Parts, _user_id: Uuid) -> Option<SetCookie> {
        Some(COOKIE.clear())
    }

    async fn ready(&self) -> Result<(), NotReady> {
        self.store.ready().await
    }
}

/// The credential that a request presents.
enum Presented {
    Nothing,
    /// An `Authorization` header. The request is judged by this header alone, and this server issues no bearer tokens.
    Bearer,
    Session(Id),
    /// A cookie whose value is not a session id.
    Garbage,
}

fn presented(request: &Parts) -> Result<Presented, Error> {
    if request.headers.contains_key(AUTHORIZATION) {
        return match bearer::token(request) {
            Err(malformed @ Error::Malformed(_)) => Err(malformed),
            _ => Ok(Presented::Bearer),
        };
    }
    Ok(presented_cookie(request))
}

/// The credential in the cookie. At login and logout only the cookie decides, because it contains the session: an
/// `Authorization` header neither replaces it nor makes it invalid.
fn presented_cookie(request: &Parts) -> Presented {
    match cookie::read(request, COOKIE.name).map(str::parse) {
        None => Presented::Nothing,
        Some(Ok(id)) => Presented::Session(id),
        Some(Err(_)) => Presented::Garbage,
    }
}

impl<S> Clone for Sessions<S> {
    fn clone(&self) -> Self {
        let Self { store, limits, clock, origins } = self;
        Self { store: Arc::clone(store), limits: *limits, clock: clock.clone(), origins: origins.clone() }
    }
}
