//! The five flows over any scheme: sign up, log in, who am I, log out, delete the account.
//!
//! The handlers are the same in every lab, so a difference between two labs is a difference between their schemes. Each
//! one parses, calls and answers; what protects it stands in its signature.

mod asked;
mod described;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use self::asked::{Credentials, Deletion, LogOutRequest, PasswordChange};
pub use self::described::routes;
use crate::audit::{Event, Whose};
use crate::body::Body;
use crate::descriptor::Descriptor;
use crate::error::Error;
use crate::openapi::Described;
use crate::password::Password;
use crate::scheme::{Confirmed, Principal, Scheme, Scope};
use crate::state::App;
use crate::throttle::Attempt;
use crate::{metrics, observe};

/// A whole server: the shared routes, the scheme's own, and what surrounds them all.
pub fn router<S: Scheme>(app: App<S>, own: impl Into<Described<S>>) -> Router {
    let (router, document) = routes::<S>().merge(own.into()).into_parts(&app.scheme.claims());
    let document = document.to_string();
    let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let router = router
        .route("/openapi.json", get(async move || ([json], document)))
        .route("/metrics", get(metrics::show::<S>))
        .fallback(|| async { Error::NotFound })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed });
    let metrics = app.metrics.clone();
    for keys in app.scheme.held_keys() {
        let (issues, checks) = (&keys.issues, keys.checks.join(","));
        tracing::info!(r#use = keys.purpose, issues, checks, "holds keys");
        metrics.holds(&keys);
    }
    observe::around(router.with_state(app), metrics)
}

async fn describe<S: Scheme>(State(app): State<App<S>>) -> impl IntoResponse {
    Json(Descriptor::new(app.scheme.claims(), app.log_in, app.controls))
}

async fn sign_up<S: Scheme>(
    State(app): State<App<S>>,
    NotForeign(request): NotForeign,
    Body(new): Body<Credentials>,
) -> Result<Response, Error> {
    let user = app.accounts.sign_up(new.email, new.password).await?;
    let issued = app.scheme.issue(&request, &user, &new.client.of(&request)).await?;
    let response = (StatusCode::CREATED, issued).into_response();
    app.audit(&request, Event::SignUp, Whose::user(user.id).opened(&response));
    Ok(response)
}

async fn log_in<S: Scheme>(
    State(app): State<App<S>>,
    NotForeign(request): NotForeign,
    Body(given): Body<Credentials>,
) -> Result<Response, Error> {
    let throttled = (Event::LogInThrottled, Whose::default());
    let attempt = attempt(&app, &request, given.email.as_str(), throttled)?;
    let user = match app.accounts.log_in(&given.email, given.password).await {
        Ok(user) => user,
        Err(Error::InvalidCredentials) => {
            app.audit(&request, Event::LogInRefused, Whose::default());
            return Err(Error::InvalidCredentials);
        }
        Err(error) => {
            attempt.withdrawn();
            return Err(error);
        }
    };
    attempt.succeeded();
    let issued = app.scheme.issue(&request, &user, &given.client.of(&request)).await?;
    let response = (StatusCode::OK, issued).into_response();
    app.audit(&request, Event::LogIn, Whose::user(user.id).opened(&response));
    Ok(response)
}

// ANCHOR: me
async fn me(principal: Principal) -> Json<Principal> {
    Json(principal)
}
// ANCHOR_END: me

async fn log_out<S: Scheme>(
    State(app): State<App<S>>,
    mut request: Parts,
    Body(asked): Body<LogOutRequest>,
) -> Result<Response, Error> {
    let (whose, ended) = match asked.scope {
        Scope::Local => {
            let whose = who_leaves(&app, &request).await?;
            (whose, app.scheme.end(&request, &asked.log_out).await?)
        }
        Scope::Others => {
            let confirmed = Confirmed::from_request_parts(&mut request, &app).await?;
            (whose(&confirmed.principal), app.scheme.end_others(&confirmed.principal).await?)
        }
        Scope::Global => {
            let confirmed = Confirmed::from_request_parts(&mut request, &app).await?;
            let user = app.accounts.raise_epoch(confirmed.user.id).await?;
            (whose(&confirmed.principal), app.scheme.end_all(&request, &user).await?)
        }
    };
    app.audit(&request, Event::LogOut(asked.scope), whose);
    Ok((StatusCode::NO_CONTENT, ended, ()).into_response())
}

