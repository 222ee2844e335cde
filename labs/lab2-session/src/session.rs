//! The session: the server knows who is logged in, and forgets when told to.
//!
//! The cookie holds a random name and nothing else; what it stands for is in the [`Store`]. So every request asks the
//! store, and for the same reason **a log-out is one**: the record is deleted, and every copy of the cookie is worth
//! nothing from that moment.
//!
//! Only a log-in, a sign-up and a new password set the cookie, and only a log-out and a deletion clear it: the id stays for
//! the session's life, so no late answer to any other request can displace a newer log-in. There is one cookie, though,
//! and a late log-out of one tab clears what another tab has logged in to since. The hybrid, whose cookie changes all the
//! time, has one for each session; here a page that lets one of those requests go at a time is enough.
//!
//! `tower_sessions::Session` is used directly and its `SessionManagerLayer` is not mounted. The layer clears the cookie with
//! other attributes than it was set with, which browsers ignore for a `__Host-` name (the person stays logged in); turns a
//! store's outage into an empty 500; and cannot follow a clock that is passed in.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{Json, Router};
use http::header::AUTHORIZATION;
use http::request::Parts;
use kit::cookie::{self, HostCookie, SameSite, SetCookie};
use kit::descriptor::Description;
use kit::marker::Marked;
use kit::{
    App, Client, Clock, Config, Ending, Error, LogOut, NotReady, Origins, Principal, Scheme, StartError,
    User, bearer,
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

/// The cookie. `Lax`: a link from elsewhere finds the person logged in, a form from elsewhere does not.
pub const COOKIE: HostCookie = HostCookie { name: "__Host-session", same_site: SameSite::Lax };

/// The design with sessions, over a store. Clones share everything.
#[derive(Debug)]
pub struct Sessions<S> {
    store: Arc<S>,
    limits: Limits,
    clock: Clock,
    origins: Origins,
}

/// The body of a log-in. The credential is in the cookie, where no script reads it.
#[derive(Debug, Serialize)]
pub struct Body {
    user_id: Uuid,
    email: String,
}

/// The lab's server, to be handed to `kit::serve`. `origins` are the server's own.
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

/// The lab's server over a store that is there already.
pub async fn router_over<S: Store>(scheme: Sessions<S>, config: &Config) -> Result<Router, StartError> {
    let (clock, origins) = (scheme.clock.clone(), scheme.origins.clone());
    Ok(kit::router(App::new(scheme, config, clock, origins).await?, Router::new()))
}

impl<S: Store> Sessions<S> {
    /// The scheme over a store that was made with the same limits and the same clock.
    pub fn new(store: S, limits: Limits, clock: Clock, origins: Origins) -> Self {
        Self { store: Arc::new(store), limits, clock, origins }
    }

    fn session(&self, id: Id) -> Session {
        Session::new(Some(id), Arc::clone(&self.store), None)
    }

    /// Ends the session that a log-in takes the place of. The log-in does not depend on it: an ending that fails is
    /// finished later.
    async fn end_replaced(&self, id: Id) {
        if let Err(error) = self.session(id).delete().await {
            let this = self.clone();
            kit::finish_later(&error, move || {
                let session = this.session(id);
                async move { session.delete().await.is_ok() }
            });
        }
    }

    /// Notes that the session is in use, if the last note of it is a [`Limits::step`] old.
    async fn keep_alive(&self, session: &Session, holder: &Holder) -> Result<(), Error> {
        let now_ms = self.clock.now_ms();
        if now_ms < holder.seen_at_ms.saturating_add(millis(self.limits.step())) {
            return Ok(());
        }
        let seen = Holder { seen_at_ms: now_ms, ..holder.clone() };
        session.set_expiry(until(seen.over_at_ms(&self.limits)));
        session.insert(HOLDER, seen).await.map_err(session_fault)?;
        session.save().await.map_err(session_fault)
    }
}

impl<S: Store> Scheme for Sessions<S> {
    type Issued = (SetCookie, Json<Body>);
    type Ended = Option<SetCookie>;

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
        let holder = Holder::new(user, self.clock.now_ms(), &self.limits);
        // ANCHOR: issue
        // No id goes in, so that the store draws one: an id from the client could be one that somebody else knows
        // (session fixation).
        let session = Session::new(None, Arc::clone(&self.store), until(holder.over_at_ms(&self.limits)));
        session.insert(HOLDER, holder).await.map_err(session_fault)?;
        session.save().await.map_err(session_fault)?;
        let id = session.id().ok_or(Error::Internal("a session was made without an id".into()))?;
        // The session of before ends only now: had the new one failed, the person would be left with neither.
        // Its cookie decides: an `Authorization` header that came along takes nothing away.
        if let Presented::Session(before) = presented_cookie(request) {
            self.end_replaced(before).await;
        }
        // ANCHOR_END: issue
        // The idle limit moves with use and the cookie is not sent again, so the cookie lives to the absolute limit.
        let cookie = COOKIE.set(&id.to_string(), self.limits.absolute);
        Ok((cookie, Json(Body { user_id: user.id, email: user.email.as_str().to_owned() })))
    }
    // ANCHOR_END: write-issue

    // ANCHOR: write-authenticate
    async fn authenticate(&self, request: &Parts) -> Result<Principal, Error> {
        let id = match presented(request)? {
            Presented::Session(id) => id,
            Presented::Nothing => return Err(Error::Unauthenticated),
            Presented::Bearer => return Err(Error::InvalidToken("this server gives out no tokens")),
            Presented::Garbage => return Err(Error::InvalidToken("the cookie holds no session id")),
        };
        self.origins.require_own(request)?;
        // ANCHOR: authenticate
        let session = self.session(id);
        let holder: Option<Holder> = session.get(HOLDER).await.map_err(session_fault)?;
        let holder = holder.ok_or(Error::InvalidToken("no such session"))?;
        self.keep_alive(&session, &holder).await?;
        // The epoch goes along: the kit refuses a session that the account's row has ended and this store has not heard of.
        let Holder { user_id, email, session_id, epoch, .. } = holder;
        Ok(Principal { user_id, email, session_id: Some(session_id), epoch: Some(epoch) })
        // ANCHOR_END: authenticate
    }
    // ANCHOR_END: write-authenticate

    // ANCHOR: write-end
    async fn end(&self, request: &Parts, _log_out: &LogOut) -> Result<Option<SetCookie>, Error> {
        let presented = presented_cookie(request);
        if let Presented::Nothing = presented {
            // No cookie came, so none is cleared: a form on another site, which sends none, would log people out.
            return Ok(None);
        }
        // ANCHOR: end
        self.origins.require_own(request)?;
        if let Presented::Session(id) = presented {
            self.session(id).delete().await.map_err(session_fault)?;
        }
        Ok(Some(COOKIE.clear()))
        // ANCHOR_END: end
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

/// What a request has to show for itself.
enum Presented {
    Nothing,
    /// An `Authorization` header. The request is judged by it alone, and this server gives out nothing that goes there.
    Bearer,
    Session(Id),
    /// A cookie whose value is no id.
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

/// What the cookie shows. At log-in and log-out it decides, since the session is its own: an `Authorization` header
/// neither vouches for it nor takes anything away.
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
