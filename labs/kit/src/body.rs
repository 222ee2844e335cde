//! JSON request bodies, with every validation error reported at its place.
//!
//! Wrong size, content type and syntax are refused one at a time (413, 415, 400). A body that is JSON with invalid values
//! gets a 422 that names all errors at once by their JSON pointers, so that the client's developer can fix them in one go.

use std::time::Duration;

use axum::body::Body as RawBody;
use axum::extract::Request;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::config::Limits;
use crate::error::{Error, Flaw};

/// How many bytes of a too long body the server reads and discards, and for how long, so that the client gets the response.
const MAX_DISCARDED: usize = 4 * 1024 * 1024;
const DISCARD_TIMEOUT: Duration = Duration::from_secs(1);

/// A request's JSON body, parsed into `T`. An empty body counts as `{}` whatever its content type; unknown fields are
/// ignored.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A type that can be read from a JSON object.
///
/// ```
/// use kit::body::{Body, Fields, FromFields};
/// use serde_json::{Value, json};
///
/// /// The body of a request that renames a device.
/// struct Rename {
///     from: Option<String>,
///     to: String,
/// }
///
/// impl FromFields for Rename {
///     fn from_fields(fields: &mut Fields) -> Option<Self> {
///         // All fields are read before the parser gives up, so that the client is told of all errors at once.
///         let from = fields.optional("from", |text| Ok(text.to_owned()));
///         let to = fields.required("to", |text| match text.len() {
///             1..=64 => Ok(text.to_owned()),
///             _ => Err("has 1 to 64 characters".into()),
///         });
///         Some(Self { from, to: to? })
///     }
///
///     fn shapes() -> Vec<(&'static str, Value)> {
///         let text = json!({ "type": "string", "maxLength": 64 });
///         vec![("from", text.clone()), ("to", text)]
///     }
/// }
///
/// async fn rename(Body(Rename { from, to }): Body<Rename>) -> String {
///     format!("{} is called {to} now", from.as_deref().unwrap_or("the device"))
/// }
/// ```
pub trait FromFields: Sized {
    /// Reads the fields that the type needs. Returns `None` when a required field is missing or invalid; `fields` records
    /// each error.
    fn from_fields(fields: &mut Fields) -> Option<Self>;

    /// The JSON Schema of each field, for the server's OpenAPI document. It does not say which fields are required: the
    /// document finds that out by running the parser.
    fn shapes() -> Vec<(&'static str, Value)>;
}

impl FromFields for () {
    fn from_fields(_fields: &mut Fields) -> Option<Self> {
        Some(())
    }

    fn shapes() -> Vec<(&'static str, Value)> {
        Vec::new()
    }
}

/// The fields of a JSON object, and the validation errors found in them.
#[derive(Debug, Default)]
pub struct Fields {
    object: Map<String, Value>,
    flaws: Vec<Flaw>,
    /// The fields that the parser has asked for; `Some` only when the OpenAPI document is built.
    asked: Option<Vec<Asked>>,
}

/// A field that a parser has asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
}

impl Fields {
    /// The fields that the parser of `T` asks for, found by running it on an empty object. A parser reads all of its fields
    /// before it gives up, so that all errors are reported at once; so it asks for all of them here too.
    pub(crate) fn asked_by<T: FromFields>() -> Vec<Asked> {
        let mut fields = Self { asked: Some(Vec::new()), ..Self::default() };
        let _nothing = T::from_fields(&mut fields);
        fields.asked.unwrap_or_default()
    }

