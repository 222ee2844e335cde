//! The flows over any scheme: sign up, log in, who am I, log out, change the password, delete the account.
//!
//! All labs have the same handlers, so a difference between two labs is a difference between their schemes. Each handler
//! parses, calls and answers; its signature shows what protects it.

mod asked;
mod attempts;
mod described;
mod happened;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use self::asked::{Credentials, Deletion, PasswordChange};
use self::attempts::{admit_sign_up, lane, place};
use self::described::routes;
use self::happened::happened;
use crate::accounts::{Email, Known, User};
use crate::audit::{Event, Whose};
use crate::body::{Body, Fields};
use crate::descriptor::Descriptor;
use crate::endings::to_its_end;
use crate::error::{Error, Flaw};
use crate::openapi::Described;
use crate::password::{NewPassword, Password, Work};
use crate::scheme::{Confirmed, Principal};
use crate::scope::Scope;
use crate::state::App;
use crate::state::lift;
use crate::throttle::{LogIn, Proof};
use crate::{cors, health, observe};

/// Builds the router of a whole server: the shared routes, the scheme's own routes, and the layers around them.
pub fn router(app: App, own: impl Into<Described>) -> Router {
    around(app, own.into())
}

fn around(app: App, own: Described) -> Router {
    let shared = routes(app.scheme.log_out_shape());
    let (router, document) = shared.merge(own).into_parts(app.scheme.describe().design);
    let document = document.to_string();
    let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let router = router
        .route("/openapi.json", get(async move || ([json], document)))
        .route("/metrics", get(health::metrics))
        .fallback(|| async { Error::NotFound })
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed });
    let (metrics, origins) = (app.metrics.clone(), app.origins.clone());
    for keys in app.scheme.held_keys() {
        let (issues, checks) = (&keys.issues, keys.checks.join(","));
        tracing::info!(r#use = keys.purpose, issues, checks, "holds keys");
        metrics.holds(&keys);
    }
    let proxies = app.proxies.clone();
    observe::around(cors::around(router.with_state(app), &origins), metrics, &origins, proxies)
}

async fn describe(State(app): State<App>) -> impl IntoResponse {
    let (description, password_min) = (app.scheme.describe(), app.limits.password_min);
    Json(Descriptor::new(description, app.log_in, password_min, app.controls, &app.origins))
}

async fn sign_up(
    State(app): State<App>,
    NotForeign(request): NotForeign,
    Body(new): Body<Credentials>,
) -> Result<Response, Error> {
    let client = new.client.of(&request);
    let password = chosen(&app, "/password", new.password, &new.email)?;
    let claimed = admit_sign_up(&app, &request, &new.email).await?;
    let hash = lane(&app, &request, Work::SignUp).hash(password).await?;
    to_its_end(async move {
        let user = app.accounts.add(new.email, &hash).await?;
        let issued = lift::issue(&app, &request, &user, &client).await;
        let mut response = happened(StatusCode::CREATED, &user, issued);
        app.devices.remember(&mut response, &request, &client, &Known::new(user.id, &hash));
        let whose = Whose { user: Some(user.id), ..claimed };
        app.audit(&request, Event::SignUp, whose.opened(&response));
        Ok(response)
    })
    .await
}

