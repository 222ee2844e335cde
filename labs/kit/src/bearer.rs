//! The `Authorization` header (RFC 6750 §2.1).
//!
//! For a request with this header, the server ignores the cookies, so that an attacker cannot make a browser add its
//! cookies' authority to a request that states its own. Refresh and logout concern another credential, the refresh token or
//! the session's cookie, and use that one: there, a header with a refused token does not override it. The server never
//! reads a token from the query.

use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::error::Error;

/// The longest token that the server checks, in bytes. The length is checked before any cryptography.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// The bearer token of a request; `None` if there is no `Authorization` header.
///
/// # Errors
/// [`Error::Malformed`] for two such headers, because a proxy and a server might each believe a different one.
/// [`Error::InvalidToken`] for a scheme other than `Bearer` (in any case), an empty token, one over 4 KiB, and text that is
/// not ASCII.
pub fn token(request: &Parts) -> Result<Option<&str>, Error> {
    let mut headers = request.headers.get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(Error::Malformed("There are two Authorization headers."));
    }
    let header = header.to_str().or(Err(Error::InvalidToken("it is not ASCII")))?;
    let (scheme, token) = header.split_once(' ').ok_or(Error::InvalidToken("it has no token"))?;
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(Error::InvalidToken("its scheme is not Bearer"));
    }
    match token.len() {
        0 => Err(Error::InvalidToken("it is empty")),
        1..=MAX_TOKEN_BYTES => Ok(Some(token)),
        _ => Err(Error::InvalidToken("it is over 4 KiB")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(authorization: &[&str]) -> Parts {
        let mut request = http::Request::new(());
        for value in authorization {
            request.headers_mut().append(AUTHORIZATION, value.parse().unwrap());
        }
        request.into_parts().0
    }

    #[test]
    fn the_scheme_is_read_in_any_case_and_must_be_bearer() {
        assert_eq!(token(&request(&["bEaReR abc"])).unwrap(), Some("abc"));
        assert!(matches!(token(&request(&["Basic abc"])), Err(Error::InvalidToken(_))));
        assert!(matches!(token(&request(&["Bearer"])), Err(Error::InvalidToken(_))));
        assert_eq!(token(&request(&[])).unwrap(), None);
    }

    #[test]
    fn a_header_without_a_token_says_so() {
        assert!(matches!(token(&request(&["Bearer "])), Err(Error::InvalidToken("it is empty"))));
        assert!(matches!(token(&request(&["Bearer"])), Err(Error::InvalidToken("it has no token"))));
    }

    #[test]
    fn two_headers_are_malformed_even_if_they_agree() {
        assert!(matches!(token(&request(&["Bearer abc", "Bearer abc"])), Err(Error::Malformed(_))));
    }

    #[test]
    fn a_token_of_4096_bytes_is_looked_at_and_one_of_4097_is_not() {
        let header = |length: usize| format!("Bearer {}", "a".repeat(length));
        assert!(token(&request(&[&header(4096)])).is_ok());
        assert!(matches!(token(&request(&[&header(4097)])), Err(Error::InvalidToken(_))));
    }
}
