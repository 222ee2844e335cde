//! A running server in any language: its address, and how to log in to it.

use std::io;
use std::time::Duration;

use axum::http::StatusCode;
use harness::Failure;
use harness::client::{Account, Header, Held, Request, connections, header_bytes};
use harness::terminal;
use measure::load::{LoadError, Reach, Target};
use measure::report::{Role, Subject};
use measure::rounds::Design as Measured;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::arguments::BenchArguments;

/// How long the server may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// An account that was created on a server for a measurement, with its credential.
pub(crate) struct Guest {
    base: String,
    account: Account,
    /// The header with the credential.
    pub(crate) credential: Header,
}

/// Checks that a server accepts connections at `url`, so that a wrong address is reported before anything is measured.
pub(crate) async fn check_reachable(url: &str, arguments: &BenchArguments) -> Result<(), Failure> {
    let address = target(url, arguments)?.address();
    let connected = timeout(PATIENCE, TcpStream::connect(address)).await;
    match connected.unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into())) {
        Ok(_connection) => Ok(()),
        Err(error) => {
            Err(Failure::new(format!("`{url}` cannot be measured: no server answers at {address}"))
                .caused_by(&error)
                .advice("start the server, or correct the address after --url"))
        }
    }
}

/// The server for the rounds and for the report, and the account that was created there, if any.
pub(crate) async fn measured(
    url: &str,
    arguments: &BenchArguments,
) -> Result<(Measured, Subject, Option<Guest>), Failure> {
    // Check the address first, so that no login is sent to a server that must not be put under load.
    let mut target = target(url, arguments)?;
    let (base, _path) = parted(url);
    let (headers, guest) = match arguments.header.is_empty() {
        false => (arguments.header.iter().map(|header| header_of(header)).collect::<Result<_, _>>()?, None),
        true => {
            let guest = Guest::signed_up(base).await?;
            let (name, value) = guest.credential.clone();
            (vec![(name.to_owned(), value)], Some(guest))
        }
    };
    for (name, value) in &headers {
        target = target.header(name, value)?;
    }
    let bytes = headers.iter().map(|(name, value)| header_bytes(name, value)).sum();
    let subject = Subject {
        name: url.to_owned(),
        role: Role::Other,
        refreshes: false,
        what: "a server at a URL".to_owned(),
        store: "unknown".to_owned(),
        credential_bytes: Some(bytes),
        store_per_request: None,
        stored_bytes_per_session: None,
        resident_bytes: None,
    };
    let measured = Measured { name: url.to_owned(), target, pid: None, store_pid: None, store_counter: None };
    Ok((measured, subject, guest))
}

/// The request that is measured, without its headers.
fn target(url: &str, arguments: &BenchArguments) -> Result<Target, LoadError> {
    let (base, path) = parted(url);
    let reach = if arguments.my_own_server { Reach::MyOwnServerAnywhere } else { Reach::LoopbackOnly };
    Target::get(base, path, reach)
}

/// Splits a URL into base and path; the path is `/me` if the URL ends with its host.
fn parted(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |at| at + 3);
    match url[host..].find('/') {
        Some(at) if url[host + at..].len() > 1 => url.split_at(host + at),
        Some(at) => (&url[..host + at], "/me"),
        None => (url, "/me"),
    }
}

fn header_of(text: &str) -> Result<(String, String), Failure> {
    match text.split_once(':') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
        None => Err(Failure::new("--header needs a name and a value, as in \"authorization: Bearer eyJ…\"")),
    }
}

impl Guest {
    /// Signs up as the contract defines and takes the access token or the cookie of the response.
    pub(crate) async fn signed_up(base: &str) -> Result<Self, Failure> {
        let account = Account::fresh();
        let credential = asked_in(base, &account.sign_up(), StatusCode::CREATED).await?;
        Ok(Self { base: base.to_owned(), account, credential })
    }

    /// Deletes the account. If that fails, the measurement is still valid, and a warning is printed.
    pub(crate) async fn leave(self) {
        if let Err(why) = self.deleted().await {
            let (email, base) = (&self.account.email, &self.base);
            terminal::warn(&format!(
                "the account {email}, created for the measurement, is left on {base}: {why}"
            ));
        }
    }

