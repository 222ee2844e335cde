//! The wire formats of an exchange, and a client for each.

use harness::Failure;
use harness::client::{Account, Held};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::Holder;

/// What a server expects at `POST /auth/refresh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// JSON, as the contract of this project defines.
    Contract,
    /// A form, as OAuth's token endpoint expects (RFC 6749 §6). Logging in takes no account: it needs pages and consent
    /// there, which are not measured.
    OAuth,
}

/// A client of a server with one of these formats.
#[derive(Clone)]
pub(crate) enum Client {
    Contract(Box<Held>),
    OAuth(Granted),
}

/// What a client of an authorization server stores.
#[derive(Clone, Deserialize)]
pub(crate) struct Granted {
    client_id: String,
    refresh_token: String,
}

/// The members of the response to an exchange that the client needs.
#[derive(Deserialize)]
struct Issued {
    refresh_token: String,
}

impl Wire {
    /// Gets a new user's first refresh token.
    pub(crate) async fn log_in(self, http: &reqwest::Client, url: &str) -> Result<Client, Failure> {
        match self {
            Self::Contract => {
                let answer = Account::fresh().sign_up().send(http, url).await?;
                let answer = expect(answer, StatusCode::CREATED, "a signup")?;
                let held = Held::received(answer).await?;
                if held.refresh_token.is_none() {
                    return Err(Failure::new("the server's answer to a signup has no refresh token"));
                }
                Ok(Client::Contract(Box::new(held)))
            }
            Self::OAuth => {
                let answer = http.post(format!("{url}/auth/login")).send().await?;
                let answer = expect(answer, StatusCode::OK, "a login")?;
                Ok(Client::OAuth(answer.json().await?))
            }
        }
    }
}

impl Holder for Client {
    async fn exchange(&mut self, http: &reqwest::Client, url: &str) -> Result<(), Failure> {
        match self {
            Self::Contract(held) => held.exchange(http, url).await,
            Self::OAuth(granted) => granted.exchange(http, url).await,
        }
    }
}

impl Holder for Granted {
    async fn exchange(&mut self, http: &reqwest::Client, url: &str) -> Result<(), Failure> {
        // The characters of both values are those of base64url, which a form does not escape.
        let form = format!(
            "grant_type=refresh_token&client_id={}&refresh_token={}",
            self.client_id, self.refresh_token
        );
        let request = http.post(format!("{url}/auth/refresh"));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        let answer = expect(request.send().await?, StatusCode::OK, "an exchange of a refresh token")?;
        self.refresh_token = answer.json::<Issued>().await?.refresh_token;
        Ok(())
    }
}

fn expect(answer: Response, status: StatusCode, of: &str) -> Result<Response, Failure> {
    match answer.status() {
        given if given == status => Ok(answer),
        given => Err(Failure::new(format!("the server answered {of} with {given}"))),
    }
}

#[cfg(test)]
impl Client {
    /// The refresh token that the client holds.
    pub(crate) fn token(&mut self) -> &mut String {
        match self {
            Self::Contract(held) => &mut held.refresh_token.as_mut().unwrap().text,
            Self::OAuth(granted) => &mut granted.refresh_token,
        }
    }
}
