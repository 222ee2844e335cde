//! An account on a server at a URL, created for a measurement and deleted after it.

use axum::http::StatusCode;
use harness::Failure;
use harness::client::{Account, Header, Held, Request};
use harness::terminal;
use kit::visible::visible;
use reqwest::{Client, Method};
use serde_json::json;

/// An account that was created on a server for a measurement, with its credential.
pub(crate) struct Guest {
    base: String,
    http: Client,
    account: Account,
    /// The header with the credential.
    pub(crate) credential: Header,
}

impl Guest {
    /// Signs up as the contract defines and takes the access token or the cookie of the response.
    pub(crate) async fn signed_up(base: &str, http: Client) -> Result<Self, Failure> {
        let account = Account::fresh();
        let credential = asked_in(base, &http, &account.sign_up(), StatusCode::CREATED).await?;
        Ok(Self { base: base.to_owned(), http, account, credential })
    }

    /// Deletes the account. If that fails, the measurement is still valid, and a warning is printed.
    pub(crate) async fn leave(self) {
        if let Err(why) = self.deleted().await {
            let (email, base) = (&self.account.email, visible(&self.base));
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
        asked_in(&self.base, &self.http, &self.account.log_in(), StatusCode::OK).await
    }

    async fn delete_with(&self, credential: &Header) -> Result<StatusCode, Failure> {
        let request = Request::post("/auth/account", json!({ "password": self.account.password }));
        // The server accepts a cookie only from its own pages.
        let request = Request { method: Method::DELETE, ..request.with(credential.clone()).from_own_page() };
        Ok(request.send(&self.http, &self.base).await?.status())
    }
}

/// The credential that the response to a signup or login contains.
async fn asked_in(
    base: &str,
    http: &Client,
    request: &Request,
    expected: StatusCode,
) -> Result<Header, Failure> {
    let no_way_in = |why: &str| {
        let base = visible(base);
        Failure::new(format!(
            "{base} gave no credential ({why}); give one with --header \"authorization: Bearer …\""
        ))
    };
    let answer = request.send(http, base).await?;
    if answer.status() != expected {
        return Err(no_way_in(&format!("POST {} answered {}", request.path, answer.status())));
    }
    let held = Held::received(answer).await?;
    held.credential().ok_or_else(|| no_way_in("neither an access token nor a cookie came"))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

    use harness::client::{connections, connections_to};
    use harness::design::{ACCESS, Design, SESSION};
    use kit::{Clock, Config, Origins};
    use tokio::net::TcpListener;

    use super::*;

    /// Starts a lab on a free port of this process.
    async fn serving(lab: Design, ip: impl Into<IpAddr>) -> SocketAddr {
        let listener = TcpListener::bind((ip.into(), 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (config, clock) = (Config::default(), Clock::system());
        let origins = Origins::new(&[], address, lab.name);
        let router = lab.router(&config, clock, origins).await.unwrap();
        tokio::spawn(kit::serve(listener, router, config.limits, std::future::pending()));
        address
    }

    /// Starts the session lab and the access lab.
    async fn servers() -> [String; 2] {
        let [session, access] =
            [serving(SESSION, Ipv4Addr::LOCALHOST).await, serving(ACCESS, Ipv4Addr::LOCALHOST).await];
        [session, access].map(|address| format!("http://{address}"))
    }

    #[tokio::test]
    async fn an_account_is_created_at_the_address_that_is_measured_and_at_no_other_of_its_name() {
        let address = serving(ACCESS, Ipv6Addr::LOCALHOST).await;
        let base = format!("http://localhost:{}", address.port());
        let at = |address| Guest::signed_up(&base, connections_to("localhost", address).unwrap());
        at(address).await.unwrap().deleted().await.unwrap();
        let other = SocketAddr::from(([127, 0, 0, 2], address.port()));
        assert!(at(other).await.is_err());
    }

    #[tokio::test]
    async fn the_account_of_a_measurement_is_deleted_with_its_cookie_or_its_token() {
        for url in servers().await {
            let guest = Guest::signed_up(&url, connections().unwrap()).await.unwrap();
            assert!(guest.log_in().await.is_ok(), "{url}");
            guest.deleted().await.unwrap();
            assert!(guest.log_in().await.is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn an_account_whose_credential_has_ended_is_deleted_and_one_whose_password_is_another_is_left() {
        let [_session, access] = servers().await;
        let ended = ("Authorization", "Bearer ended".to_owned());
        let guest =
            Guest { credential: ended, ..Guest::signed_up(&access, connections().unwrap()).await.unwrap() };
        guest.deleted().await.unwrap();
        assert!(guest.log_in().await.is_err());

        let mut guest = Guest::signed_up(&access, connections().unwrap()).await.unwrap();
        guest.account.password = "another correct horse".to_owned();
        let why = guest.deleted().await.unwrap_err().to_string();
        assert_eq!(why, "DELETE /auth/account answered 403 Forbidden");
    }
}
