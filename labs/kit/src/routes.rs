//! The five flows over any scheme: sign up, log in, who am I, log out, delete the account.
//!
//! The handlers are the same in every lab, so a difference between two labs is a difference between their schemes. Each
//! one parses, calls and answers; what protects it stands in its signature.

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use http::request::Parts;
use secrecy::SecretString;

use crate::accounts::User;
use crate::body::{Body, Fields, FromFields};
use crate::descriptor::Descriptor;
use crate::email::Email;
use crate::error::Error;
use crate::password::Password;
use crate::scheme::{Client, ClientKind, Confirmed, LogOut, Principal, Scheme, Scope};
use crate::state::App;
use crate::{controls, health, observe};

/// A whole server: the shared routes, the scheme's own, and what surrounds them all.
pub fn router<S: Scheme>(app: App<S>, own: Router<App<S>>) -> Router {
    observe::around(
        routes::<S>()
            .merge(own)
            .fallback(|| async { Error::NotFound })
            .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
            .with_state(app),
    )
}

/// The routes that every lab has.
pub fn routes<S: Scheme>() -> Router<App<S>> {
    Router::new()
        .route("/lab", get(describe))
        .route("/lab/clock", get(controls::read_clock).post(controls::advance_clock))
        .route("/auth/signup", post(sign_up))
        .route("/auth/login", post(log_in))
        .route("/me", get(me))
        .route("/auth/logout", post(log_out))
        .route("/auth/password", post(change_password))
        .route("/auth/account", axum::routing::delete(delete_account))
        .route("/auth/account/delete", post(delete_account))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
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
    let issued = app.scheme.issue(&request, &user, &new.client).await?;
    tracing::info!(target: "audit", event = "sign_up", user = %user.id);
    Ok((StatusCode::CREATED, issued).into_response())
}

async fn log_in<S: Scheme>(
    State(app): State<App<S>>,
    NotForeign(request): NotForeign,
    Body(given): Body<Credentials>,
) -> Result<Response, Error> {
    let attempt = app.throttle.attempt(given.email.as_str(), app.proxies.client(&request))?;
    let user = match app.accounts.log_in(&given.email, given.password).await {
        Ok(user) => user,
        Err(Error::InvalidCredentials) => {
            tracing::info!(target: "audit", event = "log_in_refused");
            return Err(Error::InvalidCredentials);
        }
        Err(error) => {
            attempt.withdrawn();
            return Err(error);
        }
    };
    attempt.succeeded();
    let issued = app.scheme.issue(&request, &user, &given.client).await?;
    tracing::info!(target: "audit", event = "log_in", user = %user.id);
    Ok((StatusCode::OK, issued).into_response())
}

async fn me(principal: Principal) -> Json<Principal> {
    Json(principal)
}

async fn log_out<S: Scheme>(
    State(app): State<App<S>>,
    mut request: Parts,
    Body(asked): Body<LogOutRequest>,
) -> Result<Response, Error> {
    let ended = match asked.scope {
        Scope::Local => app.scheme.end(&request, &asked.log_out).await?,
        Scope::Others => {
            let confirmed = Confirmed::from_request_parts(&mut request, &app).await?;
            app.scheme.end_others(&confirmed.principal).await?
        }
        Scope::Global => {
            let confirmed = Confirmed::from_request_parts(&mut request, &app).await?;
            let user = app.accounts.raise_epoch(confirmed.user.id).await?;
            app.scheme.end_all(&user).await?
        }
    };
    tracing::info!(target: "audit", event = "log_out", scope = ?asked.scope);
    Ok((StatusCode::NO_CONTENT, ended, ()).into_response())
}

/// All earlier sessions end, the presenting one too, because it may have been copied: that is why one changes a password.
async fn change_password<S: Scheme>(
    State(app): State<App<S>>,
    confirmed: Confirmed,
    request: Parts,
    Body(change): Body<PasswordChange>,
) -> Result<Response, Error> {
    prove(&app, &request, &confirmed.user, change.current).await?;
    let user = app.accounts.change_password(&confirmed.user, change.new).await?;
    app.scheme.end_all(&user).await?;
    let issued = app.scheme.issue(&request, &user, &confirmed.client).await?;
    tracing::info!(target: "audit", event = "password_changed", user = %user.id);
    Ok((StatusCode::OK, issued).into_response())
}

/// Ends the sessions twice. Before the row goes, so that a store that is down makes the call fail while it can still be
/// repeated; and after, so that a log-in that came between leaves nothing behind.
async fn delete_account<S: Scheme>(
    State(app): State<App<S>>,
    confirmed: Confirmed,
    request: Parts,
    Body(deletion): Body<Deletion>,
) -> Result<Response, Error> {
    prove(&app, &request, &confirmed.user, deletion.password).await?;
    let user = app.accounts.raise_epoch(confirmed.user.id).await?;
    app.scheme.end_all(&user).await?;
    let gone = app.accounts.delete(&user).await?;
    let ended = app.scheme.end_all(&gone).await?;
    tracing::info!(target: "audit", event = "account_deleted", user = %gone.id);
    Ok((StatusCode::NO_CONTENT, ended, ()).into_response())
}

/// Checks the account's password once more, under the same limits as a log-in.
async fn prove<S>(app: &App<S>, request: &Parts, user: &User, password: Password) -> Result<(), Error> {
    let attempt = app.throttle.attempt(user.email.as_str(), app.proxies.client(request))?;
    match app.accounts.check_password(user, password).await {
        Ok(()) => attempt.succeeded(),
        Err(Error::WrongPassword) => return Err(Error::WrongPassword),
        Err(error) => {
            attempt.withdrawn();
            return Err(error);
        }
    }
    Ok(())
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

/// The body of sign-up and log-in.
struct Credentials {
    email: Email,
    password: Password,
    client: Client,
}

impl FromFields for Credentials {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", Email::parse);
        let password = fields.required("password", Password::parse);
        let kind = fields.optional("client", client_kind).unwrap_or_default();
        let device = fields.optional("device", device);
        Some(Self { email: email?, password: password?, client: Client { kind, device } })
    }
}

struct LogOutRequest {
    scope: Scope,
    log_out: LogOut,
}

impl FromFields for LogOutRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let scope = fields.optional("scope", scope).unwrap_or_default();
        let refresh_token = fields.optional("refresh_token", |text| Ok(SecretString::from(text)));
        Some(Self { scope, log_out: LogOut { refresh_token } })
    }
}

struct PasswordChange {
    current: Password,
    new: Password,
}

impl FromFields for PasswordChange {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let current = fields.required("current_password", Password::parse);
        let new = fields.required("new_password", Password::parse);
        Some(Self { current: current?, new: new? })
    }
}

struct Deletion {
    password: Password,
}

impl FromFields for Deletion {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        Some(Self { password: fields.required("password", Password::parse)? })
    }
}

fn client_kind(text: &str) -> Result<ClientKind, String> {
    match text {
        "web" => Ok(ClientKind::Web),
        "mobile" => Ok(ClientKind::Mobile),
        _ => Err("must be `web` or `mobile`".into()),
    }
}

fn device(text: &str) -> Result<String, String> {
    match text.chars().count() {
        0..=64 if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        0..=64 => Err("must not hold control characters".into()),
        _ => Err("has at most 64 characters".into()),
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    match text {
        "local" => Ok(Scope::Local),
        "others" => Ok(Scope::Others),
        "global" => Ok(Scope::Global),
        _ => Err("must be `local`, `others` or `global`".into()),
    }
}
