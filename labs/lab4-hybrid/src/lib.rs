//! Access token and refresh token together: the design that a team would run.
//!
//! A short access token is checked without asking anybody, so `/me` costs what it costs in the access-only lab. A long
//! refresh token, exchanged for a new one at every use, keeps the person logged in; its session lives in a store, so it
//! can be seen, ended, and caught when somebody else uses a copy. What is given up against plain sessions: an access token
//! that was copied works until its `exp`, fifteen minutes at most, on routes that do not ask the store.
//!
//! | file | what it is |
//! |---|---|
//! | [`token`] | the refresh token on the wire, and the only way from a string to one that is ours |
//! | [`chain`] | the keyed chain: why no token is stored and a repeated request does no harm |
//! | [`idempotency`] | the key that tells a client's retry from a thief |
//! | [`store`] | what a store promises; [`store::Memory`], and [`store::Redis`] with one script per operation |
//! | [`strict`] | the check of an access token on the path of every request |
//! | [`hybrid`] | the scheme: how both tokens are issued, checked and ended |
//! | [`delivery`] | the cookie for pages, the body for apps |
//! | [`refresh`], [`sessions`] | the routes that only this scheme has |

pub mod chain;
pub mod delivery;
pub mod hybrid;
pub mod idempotency;
pub mod refresh;
pub mod sessions;
pub mod store;
pub mod strict;
pub mod token;

use axum::Router;
use kit::config::Store as Place;
use kit::openapi::Described;
use kit::{App, Clock, Config, Origins, StartError};

pub use hybrid::Hybrid;

/// The lab's server, to be handed to `kit::serve`. `origins` are the server's own, for requests that a cookie vouches for.
pub async fn router(config: &Config, clock: Clock, origins: Origins) -> Result<Router, StartError> {
    let policy = config.into();
    match &config.store {
        Place::Memory => assemble(store::Memory::new(policy, clock.clone()), config, clock, origins).await,
        Place::Redis(url) => {
            let store = store::Redis::connect(url, config.redis, policy, clock.clone()).await?;
            assemble(store, config, clock, origins).await
        }
    }
}

async fn assemble<S: store::Store>(
    store: S,
    config: &Config,
    clock: Clock,
    origins: Origins,
) -> Result<Router, StartError> {
    let scheme = Hybrid::new(store, config, clock.clone(), origins.clone())?;
    let own = Described::new()
        .post("/auth/refresh", refresh::refresh::<S>, refresh::described())
        .get("/auth/sessions", sessions::list::<S>, sessions::list_described())
        .delete("/auth/sessions/{id}", sessions::end::<S>, sessions::end_described());
    Ok(kit::router(App::new(scheme, config, clock, origins).await?, own))
}
