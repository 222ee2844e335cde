//! Tests of how a client gets the two tokens, and of the one way in which each is accepted.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{OWN, Server, USELESS, clearing};

#[tokio::test]
async fn the_descriptor_says_what_the_scheme_promises() {
    let server = Server::start().await;
    let lab = server.call(Method::GET, "/lab", &[], Value::Null).await.json;
    assert_eq!((lab["lab"].as_str(), lab["store"].as_str()), (Some("hybrid"), Some("memory")));
    assert_eq!(lab["features"], json!(["access-jwt", "refresh", "rotation", "sessions-list", "scopes"]));
    let lifetimes = ["access_ttl", "refresh_ttl", "idle_ttl", "refresh_window"].map(|ttl| lab[ttl].as_u64());
    assert_eq!(lifetimes, [Some(900), Some(2_592_000), Some(1_209_600), Some(10)]);
}

#[tokio::test]
async fn an_app_gets_both_tokens_in_the_body_and_no_cookie() {
    let server = Server::start().await;
    let issued = server.sign_up("ann@example.test", "mobile").await;
    assert_eq!(issued.set_cookie(), None);
    assert_eq!(issued.refresh_token().len(), 120);
    assert_eq!(issued.json["expires_in"], 900);
    assert_eq!(issued.json["refresh_expires_in"], 1_209_600);
    let me = server.me(&issued.access()).await;
    assert_eq!(me.status, StatusCode::OK);
    assert_eq!(me.json["session_id"], issued.json["session_id"]);
    assert_eq!(me.json["user_id"], issued.json["user_id"]);
}

