//! The server to check, and what it claims.

use std::net::IpAddr;

use reqwest::Url;
use serde_json::Value;

use crate::{
    descriptor::Descriptor,
    error::Error,
    transport::{read_bounded, transport},
};

/// A server to check: its address and its claims.
#[derive(Debug, Clone)]
pub struct Target {
    base_url: String,
    origin: String,
    loopback: bool,
    /// Whether the caller knows that there is no proxy in front of the server.
    direct: bool,
    descriptor: Descriptor,
    /// The descriptor as it was received from the server, because a check verifies that it is well-formed.
    as_served: Option<Value>,
}

impl Target {
    /// Asks the server at `url` for its claims.
    ///
    /// # Errors
    /// [`Error`] when the URL is invalid, the server does not respond in HTTP, or it has no readable descriptor.
    pub async fn discover(url: &str) -> Result<Self, Error> {
        let base = Base::parse(url)?;
        let mut answer = base.get("/lab").await?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(Error::NoDescriptor { url: base.url, status });
        }
        let body = read_bounded(&mut answer)
            .await
            .map_err(|source| Error::NotHttp { url: base.url.clone(), source })?;
        let bad = |source| Error::BadDescriptor { url: base.url.clone(), source };
        let as_served: Value = serde_json::from_slice(&body).map_err(bad)?;
        let descriptor = Descriptor::deserialize_leniently(&as_served).map_err(bad)?;
        Ok(base.target(descriptor, Some(as_served)))
    }

    /// Takes the caller's description of the server at `url`, and makes sure that the server responds.
    ///
    /// # Errors
    /// The errors of [`Target::discover`], except that the server needs no descriptor.
    pub async fn described(url: &str, descriptor: Descriptor) -> Result<Self, Error> {
        let base = Base::parse(url)?;
        base.get("/health/live").await?;
        Ok(base.target(descriptor, None))
    }

    /// The same target, when the caller knows that the address is the server's own because it started the server there.
    ///
    /// Otherwise a proxy may be in front of the server, and some checks accept the response of a proxy instead. The
    /// checker cannot detect a proxy itself: HAProxy, for example, adds nothing to a response that would reveal it.
    #[must_use]
    pub fn reached_directly(self) -> Self {
        Self { direct: true, ..self }
    }

    /// The address without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The claims of the server.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The origin that a browser would send from this server's own pages.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether the server runs on this machine, so that it could reach a port that the checker opens.
    pub(crate) fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether it is known that there is no proxy in front of the server.
    pub(crate) fn is_direct(&self) -> bool {
        self.direct
    }

    /// The descriptor as the server sent it; `None` if the caller described the server.
    pub(crate) fn as_served(&self) -> Option<&Value> {
        self.as_served.as_ref()
    }
}

impl Descriptor {
    fn deserialize_leniently(as_served: &Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(as_served.clone())
    }
}

struct Base {
    url: String,
    parsed: Url,
}

impl Base {
    fn parse(url: &str) -> Result<Self, Error> {
        let given = || url.to_owned();
        let Ok(parsed) = Url::parse(url) else { return Err(Error::NotAUrl { url: given() }) };
        match parsed.scheme() {
            "http" if parsed.has_host() => {
                Ok(Base { url: parsed.as_str().trim_end_matches('/').to_owned(), parsed })
            }
            "http" => Err(Error::NotAUrl { url: given() }),
            "https" => Err(Error::Tls { url: given() }),
            _ => Err(Error::NotAnHttpUrl { url: given() }),
        }
    }

    async fn get(&self, path: &str) -> Result<reqwest::Response, Error> {
        let url = self.url.clone();
        transport().map_err(Error::Client)?.get(format!("{url}{path}")).send().await.map_err(|source| match (
            source.is_timeout(),
            source.is_connect(),
        ) {
            (true, false) => Error::Silent { url },
            (_, true) => Error::Unreachable { url, source },
            (false, false) => Error::NotHttp { url, source },
        })
    }

    fn target(self, descriptor: Descriptor, as_served: Option<Value>) -> Target {
        let host = self.parsed.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        Target {
            origin: descriptor.origin.clone().unwrap_or_else(|| self.parsed.origin().ascii_serialization()),
            loopback: address
                .map_or(host == "localhost" || host.ends_with(".localhost"), |ip| ip.is_loopback()),
            base_url: self.url,
            direct: false,
            descriptor,
            as_served,
        }
    }
}
