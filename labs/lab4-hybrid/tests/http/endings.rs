//! Tests of logging out, here and elsewhere, and of its limits, because a server verifies an access token without a
//! store.

use std::time::Duration;

use http::StatusCode;
use kit::config::Variables;
use serde_json::{Value, json};

use crate::server::{DAY, OWN, PASSWORD, Server, USELESS, clearing};

fn with_the_live_check(on_or_off: &str) -> kit::Config {
    let variables = Variables::of(&[("AUTHLAB_LIVE_CHECK", on_or_off)]);
    kit::Config { variables, ..kit::Config::default() }
}

#[tokio::test]
async fn logging_out_ends_the_session_and_leaves_the_access_token_to_its_exp() {
    let server = Server::start().await;
    let app = server.sign_up("ann@example.test", "mobile").await;
    let out = server.post("/auth/logout", &[("authorization", &app.access())], Value::Null).await;
    assert_eq!((out.status, out.set_cookie()), (StatusCode::NO_CONTENT, None));
    server.refresh_app(&app.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    // The price of not asking a store, until the token expires; a route that asks the store refuses it at once.
    assert_eq!(server.me(&app.access()).await.status, StatusCode::OK);
    server.sessions(&app.access()).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    server.clock.advance(Duration::from_secs(900));
    server.me(&app.access()).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

#[tokio::test]
async fn with_the_live_check_logging_out_ends_the_access_token_too_and_no_other() {
    let config = with_the_live_check("on");
    let server = Server::configured(config).await;
    let app = server.sign_up("ann@example.test", "mobile").await;
    let other = server.log_in(&[], "mobile").await;
    assert_eq!(server.me(&app.access()).await.status, StatusCode::OK);
    server.post("/auth/logout", &[("authorization", &app.access())], Value::Null).await;
    server.me(&app.access()).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(server.me(&other.access()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn with_the_live_check_an_ending_that_only_the_accounts_know_of_is_one_and_without_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let shared = kit::Config {
        accounts: kit::config::AccountsAt::File(folder.path().join("accounts")),
        access_keys: Some("1=an-access-secret-of-32-characters!".parse().unwrap()),
        ..kit::Config::default()
    };
    let server =
        Server::configured(kit::Config { variables: with_the_live_check("on").variables, ..shared.clone() })
            .await;
    let app = server.sign_up("ann@example.test", "mobile").await;
    // The same account on a server with a separate store. Its ending raises the epoch in the row, and the first store
    // is never told, as if Redis had failed between the two steps.
    let elsewhere = Server::configured(shared).await;
    let there = elsewhere.log_in(&[], "mobile").await;
    assert_eq!(server.me(&app.access()).await.status, StatusCode::OK);
    let body = json!({"scope": "global"});
    let out = elsewhere.post("/auth/logout", &[("authorization", &there.access())], body).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    server.me(&app.access()).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(elsewhere.me(&there.access()).await.status, StatusCode::OK);
    // A new login has the row's epoch, and is accepted.
    let back = server.log_in(&[], "mobile").await;
    assert_eq!(server.me(&back.access()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_server_claims_instant_revocation_with_the_live_check_and_not_without() {
    for (live_check, is_on) in [("on", true), ("off", false)] {
        let server = Server::configured(with_the_live_check(live_check)).await;
        let lab = server.call(http::Method::GET, "/lab", &[], Value::Null).await;
        let claimed = lab.json["features"].as_array().unwrap().contains(&json!("instant-revocation"));
        assert_eq!(claimed, is_on);
    }
}

#[tokio::test]
async fn an_access_token_that_ran_out_still_logs_its_session_out() {
    let server = Server::start().await;
    let app = server.sign_up("ann@example.test", "mobile").await;
    server.clock.advance(DAY);
    let out = server.post("/auth/logout", &[("authorization", &app.access())], Value::Null).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    server.refresh_app(&app.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
}

#[tokio::test]
async fn a_refresh_token_in_the_body_logs_its_session_out() {
    let server = Server::start().await;
    let app = server.sign_up("ann@example.test", "mobile").await;
    let other = server.log_in(&[], "mobile").await;
    let out = server.post("/auth/logout", &[], json!({"refresh_token": app.refresh_token()})).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    server.refresh_app(&app.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    assert_eq!(server.refresh_app(&other.refresh_token()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_logs_out_by_its_cookie_or_by_its_access_token_and_the_cookie_is_cleared() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let out = server.post("/auth/logout", &[("cookie", &page.cookie()), OWN], Value::Null).await;
    assert_eq!(
        (out.status, out.set_cookies()),
        (StatusCode::NO_CONTENT, vec![clearing(&page.cookie()).as_str()])
    );
    server.refresh_page(&page.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");

    let page = server.log_in(&[], "web").await;
    let other = server.log_in(&[], "web").await;
    let headers = [("cookie", other.cookie()), ("authorization", page.access())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let out = server.post("/auth/logout", &headers, Value::Null).await;
    // The request does not show that one of the server's own pages sent it, so the session of the other cookie is
    // neither ended nor cleared.
    assert_eq!((out.status, out.set_cookie()), (StatusCode::NO_CONTENT, None));
    server.refresh_page(&page.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    let renewed = server.refresh_page(&other.cookie()).await;
    let headers = [("cookie", renewed.cookie()), ("authorization", renewed.access())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let out = server.post("/auth/logout", &headers, Value::Null).await;
    assert_eq!(
        (out.status, out.set_cookies()),
        (StatusCode::NO_CONTENT, vec![clearing(&renewed.cookie()).as_str()])
    );
}

#[tokio::test]
async fn a_page_logs_out_by_its_cookie_whatever_stands_in_authorization() {
    let server = Server::start().await;
    server.sign_up("ann@example.test", "mobile").await;
    let old = server.log_in(&[], "mobile").await.access();
    server.clock.advance(DAY);
    // The last value is a valid token that has expired: its session ends too.
    for value in USELESS.into_iter().chain([old.as_str()]) {
        let page = server.log_in(&[], "web").await;
        let headers = [("cookie", page.cookie()), ("authorization", value.to_owned())];
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).chain([OWN]).collect();
        let out = server.post("/auth/logout", &headers, Value::Null).await;
        assert_eq!(out.status, StatusCode::NO_CONTENT, "{value:?}");
        assert_eq!(out.set_cookie(), Some(clearing(&page.cookie()).as_str()), "{value:?}");
        server.refresh_page(&page.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    }
}

#[tokio::test]
async fn an_access_token_of_a_key_that_was_taken_out_does_not_hide_the_cookie() {
    let keys =
        |text: &str| kit::Config { access_keys: Some(text.parse().unwrap()), ..kit::Config::default() };
    let before = Server::configured(keys("1=0123456789abcdef0123456789abcdef")).await;
    let stale = before.sign_up("ann@example.test", "web").await.access();
    let server = Server::configured(keys("2=fedcba9876543210fedcba9876543210")).await;
    let page = server.sign_up("ann@example.test", "web").await;
    let cookie = page.cookie();
    let headers = [("cookie", cookie.as_str()), ("authorization", stale.as_str()), OWN];
    assert_eq!(server.post("/auth/refresh", &headers, Value::Null).await.status, StatusCode::OK);
    let out = server.post("/auth/logout", &headers, Value::Null).await;
    assert_eq!((out.status, out.set_cookie()), (StatusCode::NO_CONTENT, Some(clearing(&cookie).as_str())));
    server.refresh_page(&cookie).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
}

#[tokio::test]
async fn a_foreign_page_does_not_log_out_by_adding_an_authorization_header() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let cookie = page.cookie();
    for value in USELESS {
        let foreign =
            [("cookie", cookie.as_str()), ("authorization", value), ("sec-fetch-site", "cross-site")];
        server.post("/auth/logout", &foreign, Value::Null).await.refused(StatusCode::FORBIDDEN, "csrf");
    }
    assert_eq!(server.refresh_page(&cookie).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_that_logs_out_with_an_older_access_token_ends_the_session_of_its_browser_too() {
    let server = Server::start().await;
    let tab = server.sign_up("ann@example.test", "web").await;
    let newer = server.log_in(&[], "web").await;
    let headers = [("cookie", newer.cookie()), ("authorization", tab.access())];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).chain([OWN]).collect();
    let out = server.post("/auth/logout", &headers, Value::Null).await;
    assert_eq!(
        (out.status, out.set_cookie()),
        (StatusCode::NO_CONTENT, Some(clearing(&newer.cookie()).as_str()))
    );
    for cookie in [tab.cookie(), newer.cookie()] {
        server.refresh_page(&cookie).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    }
}

#[tokio::test]
async fn logging_out_with_what_is_no_credential_is_logging_out_too() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let garbage = server.post("/auth/logout", &[("authorization", "Bearer garbage")], Value::Null).await;
    assert_eq!(garbage.status, StatusCode::NO_CONTENT);
    let nothing = server.post("/auth/logout", &[], json!({"refresh_token": "garbage"})).await;
    assert_eq!(nothing.status, StatusCode::NO_CONTENT);
    let twice = [("cookie", page.cookie())];
    for _ in 0..2 {
        let out = server.post("/auth/logout", &[("cookie", &twice[0].1), OWN], Value::Null).await;
        assert_eq!(
            (out.status, out.set_cookies()),
            (StatusCode::NO_CONTENT, vec![clearing(&page.cookie()).as_str()])
        );
    }
    let two = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
    server.post("/auth/logout", &two, Value::Null).await.refused(StatusCode::BAD_REQUEST, "malformed");
}

#[tokio::test]
async fn logging_out_the_others_keeps_the_presenting_session() {
    let server = Server::start().await;
    let here = server.sign_up("ann@example.test", "mobile").await;
    let there = server.log_in(&[], "web").await;
    let body = json!({"scope": "others"});
    let out = server.post("/auth/logout", &[("authorization", &here.access())], body.clone()).await;
    assert_eq!((out.status, out.set_cookie()), (StatusCode::NO_CONTENT, None));
    server.refresh_page(&there.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    assert_eq!(server.refresh_app(&here.refresh_token()).await.status, StatusCode::OK);
    server
        .post("/auth/logout", &[("authorization", &there.access())], body)
        .await
        .refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_session() {
    let server = Server::start().await;
    let here = server.sign_up("ann@example.test", "web").await;
    let there = server.log_in(&[], "mobile").await;
    let body = json!({"scope": "global"});
    let headers = [("authorization", here.access()), ("cookie", here.cookie())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let out = server.post("/auth/logout", &headers, body).await;
    assert_eq!(
        (out.status, out.set_cookies()),
        (StatusCode::NO_CONTENT, vec![clearing(&here.cookie()).as_str()])
    );
    server.refresh_page(&here.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    server.refresh_app(&there.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    let back = server.log_in(&[], "mobile").await;
    assert_eq!(server.refresh_app(&back.refresh_token()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_new_password_ends_every_session_and_starts_one_for_the_same_kind_of_client() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let app = server.log_in(&[], "mobile").await;
    let change = json!({"current_password": PASSWORD, "new_password": "another horse battery"});
    let headers = [("authorization", page.access()), ("cookie", page.cookie())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let changed = server.post("/auth/password", &headers, change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.json);
    assert_eq!(changed.json.get("refresh_token"), None);
    server.refresh_page(&page.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    server.refresh_app(&app.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    assert_eq!(server.refresh_page(&changed.cookie()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_deleted_accounts_refresh_token_has_ended_and_its_cookie_is_cleared() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let other = server.sign_up("bob@example.test", "web").await;
    let both = format!("{}; {}", other.cookie(), page.cookie());
    let headers = [("authorization", page.access()), ("cookie", both)];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let deleted = server.post("/auth/account/delete", &headers, json!({"password": PASSWORD})).await;
    // Another account's session in the same browser is neither ended nor cleared.
    assert_eq!(
        (deleted.status, deleted.set_cookies()),
        (StatusCode::NO_CONTENT, vec![clearing(&page.cookie()).as_str()])
    );
    assert_eq!(server.refresh_page(&other.cookie()).await.status, StatusCode::OK);
    server.refresh_page(&page.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
}
