//! Tests of `cargo lab token --jwks`, which downloads a JWK Set.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::program::{Ended, run};
use crate::token_keys::made_by_jose;

/// Answers every request with this text.
fn server(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

fn with_set(token: &str, url: &str) -> Ended {
    run(&["token", token, "--jwks", url])
}

#[test]
fn a_jwk_set_is_downloaded_from_this_machine_and_from_no_other() {
    let made = made_by_jose();
    let token = made["tokens"]["Ed25519"].as_str().unwrap();
    let body = made["jwks"].to_string();
    let answer = |status: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    };
    let ended = with_set(token, &server(answer("200 OK", &body)));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("valid: it was made with this key's private key"), "{ended:?}");

    for (url, reason) in [
        ("https://issuer.example/jwks.json".to_owned(), "download the file, for example with curl"),
        ("http://192.0.2.1/jwks.json".to_owned(), "is not an http URL of this machine"),
        (server(answer("302 Found\r\nlocation: http://192.0.2.1/", "")), "answered with 302 Found"),
        (server(answer("404 Not Found", "")), "answered with 404 Not Found"),
        (server(answer("200 OK", "<html>")), "serves no JWK Set: it is not JSON"),
        (server(answer("200 OK", &" ".repeat(300_000))), "is longer than 256 KiB"),
    ] {
        let ended = with_set(token, &url);
        assert_eq!(ended.code, Some(2), "{url}: {ended:?}");
        assert!(ended.stderr.contains(reason), "{url}: {ended:?}");
    }
}