#[tokio::test]
async fn a_page_gets_the_refresh_token_in_a_cookie_and_nowhere_else() {
    let server = Server::start().await;
    let issued = server.sign_up("ann@example.test", "web").await;
    assert_eq!(issued.json.get("refresh_token"), None);
    let cookie = issued.set_cookie().unwrap();
    let session = issued.text("session_id").replace('-', "");
    assert!(cookie.starts_with(&format!("__Host-refresh-{}=rt1.", &session[20..])), "{cookie}");
    let (_, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Max-Age=1209600; HttpOnly; Secure; SameSite=Strict");

    let renewed = server.refresh_page(&issued.cookie()).await;
    assert_eq!(renewed.status, StatusCode::OK);
    assert_eq!(renewed.json.get("refresh_token"), None);
    assert_ne!(renewed.cookie(), issued.cookie());
    assert_eq!(renewed.json["session_id"], issued.json["session_id"]);
    assert_eq!(server.me(&renewed.access()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_is_good_only_by_the_way_that_it_was_made_for() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let app = server.log_in(&[], "mobile").await;
    let (_, in_cookie) =
        page.cookie().split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    server.refresh_app(&in_cookie).await.refused(StatusCode::UNAUTHORIZED, "refresh_invalid");
    let smuggled = format!("__Host-refresh={}", app.refresh_token());
    server.refresh_page(&smuggled).await.refused(StatusCode::UNAUTHORIZED, "refresh_invalid");
    assert_eq!(server.refresh_page(&page.cookie()).await.status, StatusCode::OK);
    assert_eq!(server.refresh_app(&app.refresh_token()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_shows_one_refresh_token_and_not_none_or_two() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let app = server.log_in(&[], "mobile").await;
    let both = [("cookie", page.cookie())];
    let both: Vec<(&str, &str)> = both.iter().map(|(n, v)| (*n, v.as_str())).chain([OWN]).collect();
    let body = json!({"refresh_token": app.refresh_token()});
    server.post("/auth/refresh", &both, body.clone()).await.refused(StatusCode::BAD_REQUEST, "malformed");
    server.post("/auth/refresh", &[], Value::Null).await.refused(StatusCode::UNAUTHORIZED, "unauthenticated");
    // An `Authorization` header does not change that, because it contains no refresh token.
    let access = app.access();
    let with_access: Vec<_> = both.iter().copied().chain([("authorization", access.as_str())]).collect();
    server.post("/auth/refresh", &with_access, body).await.refused(StatusCode::BAD_REQUEST, "malformed");
    let alone = [("authorization", access.as_str())];
    server
        .post("/auth/refresh", &alone, Value::Null)
        .await
        .refused(StatusCode::UNAUTHORIZED, "unauthenticated");
}

#[tokio::test]
async fn the_refresh_token_decides_whatever_stands_in_authorization() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let app = server.log_in(&[], "mobile").await;
    let (cookie, body) = (page.cookie(), json!({"refresh_token": app.refresh_token()}));
    let forged = format!("{}x", app.access());
    for value in USELESS.into_iter().chain([forged.as_str(), app.access().as_str()]) {
        let headers = [("cookie", cookie.as_str()), OWN, ("authorization", value)];
        let by_page = server.post("/auth/refresh", &headers, Value::Null).await;
        assert_eq!(
            (by_page.status, &by_page.json["user_id"]),
            (StatusCode::OK, &page.json["user_id"]),
            "{value:?}"
        );
        let by_app = server.post("/auth/refresh", &headers[2..], body.clone()).await;
        assert_eq!(
            (by_app.status, &by_app.json["user_id"]),
            (StatusCode::OK, &app.json["user_id"]),
            "{value:?}"
        );
        // Nor does the header make a cookie from another site acceptable.
        let foreign = [headers[0], headers[2], ("sec-fetch-site", "cross-site")];
        server.post("/auth/refresh", &foreign, Value::Null).await.refused(StatusCode::FORBIDDEN, "csrf");
    }
}

#[tokio::test]
async fn a_cookie_of_another_program_hides_neither_the_refresh_token_nor_its_log_out() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let among = format!("visitor=José; {}; ;=;x", page.cookie());
    assert_eq!(server.refresh_page(&among).await.status, StatusCode::OK);
    let split = [("cookie", "visitor=José"), ("cookie", &page.cookie()), OWN];
    assert_eq!(server.post("/auth/refresh", &split, Value::Null).await.status, StatusCode::OK);
    let out = server.post("/auth/logout", &[("cookie", &among), OWN], Value::Null).await;
    assert_eq!(
        (out.status, out.set_cookie()),
        (StatusCode::NO_CONTENT, Some(clearing(&page.cookie()).as_str()))
    );
    server.refresh_page(&page.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
}

#[tokio::test]
async fn a_cookie_counts_only_when_the_request_comes_from_our_own_page() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let cookie = page.cookie();
    let origins: [&[(&str, &str)]; 5] = [
        &[],
        &[("origin", "null")],
        &[("origin", "http://evil.localhost:8080")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://hybrid.localhost:8080")],
    ];
    for origin in origins {
        let headers: Vec<_> = origin.iter().copied().chain([("cookie", cookie.as_str())]).collect();
        for path in ["/auth/refresh", "/auth/logout"] {
            server.post(path, &headers, Value::Null).await.refused(StatusCode::FORBIDDEN, "csrf");
        }
    }
    let own = [("cookie", cookie.as_str()), ("origin", "http://hybrid.localhost:8080")];
    assert_eq!(server.post("/auth/refresh", &own, Value::Null).await.status, StatusCode::OK);
}

#[tokio::test]
async fn logging_in_again_ends_the_session_of_the_cookie_and_adopts_nothing_of_it() {
    let server = Server::start().await;
    let before = server.sign_up("ann@example.test", "web").await;
    let after = server.log_in(&[("cookie", &before.cookie()), OWN], "web").await;
    assert_ne!(after.json["session_id"], before.json["session_id"]);
    server.refresh_page(&before.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    assert_eq!(server.refresh_page(&after.cookie()).await.status, StatusCode::OK);
    let planted = server.log_in(&[("cookie", "__Host-refresh=planted"), OWN], "web").await;
    assert!(!planted.cookie().ends_with("=planted"));
    assert_eq!(planted.set_cookies()[0], clearing("__Host-refresh"));
}
