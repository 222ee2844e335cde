//! A person's app, as plain HTTP: what it sends, and what it keeps.

use std::time::Duration;

use kit::design::Credential as Issues;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Failure;
use crate::server::Server;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a client keeps after a log-in. To copy it is to steal it; there is nothing else to steal.
#[derive(Clone)]
pub struct Credential {
    /// The header that goes with every request.
    pub header: (&'static str, HeaderValue),
    /// The refresh token, where the design has one.
    pub refresh_token: Option<String>,
}

/// What a person types to log in.
pub struct Person(Value);

/// Calls to one server.
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
    /// Where no HTTP client can be built.
    pub fn of(server: &'a Server) -> Result<Self, Failure> {
        Ok(Self { server, http: reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()? })
    }

    /// Makes an account and logs in to it, as a person does.
    pub async fn sign_up_and_log_in(&self) -> Result<Credential, Failure> {
        let person = self.sign_up().await?;
        self.log_in(&person).await
    }

    /// Makes an account.
    pub async fn sign_up(&self) -> Result<Person, Failure> {
        // The same length everywhere, so that every design's `/me` answers with the same number of bytes.
        let email = format!("{}@example.test", Uuid::new_v4().simple());
        let person = Person(json!({ "email": email, "password": "correct horse battery staple" }));
        self.expect(self.post("/auth/signup", HeaderMap::new(), &person.0).await?, StatusCode::CREATED)
            .await?;
        Ok(person)
    }

    /// Logs in, which is one more session.
    pub async fn log_in(&self, person: &Person) -> Result<Credential, Failure> {
        let answer = self.post("/auth/login", HeaderMap::new(), &person.0).await?;
        self.credential(self.expect(answer, StatusCode::OK).await?).await
    }

    /// Whether `/me` lets the bearer of this credential in.
    pub async fn is_let_in(&self, credential: &Credential) -> Result<bool, Failure> {
        let answer = self.http.get(self.url("/me")).headers(credential.headers()).send().await?;
        match answer.status() {
            StatusCode::OK => Ok(true),
            StatusCode::UNAUTHORIZED => Ok(false),
            status => Err(self.surprise("/me", status)),
        }
    }

    /// Logs out. The answer says that it is done; whether it is, is what the tour is about.
    pub async fn log_out(&self, credential: &Credential) -> Result<(), Failure> {
        let mut headers = credential.headers();
        // What a browser adds to a request from the server's own page.
        headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        let answer = self.post("/auth/logout", headers, &json!({})).await?;
        self.expect(answer, StatusCode::NO_CONTENT).await?;
        Ok(())
    }

    /// Whether the bearer of this credential can get a fresh one without the password.
    pub async fn can_renew(&self, credential: &Credential) -> Result<bool, Failure> {
        let Some(token) = &credential.refresh_token else { return Ok(false) };
        let answer = self.post("/auth/refresh", HeaderMap::new(), &json!({ "refresh_token": token })).await?;
        match answer.status() {
            StatusCode::OK => Ok(true),
            StatusCode::UNAUTHORIZED => Ok(false),
            status => Err(self.surprise("/auth/refresh", status)),
        }
    }

    /// How long a person stays logged in, in seconds, as the server says of itself: as long as its longest credential.
    pub async fn stays_logged_in(&self) -> Result<Option<u64>, Failure> {
        let answer = self.http.get(self.url("/lab")).send().await?;
        let lifetimes: Lifetimes = self.expect(answer, StatusCode::OK).await?.json().await?;
        Ok(lifetimes.refresh_ttl.or(lifetimes.access_ttl))
    }

    /// The server's time in seconds.
    pub async fn now(&self) -> Result<u64, Failure> {
        let answer = self.http.get(self.url("/lab/clock")).send().await?;
        Ok(self.expect(answer, StatusCode::OK).await?.json::<Now>().await?.now)
    }

    /// Moves the server's clock, and says what time it is then.
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
                return Err(Failure::new(format!("the {design} server's log-in gave no credential")));
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
    /// What it adds to each request: name, colon, blank, value and the end of the line.
    pub fn header_bytes(&self) -> u64 {
        (self.header.0.len() + self.header.1.len() + 4) as u64
    }

    fn headers(&self) -> HeaderMap {
        let (name, value) = &self.header;
        HeaderMap::from_iter([(reqwest::header::HeaderName::from_static(name), value.clone())])
    }
}
