//! The server to check, and what it claims.

use outside::{BaseUrl, visible::excerpt};
use serde_json::Value;

use crate::{
    descriptor::Descriptor,
    error::Error,
    transport::{read_bounded, transport},
};

/// How many characters of a redirect's address are shown.
const SHOWN: usize = 300;

/// A server to check: its address and its claims.
#[derive(Debug, Clone)]
pub struct Target {
    base_url: BaseUrl,
    origin: String,
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
        let base = BaseUrl::parse(url)?;
        let mut answer = get(&base, "/lab").await?;
        if answer.status() != 200 {
            return Err(no_descriptor(&base, &answer));
        }
        let body = read_bounded(&mut answer)
            .await
            .map_err(|source| Error::NotHttp { url: base.to_string(), source })?;
        let bad = |source| Error::BadDescriptor { url: base.to_string(), source };
        let as_served: Value = serde_json::from_slice(&body).map_err(bad)?;
        let descriptor = Descriptor::deserialize_leniently(&as_served).map_err(bad)?;
        Ok(Self::of(base, descriptor, Some(as_served)))
    }

    /// Takes the caller's description of the server at `url`, and makes sure that the server responds.
    ///
    /// # Errors
    /// The errors of [`Target::discover`], except that the server needs no descriptor.
    pub async fn described(url: &str, descriptor: Descriptor) -> Result<Self, Error> {
        let base = BaseUrl::parse(url)?;
        get(&base, "/health/live").await?;
        Ok(Self::of(base, descriptor, None))
    }

    fn of(base_url: BaseUrl, descriptor: Descriptor, as_served: Option<Value>) -> Self {
        let origin = descriptor.origin.clone().unwrap_or_else(|| base_url.origin());
        Self { base_url, origin, direct: false, descriptor, as_served }
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
        self.base_url.as_str()
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
        self.base_url.is_loopback()
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

/// Sends a request to the server, before anything is known about it.
async fn get(base: &BaseUrl, path: &str) -> Result<reqwest::Response, Error> {
    let url = base.to_string();
    transport().map_err(Error::Client)?.get(format!("{url}{path}")).send().await.map_err(|source| {
        match (source.is_timeout(), source.is_connect()) {
            (true, false) => Error::Silent { url },
            (_, true) => Error::Unreachable { url, source },
            (false, false) => Error::NotHttp { url, source },
        }
    })
}

/// The error for a server that does not describe itself.
fn no_descriptor(base: &BaseUrl, answer: &reqwest::Response) -> Error {
    let (url, status) = (base.to_string(), answer.status().as_u16());
    let location =
        answer.headers().get(reqwest::header::LOCATION).filter(|_| answer.status().is_redirection());
    let Some(location) = location else { return Error::NoDescriptor { url, status } };
    let location = String::from_utf8_lossy(location.as_bytes());
    let target = answer.url().join(&location).map_or_else(|_| location.to_string(), Into::into);
    let target = target.trim_end_matches('/').trim_end_matches("/lab");
    Error::Redirected { url, status, location: excerpt(&location, SHOWN), target: excerpt(target, SHOWN) }
}
