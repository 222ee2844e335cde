//! The `Set-Cookie` lines of a response.

/// A parsed `Set-Cookie` line (RFC 6265 §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetCookie {
    pub(crate) name: String,
    pub(crate) value: String,
    attributes: Vec<(String, String)>,
}

impl SetCookie {
    pub(crate) fn parse(line: &str) -> Self {
        let mut pieces = line.split(';').map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            (name.trim().to_owned(), value.trim().to_owned())
        });
        let (name, value) = pieces.next().unwrap_or_default();
        let attributes = pieces.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        SetCookie { name, value, attributes }
    }

    /// The value of an attribute (empty for a flag); `name` is in lower case.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The attributes that decide to which requests the cookie is sent; a line that clears the cookie must repeat them.
    pub(crate) fn scope(&self) -> (bool, bool, Option<String>, Option<&str>, Option<&str>) {
        (
            self.attribute("secure").is_some(),
            self.attribute("httponly").is_some(),
            self.attribute("samesite").map(str::to_ascii_lowercase),
            self.attribute("path"),
            self.attribute("domain"),
        )
    }

    /// Whether the cookie can be a credential: it has a value, and is not the one that only identifies a known device.
    pub(crate) fn may_open(&self) -> bool {
        !self.value.is_empty() && !self.clears() && self.name != "__Host-device"
    }

    /// Whether a browser deletes the cookie when it reads this line.
    pub(crate) fn clears(&self) -> bool {
        self.attribute("max-age").is_some_and(|age| age.parse::<i64>().is_ok_and(|age| age <= 0))
            || (self.attribute("max-age").is_none()
                && self.attribute("expires").is_some_and(|date| date.contains("1970")))
    }

    /// The cookie as a `Cookie` header contains it: `name=value`.
    pub(crate) fn pair(&self) -> String {
        format!("{}={}", self.name, self.value)
    }
}
