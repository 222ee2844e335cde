//! The limits of every HTTP request: a server under test may do anything.

use std::time::Duration;

use reqwest::redirect;

/// How long a server may take to respond to one request.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How many bytes of a response body are read; the rest is not read.
const BODY_CAP: usize = 1 << 20;

/// An HTTP client that follows no redirect and uses no proxy.
pub(crate) fn transport() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(ANSWER_WITHIN)
        .pool_idle_timeout(Duration::from_secs(4))
        .build()
}

/// Reads the body of a response, up to [`BODY_CAP`].
pub(crate) async fn read_bounded(answer: &mut reqwest::Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        let room = BODY_CAP.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if body.len() >= BODY_CAP {
            break;
        }
    }
    Ok(body)
}
