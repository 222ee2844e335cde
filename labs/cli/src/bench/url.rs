//! A server that runs already, in whatever language: its address, and how to be let in.

use std::time::Duration;

use axum::http::StatusCode;
use measure::load::{Reach, Target};
use measure::report::Subject;
use measure::rounds::Design as Measured;
use reqwest::header::SET_COOKIE;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::arguments::BenchArguments;
use crate::fault::Fault;

const PATIENCE: Duration = Duration::from_secs(10);

/// The server as the rounds take it, and as the report tells of it.
pub(crate) async fn measured(url: &str, arguments: &BenchArguments) -> Result<(Measured, Subject), Fault> {
    let (base, path) = parted(url);
    let reach = if arguments.my_own_server { Reach::MyOwnServerAnywhere } else { Reach::LoopbackOnly };
    // Asked first, so that a server that is not to be put under load is not logged in to either.
    let mut target = Target::get(base, path, reach)?;
    let headers = match arguments.header.is_empty() {
        false => arguments.header.iter().map(|header| header_of(header)).collect::<Result<_, _>>()?,
        true => vec![logged_in(base).await?],
    };
    for (name, value) in &headers {
        target = target.header(name, value)?;
    }
    let bytes = headers.iter().map(|(name, value)| (name.len() + value.len() + 4) as u64).sum();
    let subject = Subject {
        name: url.to_owned(),
        what: "a server at a URL, of which only the answers are known".to_owned(),
        store: "unknown".to_owned(),
        credential_bytes: Some(bytes),
        store_per_request: None,
        stored_bytes_per_session: None,
        resident_bytes: None,
    };
    let measured = Measured { name: url.to_owned(), target, pid: None, store_pid: None, store_counter: None };
    Ok((measured, subject))
}

/// Base and path; `/me` where the URL ends with its host.
fn parted(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |at| at + 3);
    match url[host..].find('/') {
        Some(at) if url[host + at..].len() > 1 => url.split_at(host + at),
        Some(at) => (&url[..host + at], "/me"),
        None => (url, "/me"),
    }
}

fn header_of(text: &str) -> Result<(String, String), Fault> {
    match text.split_once(':') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim().to_owned())),
        None => Err(Fault::new("--header needs a name and a value, as in \"authorization: Bearer eyJ…\"")),
    }
}

/// Signs up as the contract says, and takes the access token or the cookie that comes.
pub(crate) async fn logged_in(base: &str) -> Result<(String, String), Fault> {
    let no_way_in = |why: &str| {
        Fault::new(format!(
            "{base} gave no credential ({why}); give one with --header \"authorization: Bearer …\""
        ))
    };
    let person = json!({
        "email": format!("{}@example.test", Uuid::new_v4().simple()),
        "password": "correct horse battery staple",
    });
    let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
    let answer = http.post(format!("{base}/auth/signup")).json(&person).send().await?;
    if answer.status() != StatusCode::CREATED {
        return Err(no_way_in(&format!("its sign-up answered {}", answer.status())));
    }
    let cookie = answer.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok()).map(str::to_owned);
    let body: Value = answer.json().await.unwrap_or_default();
    match (body["access_token"].as_str(), cookie) {
        (Some(token), _) => Ok(("authorization".to_owned(), format!("Bearer {token}"))),
        (None, Some(cookie)) => {
            Ok(("cookie".to_owned(), cookie.split(';').next().unwrap_or_default().to_owned()))
        }
        (None, None) => Err(no_way_in("neither an access token nor a cookie came")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_a_path_is_asked_for_me() {
        assert_eq!(parted("http://127.0.0.1:3000"), ("http://127.0.0.1:3000", "/me"));
        assert_eq!(parted("http://127.0.0.1:3000/"), ("http://127.0.0.1:3000", "/me"));
        assert_eq!(parted("http://127.0.0.1:3000/api/me?x=1"), ("http://127.0.0.1:3000", "/api/me?x=1"));
    }

    #[test]
    fn a_header_has_a_name_and_a_value() {
        assert_eq!(header_of("cookie: a=b:c").unwrap(), ("cookie".to_owned(), "a=b:c".to_owned()));
        assert!(header_of("Bearer").is_err());
    }
}
