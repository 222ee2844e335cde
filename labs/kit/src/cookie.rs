//! Cookies that contain a credential.
//!
//! There is one kind only: `__Host-…; Secure; HttpOnly; Path=/`. Because of the prefix, the browser itself refuses a cookie
//! that a sibling domain or a plain-text page tries to set. The server clears a cookie with exactly the attributes that it
//! was set with, because a browser ignores anything else (and the user stays logged in).

use std::time::Duration;

use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use http::header::{COOKIE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

/// Which cross-site requests carry the cookie (RFC 6265bis §5.6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Sent with links from other sites, not with forms and scripts from other sites.
    Lax,
    /// Not sent with any request from another site.
    Strict,
}

/// A cookie's name and policy.
#[derive(Clone, Copy, Debug)]
pub struct HostCookie {
    /// The full name, `__Host-` included.
    pub name: &'static str,
    /// The cookie's policy for requests from other sites.
    pub same_site: SameSite,
}

/// A `Set-Cookie` header, to be added to a response.
#[derive(Clone, Debug)]
pub struct SetCookie(HeaderValue);

impl HostCookie {
    /// Sets the cookie's value in the browser. Values are tokens that this server makes; a value that a header cannot
    /// contain would not be sent.
    pub fn set(&self, value: &str, max_age: Duration) -> SetCookie {
        self.set_as(self.name, value, max_age)
    }

    /// Clears the cookie in the browser.
    pub fn clear(&self) -> SetCookie {
        self.clear_as(self.name)
    }

    /// Sets a cookie like [`set`](Self::set), under a different name: for cookies with one policy whose names share a
    /// prefix. The server makes `name`, which begins with this cookie's name and is a token (RFC 6265 §4.1.1).
    pub fn set_as(&self, name: &str, value: &str, max_age: Duration) -> SetCookie {
        self.header(name, value, max_age.as_secs())
    }

    /// Clears a cookie like [`clear`](Self::clear), under a name as for [`set_as`](Self::set_as).
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

/// The value of a cookie. Of two cookies with one name, the first readable one counts: browsers send the one with the
/// longer path first, and the path of a `__Host-` cookie is always `/`.
///
/// The header is read as bytes, pair by pair. A script may set any value for a cookie of its own, and browsers send
/// non-ASCII characters in it as UTF-8 (RFC 6265bis §5.8.3); if the whole header had to be ASCII, one foreign cookie could
/// hide ours. An unreadable pair affects only itself: a cookie of this name that is unreadable counts as empty. There may
/// be several headers, since HTTP/2 splits them (RFC 9113 §8.2.3) and not every proxy joins them again.
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

/// All cookies whose names begin with `beginning`, as names and values, in the order of the header. An unreadable pair is
/// skipped.
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
    /// The header's value, for a response that exists already.
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