async fn log_in(
    State(app): State<App>,
    NotForeign(request): NotForeign,
    Body(given): Body<Credentials>,
) -> Result<Response, Error> {
    let (email, claimed) = (&given.email, app.claimed(&given.email));
    let known = app.accounts.known(email).await?;
    let log_in = LogIn {
        email,
        is_known: known.is_some(),
        device: known.and_then(|account| app.devices.recognise(&request, &account)),
        address: app.proxies.client(&request),
    };
    let attempt = place(&app, &request, app.throttle.log_in(log_in).await, (Event::LogInThrottled, claimed))?;
    let user = match lane(&app, &request, Work::LogIn).log_in(email, given.password).await {
        Ok(user) => user,
        Err(Error::InvalidCredentials) => {
            app.audit(&request, Event::LogInRefused, claimed);
            return Err(Error::InvalidCredentials);
        }
        Err(error) => {
            attempt.withdrawn().await;
            return Err(error);
        }
    };
    let client = given.client.of(&request);
    attempt.succeeded().await;
    let proven = Whose { user: Some(user.id), ..claimed };
    let issued = lift::issue(&app, &request, &user, &client).await;
    let issued = issued.inspect_err(|_| app.audit(&request, Event::LogInUnserved, proven))?;
    let mut response = (StatusCode::OK, issued).into_response();
    if let Some(account) = &known {
        app.devices.remember(&mut response, &request, &client, account);
    }
    app.audit(&request, Event::LogIn, proven.opened(&response));
    Ok(response)
}

// ANCHOR: me
async fn me(principal: Principal) -> Json<Principal> {
    Json(principal)
}
// ANCHOR_END: me

async fn log_out(State(app): State<App>, request: Parts, fields: Fields) -> Result<Response, Error> {
    let asked = fields.parsed(|fields| app.scheme.log_out(fields))?;
    to_its_end(async move {
        let (whose, response) = match asked.scope {
            Scope::Local => {
                let whose = who_leaves(&app, &request).await?;
                (whose, asked.local.end(&request).await?)
            }
            Scope::Others => {
                let confirmed = who_ends_more(&app, &request).await?;
                (whose(&confirmed.principal), app.scheme.end_others(&confirmed.principal).await?)
            }
            Scope::Global => {
                let confirmed = who_ends_more(&app, &request).await?;
                let user = app.accounts.raise_epoch(confirmed.user.id).await?;
                app.end_all(Some(&request), user.ending()).await;
                (whose(&confirmed.principal), app.scheme.forgotten(&request, confirmed.user.id))
            }
        };
        app.audit(&request, Event::LogOut(asked.scope), whose);
        Ok(response)
    })
    .await
}

// ANCHOR: password
/// Ends all earlier sessions, the presenting one too: users change a password because a session may have been copied.
async fn change_password(
    State(app): State<App>,
    confirmed: Confirmed,
    request: Parts,
    Body(change): Body<PasswordChange>,
) -> Result<Response, Error> {
    let client = change.client(&request, confirmed.client.clone());
    let new = chosen(&app, "/new_password", change.new, &confirmed.user.email)?;
    prove(&app, &request, &confirmed, change.current).await?;
    let hash = lane(&app, &request, Work::Account).hash(new).await?;
    to_its_end(async move {
        let user = app.accounts.set_password(&confirmed.user, &hash).await?;
        let issued = match app.end_all(Some(&request), user.ending()).await {
            Some(heard) => {
                let user = User { epoch: heard.epoch, ..user.clone() };
                lift::issue(&app, &request, &user, &client).await
            }
            None => Err(Error::StoreUnavailable("the earlier sessions are not ended yet".into())),
        };
        let mut response = happened(StatusCode::OK, &user, issued);
        app.devices.remember(&mut response, &request, &client, &Known::new(user.id, &hash));
        let whose = whose(&confirmed.principal).named(app.account_names.of(&user.email));
        app.audit(&request, Event::PasswordChanged, whose.opened(&response));
        Ok(response)
    })
    .await
}
// ANCHOR_END: password

/// Deletes the account's row first. From then on, every check that reads the row refuses the account's credentials; what
/// the session store still contains of the account is ended now or later.
async fn delete_account(
    State(app): State<App>,
    confirmed: Confirmed,
    request: Parts,
    Body(deletion): Body<Deletion>,
) -> Result<Response, Error> {
    prove(&app, &request, &confirmed, deletion.password).await?;
    to_its_end(async move {
        let gone = app.accounts.delete(&confirmed.user).await?;
        app.end_all(Some(&request), gone.ending()).await;
        let whose = whose(&confirmed.principal).named(app.account_names.of(&confirmed.user.email));
        app.audit(&request, Event::AccountDeleted, whose);
        Ok(app.scheme.forgotten(&request, confirmed.user.id))
    })
    .await
}