    /// Reads a required field as text and parses it. Returns `None`, and records the error, when the field is missing, is
    /// not a string, or `parse` refuses it with a sentence.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.note(name, true);
        match self.object.get(name) {
            None => self.flaw(name, "is required".into()),
            Some(value) => self.parse(name, value.clone(), parse),
        }
    }

    /// Reads a field that may be missing or null, and parses its text. Returns `None` in those cases, and also when the
    /// field is not a string or `parse` refuses it, which is recorded as an error.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.note(name, false);
        match self.object.get(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.parse(name, value.clone(), parse),
        }
    }

    /// Reads a required whole number from 0 to `max`.
    pub fn required_number(&mut self, name: &'static str, max: u64) -> Option<u64> {
        self.note(name, true);
        match self.object.get(name).map(Value::as_u64) {
            None => self.flaw(name, "is required".into()),
            Some(Some(number)) if number <= max => Some(number),
            Some(_) => self.flaw(name, format!("must be a whole number from 0 to {max}")),
        }
    }

    fn note(&mut self, name: &'static str, required: bool) {
        if let Some(asked) = &mut self.asked {
            asked.push(Asked { name, required });
        }
    }

    fn parse<T>(
        &mut self,
        name: &str,
        value: Value,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Value::String(text) = value else { return self.flaw(name, "must be a string".into()) };
        match parse(&text) {
            Ok(parsed) => Some(parsed),
            Err(detail) => self.flaw(name, detail),
        }
    }

    fn flaw<T>(&mut self, name: &str, detail: String) -> Option<T> {
        self.flaws.push(Flaw { pointer: format!("/{name}"), detail });
        None
    }
}

impl Fields {
    /// Reads a request's body, which must be a JSON object or empty.
    pub(crate) async fn within(limits: Limits, request: Request) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let most_bytes = limits.body_bytes;
        let announced =
            parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > most_bytes) {
            // A client that sends `Expect` has not sent the body yet, and gets the response at once.
            if !parts.headers.contains_key(EXPECT) {
                discard(body).await;
            }
            return Err(Error::TooLarge { most_bytes });
        }
        let bytes = match tokio::time::timeout(limits.read_timeout, read(body, most_bytes)).await {
            Ok(bytes) => bytes?,
            Err(_) => return Err(Error::Malformed("The body did not arrive in time.")),
        };
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(is_json) {
            return Err(Error::UnsupportedMediaType);
        }
        let text = std::str::from_utf8(&bytes).or(Err(Error::Malformed("The body is not UTF-8.")))?;
        match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(Self { object, ..Self::default() }),
            Ok(_) => {
                Err(Error::Invalid(vec![Flaw { pointer: String::new(), detail: "must be an object".into() }]))
            }
            Err(_) => Err(Error::Malformed("The body is not JSON.")),
        }
    }

    /// What `parse` reads from these fields.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every flaw that `parse` found.
    pub(crate) fn parsed<T>(mut self, parse: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Error> {
        match parse(&mut self) {
            Some(parsed) if self.flaws.is_empty() => Ok(parsed),
            _ => Err(Error::Invalid(self.flaws)),
        }
    }
}

async fn read(body: RawBody, most_bytes: usize) -> Result<Bytes, Error> {
    match Limited::new(body, most_bytes).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLarge { most_bytes }),
        Err(_) => Err(Error::Malformed("The body ended early.")),
    }
}