    async fn deleted(&self) -> Result<(), Failure> {
        let mut status = self.delete_with(&self.credential).await?;
        if status == StatusCode::UNAUTHORIZED {
            // A long measurement may outlast an access token.
            status = self.delete_with(&self.log_in().await?).await?;
        }
        match status.is_success() {
            true => Ok(()),
            false => Err(Failure::new(format!("DELETE /auth/account answered {status}"))),
        }
    }

    async fn log_in(&self) -> Result<Header, Failure> {
        asked_in(&self.base, &self.account.log_in(), StatusCode::OK).await
    }

    async fn delete_with(&self, credential: &Header) -> Result<StatusCode, Failure> {
        let request = Request::post("/auth/account", json!({ "password": self.account.password }));
        // The server accepts a cookie only from its own pages.
        let request = Request { method: Method::DELETE, ..request.with(credential.clone()).from_own_page() };
        Ok(request.send(&connections()?, &self.base).await?.status())
    }
}

/// The credential that the response to a signup or login contains.
async fn asked_in(base: &str, request: &Request, expected: StatusCode) -> Result<Header, Failure> {
    let no_way_in = |why: &str| {
        Failure::new(format!(
            "{base} gave no credential ({why}); give one with --header \"authorization: Bearer …\""
        ))
    };
    let answer = request.send(&connections()?, base).await?;
    if answer.status() != expected {
        return Err(no_way_in(&format!("POST {} answered {}", request.path, answer.status())));
    }
    let held = Held::received(answer).await?;
    held.credential().ok_or_else(|| no_way_in("neither an access token nor a cookie came"))
}

#[cfg(test)]
mod tests {
    use harness::design::{ACCESS, SESSION};
    use kit::{Clock, Config, Origins};
    use tokio::net::TcpListener;

    use super::*;

    /// Starts the session lab and the access lab, each on a free port of this process.
    async fn servers() -> [String; 2] {
        let mut urls = Vec::new();
        for lab in [SESSION, ACCESS] {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            let (config, clock) = (Config::default(), Clock::system());
            let origins = Origins::new(&[], address, lab.name);
            let router = lab.router(&config, clock, origins).await.unwrap();
            tokio::spawn(kit::serve(listener, router, config.limits, std::future::pending()));
            urls.push(format!("http://{address}"));
        }
        urls.try_into().unwrap()
    }

    #[test]
    fn a_url_without_a_path_is_asked_for_me() {
        assert_eq!(parted("http://127.0.0.1:3000"), ("http://127.0.0.1:3000", "/me"));
        assert_eq!(parted("http://127.0.0.1:3000/"), ("http://127.0.0.1:3000", "/me"));
        assert_eq!(parted("http://127.0.0.1:3000/api/me?x=1"), ("http://127.0.0.1:3000", "/api/me?x=1"));
    }

    #[tokio::test]
    async fn the_account_of_a_measurement_is_deleted_with_its_cookie_or_its_token() {
        for url in servers().await {
            let guest = Guest::signed_up(&url).await.unwrap();
            assert!(guest.log_in().await.is_ok(), "{url}");
            guest.deleted().await.unwrap();
            assert!(guest.log_in().await.is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn an_account_whose_credential_has_ended_is_deleted_and_one_whose_password_is_another_is_left() {
        let [_session, access] = servers().await;
        let ended = ("Authorization", "Bearer ended".to_owned());
        let guest = Guest { credential: ended, ..Guest::signed_up(&access).await.unwrap() };
        guest.deleted().await.unwrap();
        assert!(guest.log_in().await.is_err());

        let mut guest = Guest::signed_up(&access).await.unwrap();
        guest.account.password = "another correct horse".to_owned();
        let why = guest.deleted().await.unwrap_err().to_string();
        assert_eq!(why, "DELETE /auth/account answered 403 Forbidden");
    }

    #[test]
    fn a_header_has_a_name_and_a_value() {
        assert_eq!(header_of("cookie: a=b:c").unwrap(), ("cookie".to_owned(), "a=b:c".to_owned()));
        assert!(header_of("Bearer").is_err());
    }
}
