//! The five flows over any scheme: sign up, log in, who am I, log out, delete the account.
//!
//! The handlers are the same in every lab, so a difference between two labs is a difference between their schemes. Each
//! one parses, calls and answers; what protects it stands in its signature.

mod asked;
mod described;
mod happened;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use self::asked::{Credentials, Deletion, LogOutRequest, PasswordChange};
pub use self::described::routes;
use self::happened::happened;
use crate::accounts::{Email, User};
use crate::audit::{Event, Whose};
use crate::body::Body;
use crate::descriptor::Descriptor;
use crate::endings::to_its_end;
use crate::error::{Error, Flaw};
use crate::openapi::Described;
use crate::password::{NewPassword, Password};
use crate::scheme::{Confirmed, Principal, Scheme, Scope};
use crate::state::App;
use crate::throttle::Attempt;
use crate::{cors, lifted, metrics, observe};

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
    let (metrics, origins) = (app.metrics.clone(), app.origins.clone());
    for keys in app.scheme.held_keys() {
        let (issues, checks) = (&keys.issues, keys.checks.join(","));
        tracing::info!(r#use = keys.purpose, issues, checks, "holds keys");
        metrics.holds(&keys);
    }
    observe::around(cors::around(router.with_state(app), &origins), metrics, &origins)
}

async fn describe<S: Scheme>(State(app): State<App<S>>) -> impl IntoResponse {
    let (claims, password_min) = (app.scheme.claims(), app.limits.password_min);
    Json(Descriptor::new(claims, app.log_in, password_min, app.controls, &app.origins))
}

async fn sign_up<S: Scheme>(
    State(app): State<App<S>>,
    NotForeign(request): NotForeign,
    Body(new): Body<Credentials>,
) -> Result<Response, Error> {
    let password = chosen(&app, "/password", new.password, &new.email)?;
    let hash = app.accounts.hash(password).await?;
    to_its_end(async move {
        let user = app.accounts.add(new.email, &hash).await?;
        let issued = lifted::issue(&app, &request, &user, &new.client).await;
        let response = happened(StatusCode::CREATED, &user, issued);
        app.audit(&request, Event::SignUp, Whose::user(user.id).opened(&response));
        Ok(response)
    })
    .await
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
    let issued = lifted::issue(&app, &request, &user, &given.client).await?;
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
    to_its_end(async move {
        let (whose, ended) = match asked.scope {
            Scope::Local => {
                let whose = who_leaves(&app, &request).await?;
                (whose, app.scheme.end(&request, &asked.log_out).await?)
            }
            Scope::Others => {
                let confirmed = who_ends_more(&app, &mut request).await?;
                (whose(&confirmed.principal), app.scheme.end_others(&confirmed.principal).await?)
            }
            Scope::Global => {
                let confirmed = who_ends_more(&app, &mut request).await?;
                let user = app.accounts.raise_epoch(confirmed.user.id).await?;
                app.end_all(Some(&request), user.ending()).await;
                (whose(&confirmed.principal), app.scheme.forgotten())
            }
        };
        app.audit(&request, Event::LogOut(asked.scope), whose);
        Ok((StatusCode::NO_CONTENT, ended, ()).into_response())
    })
    .await
}

// ANCHOR: password
/// All earlier sessions end, the presenting one too, because it may have been copied: that is why one changes a password.
async fn change_password<S: Scheme>(
    State(app): State<App<S>>,
    confirmed: Confirmed,
    request: Parts,
    Body(change): Body<PasswordChange>,
) -> Result<Response, Error> {
    let new = chosen(&app, "/new_password", change.new, &confirmed.user.email)?;
    prove(&app, &request, &confirmed, change.current).await?;
    let hash = app.accounts.hash(new).await?;
    to_its_end(async move {
        let user = app.accounts.set_password(&confirmed.user, &hash).await?;
        let issued = match app.end_all(Some(&request), user.ending()).await {
            Some(heard) => {
                let user = User { epoch: heard.epoch, ..user.clone() };
                lifted::issue(&app, &request, &user, &confirmed.client).await
            }
            None => Err(Error::StoreUnavailable("the earlier sessions are not ended yet".into())),
        };
        let response = happened(StatusCode::OK, &user, issued);
        app.audit(&request, Event::PasswordChanged, whose(&confirmed.principal).opened(&response));
        Ok(response)
    })
    .await
}
// ANCHOR_END: password

/// The row goes first, and with it the right to anything: what the session store holds of the account after that opens
/// nothing that asks the row, and is ended now or later.
async fn delete_account<S: Scheme>(
    State(app): State<App<S>>,
    confirmed: Confirmed,
    request: Parts,
    Body(deletion): Body<Deletion>,
) -> Result<Response, Error> {
    prove(&app, &request, &confirmed, deletion.password).await?;
    to_its_end(async move {
        let gone = app.accounts.delete(&confirmed.user).await?;
        app.end_all(Some(&request), gone.ending()).await;
        app.audit(&request, Event::AccountDeleted, whose(&confirmed.principal));
        Ok((StatusCode::NO_CONTENT, app.scheme.forgotten(), ()).into_response())
    })
    .await
}

/// A new password that this server takes for this account, or where the flaw is and what.
fn chosen<S>(app: &App<S>, pointer: &str, password: Password, email: &Email) -> Result<NewPassword, Error> {
    password
        .chosen(app.limits.password_min, email)
        .map_err(|detail| Error::Invalid(vec![Flaw { pointer: pointer.to_owned(), detail }]))
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
    let mut asked = app.scheme.authenticate(request).await;
    if let (Err(Error::InvalidToken(_)), Some(by_cookie)) = (&asked, without_authorization(request)) {
        asked = app.scheme.authenticate(&by_cookie).await;
    }
    match asked {
        Ok(principal) => Ok(whose(&principal)),
        Err(away @ Error::StoreUnavailable(_)) => Err(away),
        Err(_refused) => Ok(Whose::default()),
    }
}

/// Who asks to end more than the presenting session. At a log-out the cookie of a session decides where there is one: an
/// `Authorization` header that opens nothing does not take the cookie's word away either.
async fn who_ends_more<S: Scheme>(app: &App<S>, request: &mut Parts) -> Result<Confirmed, Error> {
    let asked = Confirmed::from_request_parts(request, app).await;
    let (Err(Error::InvalidToken(_)), Some(mut by_cookie)) = (&asked, without_authorization(request)) else {
        return asked;
    };
    match Confirmed::from_request_parts(&mut by_cookie, app).await {
        Err(Error::Unauthenticated) => asked,
        by_cookie => by_cookie,
    }
}

/// The request without its `Authorization` header, where it has one.
fn without_authorization(request: &Parts) -> Option<Parts> {
    let mut request = request.clone();
    request.headers.remove(AUTHORIZATION)?;
    Some(request)
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
