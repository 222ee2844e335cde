//! A user's app as plain HTTP: what it sends, and what it stores.

use std::time::Duration;

use kit::design::Credential as Issues;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Failure;
use crate::server::Server;

/// How long one response may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a client stores after a login. An attacker who copies it has stolen the credential; there is nothing else to steal.
#[derive(Clone)]
pub struct Credential {
    /// The header that the client sends with every request.
    pub header: (&'static str, HeaderValue),
    /// The refresh token, if the design has one.
    pub refresh_token: Option<String>,
}

/// The e-mail address and password that a user types to log in.
pub struct Person(Value);

/// An HTTP client of one server.
pub struct Client<'a> {
    server: &'a Server,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Issued {
    access_token: Option<String>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Lifetimes {
    access_ttl: Option<u64>,
    refresh_ttl: Option<u64>,
}

#[derive(Deserialize)]
struct Now {
    now: u64,
}

impl<'a> Client<'a> {
    /// A client of this server, with connections of its own.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn of(server: &'a Server) -> Result<Self, Failure> {
        Ok(Self { server, http: reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()? })
    }

    /// Creates an account and then logs in to it, as a user does.
    ///
    /// # Errors
    /// The server does not answer, or its answer is not the expected one.
    pub async fn sign_up_and_log_in(&self) -> Result<Credential, Failure> {
        let person = self.sign_up().await?;
        self.log_in(&person).await
    }

    /// Creates an account.
    ///
    /// # Errors
    /// The server does not answer, or its answer is not 201.
    pub async fn sign_up(&self) -> Result<Person, Failure> {
        // Always of the same length, so that every design's `/me` answers with the same number of bytes.
        let email = format!("{}@example.test", Uuid::new_v4().simple());
        let person = Person(json!({ "email": email, "password": "correct horse battery staple" }));
        self.expect(self.post("/auth/signup", HeaderMap::new(), &person.0).await?, StatusCode::CREATED)
            .await?;
        Ok(person)
    }

    /// Logs in, which opens one more session.
    ///
    /// # Errors
    /// The server does not answer, its answer is not 200, or the answer contains no credential.
    pub async fn log_in(&self, person: &Person) -> Result<Credential, Failure> {
        let answer = self.post("/auth/login", HeaderMap::new(), &person.0).await?;
        self.credential(self.expect(answer, StatusCode::OK).await?).await
    }

    /// Whether `/me` accepts this credential.
    ///
    /// # Errors
    /// The server does not answer, or its answer is neither 200 nor 401.
    pub async fn is_let_in(&self, credential: &Credential) -> Result<bool, Failure> {
        let answer = self.http.get(self.url("/me")).headers(credential.headers()).send().await?;
        match answer.status() {
            StatusCode::OK => Ok(true),
            StatusCode::UNAUTHORIZED => Ok(false),
            status => Err(self.surprise("/me", status)),
        }
    }

    /// Logs out. The response says that the logout is done; whether the credential has really ended is the tour's subject.
    ///
    /// # Errors
    /// The server does not answer, or its answer is not 204.
    pub async fn log_out(&self, credential: &Credential) -> Result<(), Failure> {
        let mut headers = credential.headers();
        // A browser adds this header to a request from the server's own page.
        headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        let answer = self.post("/auth/logout", headers, &json!({})).await?;
        self.expect(answer, StatusCode::NO_CONTENT).await?;
        Ok(())
    }

    /// Whether a client with this credential can get a new one without the password.
    ///
    /// # Errors
    /// The server does not answer, or its answer is neither 200 nor 401.
    pub async fn can_renew(&self, credential: &Credential) -> Result<bool, Failure> {
        let Some(token) = &credential.refresh_token else { return Ok(false) };
        let answer = self.post("/auth/refresh", HeaderMap::new(), &json!({ "refresh_token": token })).await?;
        match answer.status() {
            StatusCode::OK => Ok(true),
            StatusCode::UNAUTHORIZED => Ok(false),
            status => Err(self.surprise("/auth/refresh", status)),
        }
    }

    /// How long a user stays logged in, in seconds, as the server claims in `/lab`: the lifetime of its longest credential;
    /// `None` if it has no lifetimes.
    ///
    /// # Errors
    /// The server does not answer, or its answer is not the expected one.
    pub async fn stays_logged_in(&self) -> Result<Option<u64>, Failure> {
        let answer = self.http.get(self.url("/lab")).send().await?;
        let lifetimes: Lifetimes = self.expect(answer, StatusCode::OK).await?.json().await?;
        Ok(lifetimes.refresh_ttl.or(lifetimes.access_ttl))
    }

    /// The server's time, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// The server does not answer, or its lab controls are off.
    pub async fn now(&self) -> Result<u64, Failure> {
        let answer = self.http.get(self.url("/lab/clock")).send().await?;
        Ok(self.expect(answer, StatusCode::OK).await?.json::<Now>().await?.now)
    }

    /// Moves the server's clock forward and returns its new time, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// The server does not answer, or its lab controls are off.
    pub async fn advance(&self, seconds: u64) -> Result<u64, Failure> {
        let answer =
            self.post("/lab/clock", HeaderMap::new(), &json!({ "advance_seconds": seconds })).await?;
        Ok(self.expect(answer, StatusCode::OK).await?.json::<Now>().await?.now)
    }

    async fn credential(&self, answer: Response) -> Result<Credential, Failure> {
        let cookie = answer.headers().get(SET_COOKIE).cloned();
        let issued: Issued = answer.json().await?;
        let header = match (self.server.design.credential, cookie, issued.access_token) {
            (Issues::None, ..) => ("x-credential", HeaderValue::from_static("none")),
            (Issues::Cookie { .. }, Some(cookie), _) => {
                let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
                (COOKIE.as_str(), HeaderValue::from_str(pair)?)
            }
            (Issues::Bearer | Issues::BearerAndRefresh, _, Some(token)) => {
                (AUTHORIZATION.as_str(), HeaderValue::from_str(&format!("Bearer {token}"))?)
            }
            _ => {
                let design = self.server.design;
                return Err(Failure::new(format!(
                    "the {design} server's answer to the login has no credential"
                )));
            }
        };
        Ok(Credential { header, refresh_token: issued.refresh_token })
    }

    async fn post(&self, path: &str, headers: HeaderMap, body: &Value) -> Result<Response, Failure> {
        Ok(self.http.post(self.url(path)).headers(headers).json(body).send().await?)
    }

    async fn expect(&self, answer: Response, status: StatusCode) -> Result<Response, Failure> {
        if answer.status() == status {
            return Ok(answer);
        }
        Err(self.surprise(answer.url().path(), answer.status()))
    }

    fn surprise(&self, path: &str, status: StatusCode) -> Failure {
        Failure::new(format!(
            "the {} server answered {path} with {status}, which the tour does not expect",
            self.server.design
        ))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url)
    }
}

impl Credential {
    /// The bytes that the credential adds to each request: name, colon, space, value and the end of the line.
    pub fn header_bytes(&self) -> u64 {
        (self.header.0.len() + self.header.1.len() + 4) as u64
    }

    fn headers(&self) -> HeaderMap {
        let (name, value) = &self.header;
        HeaderMap::from_iter([(reqwest::header::HeaderName::from_static(name), value.clone())])
    }
}
