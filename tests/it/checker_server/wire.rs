//! Requests and responses, as far as the model needs them.

use http_body_util::Full;
use hyper::{Response, body::Bytes, http::request::Parts};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) struct Ask {
    pub(crate) parts: Parts,
    pub(crate) body: Vec<u8>,
    pub(crate) length_announced: bool,
}

impl Ask {
    pub(crate) fn new(parts: Parts, body: Vec<u8>, length_announced: bool) -> Self {
        Ask { parts, body, length_announced }
    }

    pub(crate) fn path(&self) -> &str {
        self.parts.uri.path()
    }

    pub(crate) fn method(&self) -> &str {
        self.parts.method.as_str()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// The number of `Host` headers, and whether each is a host with or without a port.
    pub(crate) fn hosts(&self) -> (usize, bool) {
        let is_host = |host: &[u8]| {
            let host = std::str::from_utf8(host).unwrap_or_default();
            let name = |name: &str| {
                !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
            };
            match host.split_once(':') {
                Some((host, port)) => name(host) && port.parse::<u16>().is_ok(),
                None => name(host),
            }
        };
        let hosts = self.parts.headers.get_all("host");
        (hosts.iter().count(), hosts.iter().all(|host| is_host(host.as_bytes())))
    }

    pub(crate) fn bearer(&self) -> Option<String> {
        let header = self.header("authorization")?;
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.to_owned())
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies_starting(name).into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// The cookies of all `Cookie` headers whose names start with `beginning`.
    pub(crate) fn cookies_starting(&self, beginning: &str) -> Vec<(String, String)> {
        let lines = self.parts.headers.get_all("cookie").iter();
        let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()).collect();
        let pairs = lines.iter().flat_map(|line| line.split(';'));
        let named = pairs.filter_map(|pair| pair.trim().split_once('='));
        let named = named.filter(|(name, _)| name.starts_with(beginning));
        named.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query()?;
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v.to_owned())
    }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Reply { status, headers: Vec::new(), body }
    }

    pub(crate) fn empty() -> Self {
        Reply::new(204, Value::Null)
    }

    pub(crate) fn problem(status: u16, code: &str) -> Self {
        let detail = format!("This was refused: {code}.");
        let kind = format!("/problems/{code}");
        Reply::new(
            status,
            json!({"type": kind, "title": code, "status": status, "detail": detail, "code": code}),
        )
        .with("content-type", "application/problem+json")
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds what all responses have in common, or the faults in that.
    pub(crate) fn finish(mut self, ask: &Ask, fault: &str) -> Response<Full<Bytes>> {
        let open = ask.path() == "/lab" || ask.path().starts_with("/health");
        let cacheable = (fault == "me-cacheable" && ask.path() == "/me" && self.status == 200)
            || (fault == "refresh-cacheable" && ask.path() == "/auth/refresh");
        if !open && !cacheable {
            self.headers.push(("cache-control", "no-store".to_owned()));
        }
        if fault != "no-request-id" {
            self.headers.push(("x-request-id", Uuid::new_v4().to_string()));
        }
        if fault != "sniffable" {
            self.headers.push(("x-content-type-options", "nosniff".to_owned()));
        }
        if fault != "framed" {
            self.headers.push(("content-security-policy", "frame-ancestors 'none'".to_owned()));
        }
        if let ("id-in-header", Some(id)) = (fault, ask.cookie("__Host-session")) {
            self.headers.push(("x-session", id));
        }
        if fault == "cors-for-all" {
            self.headers.push(("access-control-allow-origin", "*".to_owned()));
        }
        if fault == "problems-are-plain-json" {
            self.headers.retain(|(name, _)| *name != "content-type");
        }
        if fault == "error-tells-inside" && self.status == 422 {
            self.body["detail"] = json!("no such column, at /home/app/src/main.rs:12");
        }
        if fault == "unknown-route-misnamed"
            && self.body["code"] == "not_found"
            && !ask.path().starts_with("/auth/sessions/")
        {
            self.body["code"] = json!("no_route");
            self.body["type"] = json!("/problems/no_route");
        }
        if fault == "no-pointers" {
            self.body.as_object_mut().map(|body| body.remove("errors"));
        }
        let mut response = Response::builder().status(self.status);
        if !self.body.is_null() && !self.headers.iter().any(|(name, _)| *name == "content-type") {
            response = response.header("content-type", "application/json");
        }
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        let body = if self.body.is_null() { String::new() } else { self.body.to_string() };
        response.body(Full::new(Bytes::from(body))).unwrap()
    }
}
