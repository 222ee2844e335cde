//! A running server in any language: its address, the headers that it is sent, and its place in the report.

use harness::Failure;
use harness::client::{connections, connections_to, header_bytes};
use kit::visible::visible;
use measure::load::{LoadError, Reach, Target};
use measure::report::{Role, Subject};
use measure::rounds::Design as Measured;
use reqwest::Url;

use super::arguments::BenchArguments;
use super::guest::Guest;

/// A server at a URL that accepts connections. Its headers contain credentials and are never printed.
pub(crate) struct Reached {
    /// The URL, as it may be printed.
    pub(crate) name: String,
    base: String,
    target: Target,
    /// The size of the headers after --header, in bytes; `None` when there are none.
    header_bytes: Option<u64>,
}

impl Reached {
    /// Reads the URL and the headers, and connects, so that a mistake is reported before anything is measured.
    pub(crate) async fn at(url: &str, arguments: &BenchArguments) -> Result<Self, Failure> {
        let name = visible(url).into_owned();
        let (base, path) = parted(url);
        let reach = if arguments.my_own_server { Reach::MyOwnServerAnywhere } else { Reach::LoopbackOnly };
        let mut target = Target::get(base, &path, reach).map_err(|error| refused(&error))?;
        let mut bytes = None;
        for header in &arguments.header {
            let (header, value) = header_of(header)?;
            target = target.header(header, value).map_err(|error| refused(&error))?;
            *bytes.get_or_insert(0) += header_bytes(header, value);
        }
        match target.reached().await {
            Ok(target) => Ok(Self { name, base: base.to_owned(), target, header_bytes: bytes }),
            Err(LoadError::Connect { addresses, source }) => {
                let tried: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                let tried = tried.join(" or ");
                Err(Failure::new(format!("`{name}` cannot be measured: no server answers at {tried}"))
                    .caused_by(&source)
                    .advice("start the server, or correct the address after --url"))
            }
            Err(error) => Err(refused(&error)),
        }
    }

    /// What is done before the measurement, and at which of the addresses of the URL.
    pub(crate) fn stage(&self) -> String {
        let done = if self.header_bytes.is_some() { "using the headers" } else { "logging in" };
        format!("{}: {done}, at {}", self.name, self.target.address())
    }

    /// The server for the rounds and for the report, and the account that was created there, if any.
    pub(crate) async fn measured(self) -> Result<(Measured, Subject, Option<Guest>), Failure> {
        let (mut target, mut bytes, mut guest) = (self.target, self.header_bytes, None);
        if bytes.is_none() {
            let http = match Url::parse(&self.base)?.host_str() {
                Some(host) => connections_to(host, target.address())?,
                None => connections()?,
            };
            let new = Guest::signed_up(&self.base, http).await?;
            let (header, value) = &new.credential;
            target = target.header(header, value).map_err(|error| refused(&error))?;
            bytes = Some(header_bytes(header, value));
            guest = Some(new);
        }
        let subject = Subject {
            name: self.name.clone(),
            role: Role::Other,
            refreshes: false,
            what: format!("a server at a URL, measured at {}", target.address()),
            store: "unknown".to_owned(),
            credential_bytes: bytes,
            store_per_request: None,
            stored_bytes_per_session: None,
            resident_bytes: None,
        };
        let measured = Measured { name: self.name, target, pid: None, store_pid: None, store_counter: None };
        Ok((measured, subject, guest))
    }
}

/// The sentence of an error that repeats a part of the command line.
fn refused(error: &LoadError) -> Failure {
    Failure::new(visible(&error.to_string()))
}

/// Splits a URL into base and path, the path with its query; the path is `/me` if the URL ends with its host.
fn parted(url: &str) -> (&str, String) {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    let (base, path) = url.split_at(end);
    match path {
        "" | "/" => (base, "/me".to_owned()),
        // An empty path is that of the root (RFC 3986 §6.2.3).
        path if !path.starts_with('/') => (base, format!("/{path}")),
        path => (base, path.to_owned()),
    }
}

fn header_of(text: &str) -> Result<(&str, &str), Failure> {
    match text.split_once(':') {
        Some((name, value)) => Ok((name.trim(), value.trim())),
        None => Err(Failure::new("--header needs a name and a value, as in \"authorization: Bearer eyJ…\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_a_path_is_asked_for_me() {
        let parted = |url| parted(url);
        let me = |base| (base, "/me".to_owned());
        assert_eq!(parted("http://127.0.0.1:3000"), me("http://127.0.0.1:3000"));
        assert_eq!(parted("http://127.0.0.1:3000/"), me("http://127.0.0.1:3000"));
    }

    #[test]
    fn a_path_and_a_query_are_asked_for_as_they_are() {
        let path = |url| parted(url).1;
        assert_eq!(path("http://127.0.0.1:3000/api/me?x=1"), "/api/me?x=1");
        assert_eq!(path("http://127.0.0.1:3000?next=/a"), "/?next=/a");
        assert_eq!(parted("http://127.0.0.1:3000?next=/a").0, "http://127.0.0.1:3000");
    }

    #[test]
    fn a_header_has_a_name_and_a_value() {
        assert_eq!(header_of("cookie: a=b:c").unwrap(), ("cookie", "a=b:c"));
        assert!(header_of("Bearer").is_err());
    }
}
