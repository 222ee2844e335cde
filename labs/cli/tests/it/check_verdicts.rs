//! Tests of `check` and `attack` on servers that were not written for the checker: exit codes, the reason for a run that
//! decided nothing, addresses that are refused, and text of the server that a terminal would obey.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use crate::program::{Ended, Serving, run};

/// A server that was not written for the checker. Its thread ends with the test's process.
struct Foreign {
    url: String,
}

impl Foreign {
    /// Starts a server that answers the request for a path with a status line and header lines, and a body.
    fn start(answer: fn(&str) -> (&'static str, String)) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || answered(stream, answer));
            }
        });
        Self { url }
    }
}

/// Reads one request to its end, because a connection that is closed with unread bytes is reset, and answers it.
fn answered(mut stream: TcpStream, answer: fn(&str) -> (&'static str, String)) {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    let whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        (body.len() >= length.unwrap_or(0)).then_some(())
    };
    while whole(&request).is_none() {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let path = text.split(' ').nth(1).unwrap_or_default();
    let (head, body) = answer(path);
    let length = body.len();
    let said = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    drop(stream.write_all(said.as_bytes()));
}

const LAB: &str = r#"{"contract":1,"lab":"foreign","store":"memory","controls":false,"limits":{},"features":["access-jwt"],"access_ttl":900}"#;

fn refused(ended: &Ended, says: &str) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("error: ") && ended.stderr.contains(says), "{ended:?}");
}