// ANCHOR: password
/// All earlier sessions end, the presenting one too, because it may have been copied: that is why one changes a password.
async fn change_password<S: Scheme>(
    State(app): State<App<S>>,
    confirmed: Confirmed,
    request: Parts,
    Body(change): Body<PasswordChange>,
) -> Result<Response, Error> {
    let client = change.client(&request, confirmed.client.clone());
    prove(&app, &request, &confirmed, change.current).await?;
    let user = app.accounts.change_password(&confirmed.user, change.new).await?;
    app.scheme.end_all(&request, &user).await?;
    let issued = app.scheme.issue(&request, &user, &client).await?;
    let response = (StatusCode::OK, issued).into_response();
    app.audit(&request, Event::PasswordChanged, whose(&confirmed.principal).opened(&response));
    Ok(response)
}
// ANCHOR_END: password

/// Ends the sessions twice. Before the row goes, so that a store that is down makes the call fail while it can still be
/// repeated; and after, so that a log-in that came between leaves nothing behind.
async fn delete_account<S: Scheme>(
    State(app): State<App<S>>,
    confirmed: Confirmed,
    request: Parts,
    Body(deletion): Body<Deletion>,
) -> Result<Response, Error> {
    prove(&app, &request, &confirmed, deletion.password).await?;
    let user = app.accounts.raise_epoch(confirmed.user.id).await?;
    app.scheme.end_all(&request, &user).await?;
    let gone = app.accounts.delete(&user).await?;
    let ended = app.scheme.end_all(&request, &gone).await?;
    app.audit(&request, Event::AccountDeleted, whose(&confirmed.principal));
    Ok((StatusCode::NO_CONTENT, ended, ()).into_response())
}

/// Checks the account's password once more, under the same limits as a log-in.
async fn prove<S>(
    app: &App<S>,
    request: &Parts,
    confirmed: &Confirmed,
    password: Password,
) -> Result<(), Error> {
    let (user, whose) = (&confirmed.user, whose(&confirmed.principal));
    let attempt = attempt(app, request, user.email.as_str(), (Event::PasswordThrottled, whose))?;
    match app.accounts.check_password(user, password).await {
        Ok(()) => attempt.succeeded(),
        Err(Error::WrongPassword) => {
            app.audit(request, Event::WrongPassword, whose);
            return Err(Error::WrongPassword);
        }
        Err(error) => {
            attempt.withdrawn();
            return Err(error);
        }
    }
    Ok(())
}

/// A place for one attempt on an account; where there is none, the audit log hears of it.
fn attempt<'a, S>(
    app: &'a App<S>,
    request: &Parts,
    account: &str,
    throttled: (Event, Whose),
) -> Result<Attempt<'a>, Error> {
    let attempt = app.throttle.attempt(account, app.proxies.client(request));
    if let Err(Error::Throttled { .. }) = &attempt {
        app.audit(request, throttled.0, throttled.1);
    }
    attempt
}

/// Whose the credential is that is about to be ended, for the audit log. A log-out is one whatever the credential's state
/// is, so one that is refused is nobody's; but a store that is away has been asked once, which is enough.
async fn who_leaves<S: Scheme>(app: &App<S>, request: &Parts) -> Result<Whose, Error> {
    match app.scheme.authenticate(request).await {
        Ok(principal) => Ok(whose(&principal)),
        Err(away @ Error::StoreUnavailable(_)) => Err(away),
        Err(_refused) => Ok(Whose::default()),
    }
}

fn whose(principal: &Principal) -> Whose {
    Whose { user: Some(principal.user_id), session: principal.session_id }
}

/// The request's head, when no foreign page sent it. Comes before the body in a signature, so that a cross-site form is
/// refused before it is read.
struct NotForeign(Parts);

impl<S: Scheme> FromRequestParts<App<S>> for NotForeign {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App<S>) -> Result<Self, Error> {
        app.origins.refuse_foreign(parts)?;
        Ok(Self(parts.clone()))
    }
}
