use http::HeaderValue;
use http::header::{COOKIE, SET_COOKIE};
use kit::keyring::Keyring;

use super::*;
use crate::token::FirstToken;

fn keys() -> Keys {
    Keys::derive(&Keyring::random()).unwrap()
}

fn opened(keys: &Keys) -> FirstToken {
    keys.first_token(Uuid::from_u128(1), ClientKind::Web).unwrap()
}

fn cookie(first: &FirstToken) -> String {
    format!("{}={}", name_of(first.session_id), first.token.expose())
}

fn read(keys: &Keys, cookies: &[String]) -> Shown {
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::from_str(&cookies.join("; ")).unwrap());
    Shown::read(keys, &headers)
}

fn ids(shown: &Shown) -> Vec<Uuid> {
    shown.sessions().iter().map(|session| session.token.session_id()).collect()
}

fn lines(cookies: SetCookies) -> Vec<String> {
    let response = axum::response::IntoResponse::into_response((cookies, ()));
    let lines = response.headers().get_all(SET_COOKIE).iter();
    lines.map(|line| line.to_str().unwrap().to_owned()).collect()
}

#[test]
fn a_sessions_cookie_is_named_by_the_last_group_of_its_id() {
    let id: Uuid = "0192d4f0-7b1c-7c3e-9f21-5d8a9b3cc1e2".parse().unwrap();
    assert_eq!(name_of(id), "__Host-refresh-5d8a9b3cc1e2");
}

#[test]
fn the_newest_session_comes_first_whatever_the_order_of_the_header() {
    let keys = keys();
    let sessions = [opened(&keys), opened(&keys), opened(&keys)];
    let newest_first: Vec<Uuid> = sessions.iter().rev().map(|first| first.session_id).collect();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let shown = read(&keys, &order.map(|place| cookie(&sessions[place])));
        assert_eq!(ids(&shown), newest_first);
    }
}

#[test]
fn a_session_with_a_random_id_is_older_than_one_whose_id_has_the_time_in_it() {
    let with_time = Uuid::now_v7();
    assert!(age_order(Uuid::from_u128(u128::MAX >> 4 | 4 << 76)) < age_order(with_time));
    assert!(age_order(Uuid::new_v4()) < age_order(with_time));
}

#[test]
fn a_token_counts_under_its_sessions_name_and_under_the_old_one_and_under_no_other() {
    let keys = keys();
    let (own, other) = (opened(&keys), opened(&keys));
    let under = |name: &str| read(&keys, &[format!("{name}={}", own.token.expose())]);
    for name in [name_of(own.session_id), "__Host-refresh".into()] {
        let shown = under(&name);
        assert_eq!((ids(&shown), shown.sessions()[0].name.as_str()), (vec![own.session_id], name.as_str()));
    }
    let smuggled = under(&name_of(other.session_id));
    assert_eq!((ids(&smuggled), smuggled.is_empty()), (vec![], false));
    for name in
        ["__Host-refresh-", "__Host-refresh-banner", "__Host-refreshed", "__Host-refresh-5D8A9B3CC1E2"]
    {
        assert!(under(name).is_empty(), "{name}");
    }
}

#[test]
fn an_apps_token_in_a_cookie_and_one_of_another_key_show_no_session() {
    let keys = keys();
    let app = keys.first_token(Uuid::from_u128(1), ClientKind::Mobile).unwrap();
    let foreign = opened(&self::keys());
    let shown = read(&keys, &[cookie(&app), cookie(&foreign)]);
    assert_eq!((ids(&shown), shown.is_empty()), (vec![], false));
    assert_eq!(lines(shown.cleared()).len(), 2);
}

#[test]
fn of_two_tokens_of_one_session_the_later_counts_and_both_cookies_are_cleared() {
    let keys = keys();
    let first = opened(&keys);
    let second = keys.verify(first.token.expose()).unwrap().successor();
    let (own, old) = (name_of(first.session_id), "__Host-refresh");
    for (name_of_first, name_of_second) in [(own.as_str(), old), (old, own.as_str())] {
        let pairs = [
            format!("{name_of_first}={}", first.token.expose()),
            format!("{name_of_second}={}", second.expose()),
        ];
        let shown = read(&keys, &pairs);
        let counts = &shown.sessions()[0];
        assert_eq!((shown.sessions().len(), counts.token.generation()), (1, 2));
        assert_eq!(counts.name, name_of_second);
        assert_eq!(lines(shown.cleared()).len(), 2);
    }
}

#[test]
fn the_newest_eight_of_many_sessions_count_and_those_alone_are_cleared() {
    let keys = keys();
    let sessions: Vec<FirstToken> = (0..MOST + 3).map(|_| opened(&keys)).collect();
    let cookies: Vec<String> = sessions.iter().map(cookie).collect();
    let shown = read(&keys, &cookies);
    let newest: Vec<Uuid> = sessions.iter().rev().take(8).map(|first| first.session_id).collect();
    assert_eq!(ids(&shown), newest);
    assert_eq!(lines(shown.cleared()).len(), 8);
}

#[test]
fn a_cookie_is_cleared_under_the_name_that_it_came_by_with_the_attributes_that_it_was_set_with() {
    let keys = keys();
    let first = opened(&keys);
    let name = name_of(first.session_id);
    let attributes = "Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict";
    let shown = read(&keys, &[cookie(&first), "__Host-refresh=garbage".into()]);
    assert_eq!(
        lines(shown.cleared()),
        [format!("{name}=; {attributes}"), format!("__Host-refresh=; {attributes}")]
    );
    let of_nobody_else = shown.cleared_where(|token| token.user_id() == Uuid::from_u128(2));
    assert_eq!(lines(of_nobody_else), Vec::<String>::new());
}