#[test]
fn a_server_that_answers_every_request_alike_ends_with_2_and_one_that_lets_an_attack_in_with_1() {
    let missing = Foreign::start(|path| match path {
        "/lab" => ("200 OK", LAB.to_owned()),
        _ => ("404 Not Found", String::new()),
    });
    let throttled = Foreign::start(|path| match path {
        "/lab" => ("200 OK", LAB.to_owned()),
        _ => ("429 Too Many Requests\r\nretry-after: 9", String::new()),
    });
    for (server, status) in [(missing, 404), (throttled, 429)] {
        for command in ["check", "attack"] {
            let ended = run(&[command, "--url", &server.url]);
            refused(
                &ended,
                &format!(
                    "error: nothing could be checked: the server answered every request with {status}: GET /me, GET \
                     /health/live, POST /auth/login"
                ),
            );
            assert!(
                !ended.stdout.contains("GOT IN") && ended.stdout.contains("undecided"),
                "{}",
                ended.stdout
            );
            let ended = run(&[command, "--url", &server.url, "--json"]);
            let report: Value = serde_json::from_str(&ended.stdout).unwrap();
            assert_eq!((ended.code, &report["counts"]["failed"]), (Some(2), &Value::from(0)), "{report}");
            let undecided =
                report["results"].as_array().unwrap().iter().find(|one| one["outcome"] == "undecided");
            let because = undecided.unwrap()["because"].as_str().unwrap();
            assert!(
                because.starts_with(&format!("the server answered every request with {status}: ")),
                "{because}"
            );
        }
    }
    // It gives every request what only a user with a credential may have.
    let open = Foreign::start(|path| match path {
        "/lab" => ("200 OK", LAB.to_owned()),
        _ => ("200 OK\r\ncontent-type: application/json", r#"{"user_id":"1"}"#.to_owned()),
    });
    let ended = run(&["attack", "--url", &open.url, "--only", "me.no-credential"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("GOT IN       me.no-credential"), "{}", ended.stdout);
    assert!(ended.stdout.contains("\n1 attack got in, 0 kept out\n"), "{}", ended.stdout);
}

#[test]
fn a_selection_that_leaves_nothing_to_run_ends_with_2_and_the_reason() {
    let serving = Serving::start(&[], &["access"]);
    let check = |command: &str, only: &str| run(&[command, "--url", &serving.url, "--only", only]);
    refused(&check("check", "rotation"), "error: nothing could be checked: `refresh` is not claimed");
    refused(&check("attack", "health"), "none of the checks of `health` is an attack");
    assert_eq!(check("check", "health").code, Some(0));
}

#[test]
fn the_checks_are_listed_without_a_lab_and_run_only_with_one() {
    for command in ["check", "attack"] {
        let ended = run(&[command, "--list"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("me.no-credential"), "{}", ended.stdout);
        refused(&run(&[command]), "required");
    }
}

#[test]
fn an_address_whose_parts_cannot_be_honoured_is_refused_without_its_password_and_a_path_is_kept() {
    let server = Foreign::start(|path| match path {
        "/auth/v1/lab" => ("200 OK", LAB.to_owned()),
        "/auth/v1/health/live" | "/auth/v1/health/ready" => ("200 OK", String::new()),
        _ => ("404 Not Found", String::new()),
    });
    let host = server.url.trim_start_matches("http://");
    for command in ["check", "attack", "duel"] {
        let url = |url: &str| run(&[command, "--url", url]);
        let ended = url(&format!("http://ann:hunter2@{host}"));
        refused(
            &ended,
            &format!(
                "error: the URL contains a user name or a password, which no request may send: give `http://{host}`"
            ),
        );
        assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
        refused(&url(&format!("http://{host}/?a=b")), "the URL contains a query");
        refused(&url(&format!("http://{host}/#x")), "the URL contains a fragment");
    }
    let ended = run(&["check", "--url", &format!("http://{host}/auth/v1/"), "--only", "health"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_server_on_another_machine_is_checked_only_with_its_owners_consent() {
    // 192.0.2.1 belongs to no machine (RFC 5737), and no name resolver knows a name below `invalid` (RFC 6761).
    for command in ["check", "attack", "duel"] {
        refused(&run(&[command, "--url", "http://192.0.2.1:8080"]), "add --they-agreed");
        let agreed = run(&[command, "--url", "http://server.invalid:8080", "--they-agreed"]);
        refused(&agreed, "cannot connect to http://server.invalid:8080");
    }
}

#[test]
fn a_redirect_of_the_descriptor_names_its_target() {
    let server = Foreign::start(|path| match path {
        "/lab" => ("301 Moved Permanently\r\nlocation: http://127.0.0.1:1/new/lab", String::new()),
        _ => ("404 Not Found", String::new()),
    });
    let ended = run(&["check", "--url", &server.url]);
    let told = "/lab was answered with 301, Location http://127.0.0.1:1/new/lab: give http://127.0.0.1:1/new to --url";
    refused(&ended, told);
    let below = run(&["check", "--url", &format!("{}/below", server.url)]);
    refused(&below, "it responded with 404");
}

const NAME: &str = "\u{1b}[2K\u{1b}]0;title\u{7}\u{202e}|`<b>";

#[test]
fn text_of_the_server_is_shown_without_control_characters_and_json_has_it_as_it_is() {
    let server = Foreign::start(|path| match path {
        "/lab" => ("200 OK", LAB.replace("\"foreign\"", &Value::from(NAME).to_string())),
        "/health/live" => ("200 OK", String::new()),
        _ => (
            "418 Teapot\r\ncontent-type: application/problem+json",
            format!(r#"{{"code":"x","detail":"{}"}}"#, NAME.replace('\u{7}', "")),
        ),
    });
    for command in ["check", "attack"] {
        let ended = run(&[command, "--url", &server.url, "--only", "me.no-credential"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let (shown, detail) = (
            r"\u{1b}[2K\u{1b}]0;title\u{7}\u{202e}|`<b> at http",
            r#""detail":"\u{1b}[2K\u{1b}]0;title\u{202e}|`<b>""#,
        );
        assert!(ended.stdout.contains(shown) && ended.stdout.contains(detail), "{}", ended.stdout);
        let obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!ended.stdout.contains(obeyed) && !ended.stderr.contains(obeyed), "{ended:?}");
        let ended = run(&[command, "--url", &server.url, "--only", "me.no-credential", "--json"]);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(report["claims"]["lab"], NAME);
    }
}
