//! Tests of the room's board: what learners' commands post to it, and how it answers other requests.

use reqwest::{Client, StatusCode};
use serde_json::json;

use crate::program::{Serving, run};

async fn page(board: &Serving, path: &str) -> reqwest::Response {
    Client::builder().no_proxy().build().unwrap().get(format!("{}{path}", board.url)).send().await.unwrap()
}

async fn post(board: &Serving, body: String, content_type: &str) -> StatusCode {
    let http = Client::builder().no_proxy().build().unwrap();
    let call = http.post(format!("{}/progress", board.url)).header("content-type", content_type).body(body);
    call.send().await.unwrap().status()
}

#[tokio::test]
async fn a_report_is_on_the_page_as_text_and_the_page_may_run_nothing() {
    let board = Serving::of(&[], &["board"]);
    let empty = page(&board, "/").await.text().await.unwrap();
    let host = board.url.strip_prefix("http://").unwrap();
    assert!(empty.contains(&format!("cargo lab learn --board http://{host} --nickname NAME")), "{empty}");

    let report = json!({"nickname": "<i>ann", "steps": ["token.base64url", "token.hmac", "no.such-step"]});
    assert_eq!(post(&board, report.to_string(), "application/json").await, StatusCode::NO_CONTENT);
    let answer = page(&board, "/?lang=ja").await;
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let html = answer.text().await.unwrap();
    assert!(html.contains("&lt;i&gt;ann") && !html.contains("<i>ann"), "{html}");
    assert!(
        html.contains("2/10") && html.contains("lang=\"ja\"") && html.contains("http-equiv=\"refresh\""),
        "{html}"
    );
}

#[tokio::test]
async fn what_is_no_report_is_refused_and_changes_nothing() {
    let board = Serving::of(&[], &["board"]);
    let report = |nickname: &str, steps: usize| {
        json!({"nickname": nickname, "steps": vec!["token.hmac"; steps]}).to_string()
    };
    for (body, content_type, refused) in [
        (report("ann", 1), "text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (report("", 1), "application/json", StatusCode::UNPROCESSABLE_ENTITY),
        (report("a\nb", 1), "application/json", StatusCode::UNPROCESSABLE_ENTITY),
        (report("ann", 100), "application/json", StatusCode::UNPROCESSABLE_ENTITY),
        (report("ann", 1000), "application/json", StatusCode::PAYLOAD_TOO_LARGE),
        ("{".to_owned(), "application/json", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(post(&board, body.clone(), content_type).await, refused, "{body}");
    }
    assert!(page(&board, "/").await.text().await.unwrap().contains("0 learners"));
    assert_eq!(post(&board, report("ann", 1), "application/json").await, StatusCode::NO_CONTENT);
    assert!(page(&board, "/").await.text().await.unwrap().contains("1 learner "));
    assert_eq!(page(&board, "/elsewhere").await.status(), StatusCode::NOT_FOUND);
}

/// A request for the page under this `Host`. Returns the status and the text of the answer.
async fn page_as(board: &Serving, host: &str) -> (StatusCode, String) {
    let http = Client::builder().no_proxy().build().unwrap();
    let answer = http.get(&board.url).header("host", host).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_name_of_the_machine_is_answered_and_a_name_that_a_page_pointed_at_it_is_not() {
    let board = Serving::at("localhost:0", &[], &["board", "--host-name", "Board.example"]);
    for host in ["127.0.0.1:8090", "192.168.1.2", "[::1]:8090", "localhost", "board.example:8090"] {
        let (status, page) = page_as(&board, host).await;
        assert_eq!(status, StatusCode::OK, "{host}");
        assert!(page.contains("0 learners"), "{page}");
    }
    for host in ["attacker.example", "attacker.example:8090", "board.example.attacker.example"] {
        let (status, sentence) = page_as(&board, host).await;
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        let told = format!("this board does not answer under the name `{host}`: ");
        assert!(sentence.starts_with(&told) && sentence.contains("--host-name"), "{sentence}");
    }
}

#[tokio::test]
async fn one_address_cannot_fill_the_board_and_the_names_on_it_can_be_written_again() {
    let report = |nickname: &str| json!({"nickname": nickname, "steps": ["token.hmac"]}).to_string();
    let board = Serving::of(&[], &["board"]);
    for nickname in ["a", "b", "c", "d", "e"] {
        assert_eq!(post(&board, report(nickname), "application/json").await, StatusCode::NO_CONTENT);
    }
    assert_eq!(post(&board, report("f"), "application/json").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(post(&board, report("a"), "application/json").await, StatusCode::NO_CONTENT);
    assert!(page(&board, "/").await.text().await.unwrap().contains("5 learners"));

    let behind_nat = Serving::of(&[], &["board", "--names-per-address", "1"]);
    assert_eq!(post(&behind_nat, report("a"), "application/json").await, StatusCode::NO_CONTENT);
    let http = Client::builder().no_proxy().build().unwrap();
    let refused =
        http.post(format!("{}/progress", behind_nat.url)).json(&json!({"nickname": "b", "steps": []}));
    let refused = refused.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let sentence = refused.text().await.unwrap();
    assert!(
        sentence.contains("your address has added 1 ") && sentence.contains("--names-per-address"),
        "{sentence}"
    );
}

#[tokio::test]
async fn a_name_that_cannot_be_seen_is_refused_and_names_that_look_equal_are_one() {
    let board = Serving::of(&[], &["board"]);
    let report = |nickname: &str| json!({"nickname": nickname, "steps": []}).to_string();
    for invisible in ["\u{2800}", "\u{3164}", "\u{3000}", "\u{301}", "an\u{200b}n", "ann\u{a0}"] {
        let refused = post(&board, report(invisible), "application/json").await;
        assert_eq!(refused, StatusCode::UNPROCESSABLE_ENTITY, "{invisible:?}");
    }
    for alike in ["Jos\u{e9} A", " Jose\u{301}\u{3000}A "] {
        assert_eq!(post(&board, report(alike), "application/json").await, StatusCode::NO_CONTENT);
    }
    assert!(page(&board, "/").await.text().await.unwrap().contains("1 learner "));
}

#[test]
fn a_learner_needs_a_board_and_a_name_that_are_ones() {
    for (arguments, says) in [
        (&["learn", "--board", "http://127.0.0.1:1"][..], "--nickname"),
        (&["learn", "--nickname", "ann"], "--board"),
        (&["learn", "--board", "https://127.0.0.1:1", "--nickname", "ann"], "is not the address of a board"),
        (&["learn", "--board", "http://127.0.0.1:1", "--nickname", "a\u{7}"], "1 to 24 characters"),
    ] {
        let ended = run(arguments);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(says), "{ended:?}");
    }
}