/// Reads on for a moment and discards what it reads. A client that is still sending would otherwise lose the response,
/// because closing a connection with unread bytes resets it.
async fn discard(mut body: RawBody) {
    let mut left = MAX_DISCARDED;
    let discarding = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, discarding).await;
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Pair {
        a: String,
        b: Option<String>,
    }

    impl FromFields for Pair {
        fn from_fields(fields: &mut Fields) -> Option<Self> {
            let text =
                |text: &str| if text.is_empty() { Err("is empty".to_owned()) } else { Ok(text.to_owned()) };
            let (a, b) = (fields.required("a", text), fields.optional("b", text));
            Some(Self { a: a?, b })
        }

        fn shapes() -> Vec<(&'static str, Value)> {
            Vec::new()
        }
    }

    async fn read(content_type: Option<&str>, body: impl Into<RawBody>) -> Result<Pair, Error> {
        read_within(Limits::default(), content_type, body).await
    }

    async fn read_within(
        limits: Limits,
        content_type: Option<&str>,
        body: impl Into<RawBody>,
    ) -> Result<Pair, Error> {
        let mut request = Request::new(body.into());
        if let Some(value) = content_type {
            request.headers_mut().insert(CONTENT_TYPE, value.parse().unwrap());
        }
        Fields::within(limits, request).await?.parsed(Pair::from_fields)
    }

    const JSON: Option<&str> = Some("application/json; charset=utf-8");

    #[tokio::test]
    async fn unknown_fields_are_ignored_and_every_flaw_is_told_at_once() {
        let pair = read(JSON, r#"{"a":"x","b":null,"c":[1]}"#).await.unwrap();
        assert_eq!(pair, Pair { a: "x".into(), b: None });
        let Err(Error::Invalid(flaws)) = read(JSON, r#"{"a":"","b":7}"#).await else { panic!("taken") };
        let pointers: Vec<_> =
            flaws.iter().map(|flaw| (flaw.pointer.as_str(), flaw.detail.as_str())).collect();
        assert_eq!(pointers, [("/a", "is empty"), ("/b", "must be a string")]);
    }

    #[tokio::test]
    async fn an_empty_body_is_an_empty_object_whatever_its_type() {
        assert!(matches!(read(None, "").await, Err(Error::Invalid(_))));
        assert!(matches!(read(Some("text/plain"), "").await, Err(Error::Invalid(_))));
        assert!(matches!(read(Some("text/plain"), r#"{"a":"x"}"#).await, Err(Error::UnsupportedMediaType)));
    }

    fn of_bytes(length: usize) -> String {
        format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8))
    }

    #[tokio::test]
    async fn a_body_of_16_kib_is_read_and_one_byte_more_is_not() {
        assert!(read(JSON, of_bytes(16 * 1024)).await.is_ok());
        assert!(matches!(
            read(JSON, of_bytes(16 * 1024 + 1)).await,
            Err(Error::TooLarge { most_bytes: 16_384 })
        ));
    }

    #[tokio::test]
    async fn the_bound_on_a_body_is_the_configured_one() {
        let limits = Limits { body_bytes: 100, ..Limits::default() };
        assert!(read_within(limits, JSON, of_bytes(100)).await.is_ok());
        let refused = read_within(limits, JSON, of_bytes(101)).await.unwrap_err();
        assert!(matches!(refused, Error::TooLarge { most_bytes: 100 }), "{refused:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up_after_the_configured_time() {
        for seconds in [3, 10] {
            let limits = Limits { read_timeout: Duration::from_secs(seconds), ..Limits::default() };
            let start = tokio::time::Instant::now();
            let refused = read_within(limits, JSON, endless()).await;
            assert!(matches!(refused, Err(Error::Malformed("The body did not arrive in time."))));
            assert_eq!(start.elapsed().as_secs(), seconds);
        }
    }

    /// A body that sends one brace and then nothing more, and never ends.
    fn endless() -> RawBody {
        struct Endless(bool);
        impl hyper::body::Body for Endless {
            type Data = Bytes;
            type Error = std::convert::Infallible;
            fn poll_frame(
                mut self: std::pin::Pin<&mut Self>,
                _context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
                if std::mem::replace(&mut self.0, true) {
                    return std::task::Poll::Pending;
                }
                std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(Bytes::from_static(b"{")))))
            }
        }
        RawBody::new(Endless(false))
    }

    #[tokio::test]
    async fn what_is_no_json_is_malformed_and_what_is_no_object_is_invalid() {
        assert!(matches!(read(JSON, "{").await, Err(Error::Malformed(_))));
        assert!(matches!(read(JSON, vec![b'"', 0xff, b'"']).await, Err(Error::Malformed(_))));
        assert!(matches!(read(JSON, "[]").await, Err(Error::Invalid(_))));
    }
}