/// The new password, if this server accepts it for this account.
///
/// # Errors
/// [`Error::Invalid`] with the flaw, at the JSON pointer `pointer`.
fn chosen(app: &App, pointer: &str, password: Password, email: &Email) -> Result<NewPassword, Error> {
    password
        .chosen(app.limits.password_min, email)
        .map_err(|detail| Error::Invalid(vec![Flaw { pointer: pointer.to_owned(), detail }]))
}

/// Checks the account's password again, under a limit that counts for this session.
async fn prove(app: &App, request: &Parts, confirmed: &Confirmed, password: Password) -> Result<(), Error> {
    let user = &confirmed.user;
    let whose = whose(&confirmed.principal).named(app.account_names.of(&user.email));
    let proof = Proof {
        email: &user.email,
        user_id: user.id,
        session_id: confirmed.principal.session_id,
        address: app.proxies.client(request),
    };
    let attempt = place(app, request, app.throttle.proof(proof).await, (Event::PasswordThrottled, whose))?;
    match lane(app, request, Work::Account).check_password(user, password).await {
        Ok(()) => attempt.succeeded().await,
        Err(Error::WrongPassword) => {
            app.audit(request, Event::WrongPassword, whose);
            return Err(Error::WrongPassword);
        }
        Err(error) => {
            attempt.withdrawn().await;
            return Err(error);
        }
    }
    Ok(())
}

/// Finds whose credential a logout is about to end, for the audit log. A logout succeeds whatever the credential's state,
/// so for a refused credential the audit log names no user. If the store is unavailable, the logout fails here and does not
/// ask the store a second time.
async fn who_leaves(app: &App, request: &Parts) -> Result<Whose, Error> {
    let mut asked = app.scheme.authenticate(request).await;
    if let (true, Some(by_cookie)) = (refuses_token(&asked), without_authorization(request)) {
        asked = app.scheme.authenticate(&by_cookie).await;
    }
    match asked {
        Ok(principal) => Ok(whose(&principal)),
        Err(away @ Error::StoreUnavailable(_)) => Err(away),
        Err(_refused) => Ok(Whose::default()),
    }
}

/// Finds who asks to end more than the presenting session. If the `Authorization` header contains a token that the server
/// refuses, and the request also has a session cookie, the cookie decides: at a logout, a useless header must not override
/// it.
async fn who_ends_more(app: &App, request: &Parts) -> Result<Confirmed, Error> {
    let asked = app.confirmed(request).await;
    let (true, Some(by_cookie)) = (refuses_token(&asked), without_authorization(request)) else {
        return asked;
    };
    match app.confirmed(&by_cookie).await {
        Err(Error::Unauthenticated) => asked,
        by_cookie => by_cookie,
    }
}

/// Whether the request contained a token and the server refused it, for any reason.
fn refuses_token<T>(asked: &Result<T, Error>) -> bool {
    matches!(asked, Err(Error::InvalidToken(_) | Error::ForgedToken(_) | Error::UnknownKey(_)))
}

/// The request without its `Authorization` header, or `None` if it has no such header.
fn without_authorization(request: &Parts) -> Option<Parts> {
    let mut request = request.clone();
    request.headers.remove(AUTHORIZATION)?;
    Some(request)
}

fn whose(principal: &Principal) -> Whose {
    Whose { user: Some(principal.user_id), session: principal.session_id, account: None }
}

/// The request's head, if no foreign page sent it. Handlers take it before the body, so that the server refuses a
/// cross-site form before it reads the body.
struct NotForeign(Parts);

impl FromRequestParts<App> for NotForeign {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        app.origins.refuse_foreign(parts)?;
        Ok(Self(parts.clone()))
    }
}
