//! Cookies that hold a credential.
//!
//! There is one kind only: `__Host-…; Secure; HttpOnly; Path=/`. The prefix makes the browser itself refuse a cookie that
//! a sibling domain or a plain-text page tries to plant, and a cookie is cleared with exactly the attributes it was set
//! with, because a browser ignores anything else (and the person stays logged in).

use std::time::Duration;

use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use http::header::{COOKIE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

/// Which cross-site requests carry the cookie (RFC 6265bis §5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Links from elsewhere do, forms and scripts from elsewhere do not.
    Lax,
    /// None from elsewhere.
    Strict,
}

/// A cookie by name and policy.
#[derive(Clone, Copy, Debug)]
pub struct HostCookie {
    /// The full name, `__Host-` included.
    pub name: &'static str,
    /// Its policy towards other sites.
    pub same_site: SameSite,
}

/// A `Set-Cookie` header, to be put beside a response's body.
#[derive(Clone, Debug)]
pub struct SetCookie(HeaderValue);

impl HostCookie {
    /// Gives the browser a value to keep. Values are tokens of ours; one that no header can hold (none is) is not sent.
    pub fn set(&self, value: &str, max_age: Duration) -> SetCookie {
        self.set_as(self.name, value, max_age)
    }

    /// Takes the cookie away.
    pub fn clear(&self) -> SetCookie {
        self.clear_as(self.name)
    }

    /// As [`set`](Self::set), under a name of its own: for cookies of one policy whose names only begin alike. `name`
    /// is made by the server, begins with this one's, and is a token (RFC 6265 §4.1.1).
    pub fn set_as(&self, name: &str, value: &str, max_age: Duration) -> SetCookie {
        self.header(name, value, max_age.as_secs())
    }

    /// As [`clear`](Self::clear), under such a name.
    pub fn clear_as(&self, name: &str) -> SetCookie {
        self.header(name, "", 0)
    }

    fn header(&self, name: &str, value: &str, max_age_s: u64) -> SetCookie {
        let same_site = match self.same_site {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
        };
        // ANCHOR: header
        let text =
            format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; Secure; SameSite={same_site}");
        // ANCHOR_END: header
        let mut header = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
        header.set_sensitive(true);
        SetCookie(header)
    }
}

/// The value of a cookie. Of two with one name the first that can be read counts: browsers send the one with the longer
/// path first, and a `__Host-` cookie has no path to be longer.
///
/// The header is read as bytes, pair by pair. A script may set any value for a cookie of its own, and browsers send what is
/// not ASCII in it as UTF-8 (RFC 6265bis §5.8.3), so a header that had to be ASCII as a whole would let one foreign
/// cookie hide ours. A pair that cannot be read spoils itself alone: one of this name counts as empty. There may be several
/// headers, since HTTP/2 splits them (RFC 9113 §8.2.3) and not every proxy joins them again.
pub fn read<'a>(request: &'a Parts, name: &str) -> Option<&'a str> {
    let mut unreadable = None;
    let named = pairs(&request.headers).filter(|(found, _)| *found == name.as_bytes());
    for (_, value) in named {
        match std::str::from_utf8(value) {
            Ok(value) => return Some(value),
            Err(_) => unreadable = Some(""),
        }
    }
    unreadable
}

/// All cookies whose names begin like this, as names and values, in the order of the header. A pair that cannot be read
/// spoils itself alone.
pub fn starting_with<'a>(
    headers: &'a HeaderMap,
    beginning: &str,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    pairs(headers)
        .filter_map(move |(name, value)| Some((text(name)?, text(value)?)))
        .filter(move |(name, _)| name.starts_with(beginning))
}

/// The names and values of all cookies, as bytes.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let pairs =
        headers.get_all(COOKIE).iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let pair = pair.trim_ascii();
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        Some((&pair[..equals], &pair[equals + 1..]))
    })
}

impl SetCookie {
    /// The header's value, for a response that is there already.
    pub(crate) fn into_header(self) -> HeaderValue {
        self.0
    }
}

impl IntoResponseParts for SetCookie {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        parts.headers_mut().append(SET_COOKIE, self.0);
        Ok(parts)
    }
}

impl IntoResponse for SetCookie {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: HostCookie = HostCookie { name: "__Host-session", same_site: SameSite::Lax };

    fn text(cookie: SetCookie) -> String {
        cookie.into_response().headers()[SET_COOKIE].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_cookie_is_cleared_with_the_attributes_that_it_was_set_with() {
        let set = text(SESSION.set("abc", Duration::from_secs(60)));
        assert_eq!(set, "__Host-session=abc; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax");
        let attributes = |header: &str| header.split_once("; ").unwrap().1.replace("Max-Age=60", "Max-Age=0");
        assert_eq!(attributes(&text(SESSION.clear())), attributes(&set));
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name_in_any_header() {
        let mut request = http::Request::new(());
        request.headers_mut().append(COOKIE, HeaderValue::from_static("a=1; x__Host-session=no"));
        request.headers_mut().append(COOKIE, HeaderValue::from_static("__Host-session=yes=1; b=2"));
        let parts = request.into_parts().0;
        assert_eq!(read(&parts, "__Host-session"), Some("yes=1"));
        assert_eq!(read(&parts, "session"), None);
    }

    fn with(headers: &[&[u8]]) -> Parts {
        let mut request = http::Request::new(());
        for header in headers {
            request.headers_mut().append(COOKIE, HeaderValue::from_bytes(header).unwrap());
        }
        request.into_parts().0
    }

    #[test]
    fn a_pair_that_cannot_be_read_spoils_itself_alone() {
        for header in [
            "__Host-session=ours; visitor=José".as_bytes(),
            "visitor=José; __Host-session=ours".as_bytes(),
            b"visitor=Jos\xe9; __Host-session=ours",
            b"visitor=\xff\xfe; __Host-session=ours; \xff=\xff",
            b"; ;=;visitor;=x;a=\"b; __Host-session=ours",
            b"__Host-session=\xff; __Host-session=ours",
            b"x__Host-session=no; __Host-sessio=no; __Host-session2=no;__Host-session=ours;",
        ] {
            assert_eq!(read(&with(&[header]), "__Host-session"), Some("ours"), "{header:?}");
        }
        assert_eq!(read(&with(&["visitor=José".as_bytes()]), "__Host-session"), None);
        assert_eq!(read(&with(&[b"__Host-session=\xff"]), "__Host-session"), Some(""));
        assert_eq!(read(&with(&["__Host-session=José".as_bytes()]), "__Host-session"), Some("José"));
    }

    #[test]
    fn several_headers_are_read_as_one_and_a_bad_one_spoils_itself_alone() {
        let split: [&[u8]; 4] = [b"a=1", "visitor=José".as_bytes(), b"\xff", b"__Host-session=ours"];
        assert_eq!(read(&with(&split), "__Host-session"), Some("ours"));
        assert_eq!(read(&with(&split[..3]), "__Host-session"), None);
    }

    #[test]
    fn cookies_are_found_by_how_their_names_begin_and_one_that_is_no_text_hides_no_other() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_bytes(b"visitor=Jos\xe9; __Host-a-1=one;x__Host-a=no").unwrap(),
        );
        headers.append(COOKIE, HeaderValue::from_static("__Host-a=two; __Host-b=no"));
        let found: Vec<_> = starting_with(&headers, "__Host-a").collect();
        assert_eq!(found, [("__Host-a-1", "one"), ("__Host-a", "two")]);
    }
}
