//! Tests of invalid input: each is answered with one sentence on stderr that says what to do, and exit code 2, without
//! a panic or a backtrace.

use std::net::TcpListener;

use crate::program::{Ended, run, run_with};

/// Asserts that the command was refused in the required form, and that its message contains `says`.
fn refused(ended: &Ended, says: &str) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.starts_with("error: "), "{ended:?}");
    assert!(ended.stderr.contains(says), "{ended:?}");
    for unwanted in ["panicked", "backtrace", "RUST_BACKTRACE"] {
        assert!(!ended.stderr.contains(unwanted), "{ended:?}");
    }
}

#[test]
fn an_unknown_lab_is_answered_with_the_known_ones() {
    refused(&run(&["serve", "lab5"]), "[possible values: none, session, access, hybrid]");
}

#[test]
fn an_unknown_store_is_answered_with_what_a_store_is() {
    refused(&run(&["serve", "hybrid", "--store", "postgres://db"]), "redis://127.0.0.1:6379");
}

#[test]
fn a_redis_that_refuses_is_named_without_its_password() {
    let ended = run(&["serve", "hybrid", "--store", "redis://:hunter2@127.0.0.1:1"]);
    refused(&ended, "no Redis answers at redis://127.0.0.1:1");
    assert!(!ended.stderr.contains("hunter2"), "{ended:?}");
}

#[test]
fn no_command_repeats_the_password_of_a_store_whatever_is_wrong_with_its_url() {
    let urls = [
        "rediss://u:hunter2@h",
        "redis://u:hunter2@127.0.0.1:1",
        "redis://u:hunter2",
        "redis://u:hunter2?x@127.0.0.1:1",
        "redis+unix:///nowhere/redis.sock?pass=hunt@hunter2",
        "redis+cluster://u:hunter2@127.0.0.1:1,127.0.0.1:2",
        "admin:hunter2@host",
    ];
    let quiet = |ended: &Ended, line: &dyn std::fmt::Debug| {
        assert_eq!(ended.code, Some(2), "{line:?}: {ended:?}");
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!text.contains("hunter2") && !text.contains("hunt@"), "{line:?}: {ended:?}");
        }
    };
    for url in urls {
        for line in [
            &["--store", url][..],
            &["serve", "hybrid", "--listen", "127.0.0.1:0", "--store", url],
            &["serve", "session", "--listen", "127.0.0.1:0", "--store", url],
            &["check", "hybrid", "--store", url],
            &["bench", "--smoke", "--store", url],
            &["faults", "--store", url],
            &["play", "--listen", "127.0.0.1:0", "--store", url],
            &["doctor", url],
            &["doctor", "--store", url],
        ] {
            quiet(&run(line), &line);
        }
        for (name, log) in [("REDIS_URL", "text"), ("AUTHLAB_STORE", "text"), ("AUTHLAB_STORE", "json")] {
            let line = ["serve", "hybrid", "--listen", "127.0.0.1:0"];
            quiet(&run_with(&[(name, url), ("AUTHLAB_LOG", log)], &line), &(name, url));
        }
        quiet(&run_with(&[("REDIS_URL", url)], &["check", "hybrid", "--store", "redis"]), &url);
    }
}

#[test]
fn something_else_than_a_redis_is_told_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            use std::io::{Read, Write};
            let mut stream = stream;
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let ended = run(&["serve", "session", "--store", &format!("redis://{address}")]);
    refused(&ended, &format!("redis://{address}"));
}

#[test]
fn a_port_in_use_is_answered_with_how_to_choose_another() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(&run(&["serve", "access", "--listen", &address]), "--listen 127.0.0.1:0");
}

#[test]
fn the_playground_listens_on_this_machine_only() {
    let ended = run(&["play", "--store", "memory", "--listen", "0.0.0.0:0"]);
    refused(&ended, "0.0.0.0:0 is not a loopback address");
}

#[test]
fn an_address_that_is_none_is_refused() {
    refused(&run(&["serve", "access", "--listen", "localhost"]), "--listen");
}

#[test]
fn lab_controls_are_refused_on_an_address_that_others_reach() {
    refused(&run(&["serve", "access", "--listen", "0.0.0.0:0", "--lab-controls"]), "loopback");
}

#[test]
fn a_database_that_cannot_be_written_is_named() {
    refused(
        &run(&["serve", "access", "--listen", "127.0.0.1:0", "--accounts", "/nowhere/at/all.sqlite"]),
        "database",
    );
}

#[test]
fn a_url_where_nobody_answers_is_told_so() {
    refused(&run(&["check", "--url", "http://127.0.0.1:1"]), "http://127.0.0.1:1");
}

/// Its twin is `bench::a_url_that_answers_is_measured`.
#[test]
fn a_url_that_refuses_the_connection_is_not_measured_and_its_cause_is_told() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{closed}/me");
    let bench = ["bench", "--smoke", "--store", "memory", "--designs", "none", "--url", &url];
    for header in [&[][..], &["--header", "authorization: Bearer eyJ"]] {
        let ended = run(&[&bench, header].concat());
        refused(&ended, "; start the server, or correct the address after --url");
        let sentence =
            format!("error: `{url}` cannot be measured: no server answers at {closed}: Connection refused");
        assert!(ended.stderr.starts_with(&sentence), "{ended:?}");
        assert_eq!(ended.stdout, "", "no report is written over an earlier one");
    }
}

#[test]
fn a_url_with_tls_or_without_sense_is_told_so() {
    refused(&run(&["check", "--url", "https://127.0.0.1:1"]), "https");
    refused(&run(&["check", "--url", "nonsense"]), "nonsense");
}

#[test]
fn a_server_on_another_machine_is_not_attacked_unasked() {
    // 192.0.2.1 belongs to no machine (RFC 5737).
    refused(&run(&["duel", "--url", "http://192.0.2.1:8080"]), "--they-agreed");
    refused(&run(&["duel", "--url", "http://127.0.0.1:1", "--mine", "http://192.0.2.1:1"]), "--they-agreed");
    refused(&run(&["duel", "--url", "http://127.0.0.1:1"]), "http://127.0.0.1:1");
    refused(&run(&["duel"]), "--url");
}

#[test]
fn who_lets_the_other_in_says_at_which_address() {
    refused(&run(&["duel", "--listen", "0.0.0.0:8080"]), "name the address");
    refused(&run(&["duel", "token", "--listen", "127.0.0.1:0"]), "session, access, hybrid");
}

#[test]
fn a_completion_code_that_is_none_is_told_why() {
    refused(&run(&["progress", "--verify", "abc"]), "three parts");
    refused(&run(&["progress", "--verify", &"a".repeat(5000)]), "4096");
}

#[test]
fn a_check_that_does_not_exist_is_told_so() {
    refused(&run(&["check", "access", "--only", "no-such-check"]), "no-such-check");
}

#[test]
fn a_token_that_is_none_is_told_why() {
    refused(&run(&["token", "abc"]), "no JWT but an opaque value");
    refused(&run(&["token", "e30.e30"]), "three parts");
    refused(&run(&["token", "a.b.c"]), "base64url");
}

#[test]
fn a_setting_in_the_environment_that_does_not_parse_is_named() {
    let ended = run_with(&[("AUTHLAB_ACCESS_TTL", "soon")], &["serve", "access", "--listen", "127.0.0.1:0"]);
    refused(&ended, "AUTHLAB_ACCESS_TTL is `soon`");
}

#[test]
fn an_origin_that_is_none_is_refused_before_the_server_starts() {
    let wrong = ["app.example", "https://app.example/login", "*", "null", "https://*.example", "file:///a"];
    for origin in wrong {
        let ended = run(&["serve", "access", "--listen", "127.0.0.1:0", "--origin", origin]);
        refused(&ended, &format!("--origin: `{origin}` is not an origin: "));
        let listed = format!("https://app.example,{origin}");
        let ended = run_with(&[("AUTHLAB_ORIGIN", &listed)], &["serve", "access", "--listen", "127.0.0.1:0"]);
        refused(&ended, &format!("AUTHLAB_ORIGIN cannot be used: `{origin}` is not an origin: "));
    }
    let secret = "https://ann:hunter2@app.example";
    let ended = run(&["serve", "access", "--listen", "127.0.0.1:0", "--origin", secret]);
    refused(&ended, "it has a user name");
    assert!(!ended.stderr.contains("hunter2"), "{ended:?}");
}

#[test]
fn a_key_that_could_be_guessed_is_refused_and_not_repeated() {
    let ended =
        run_with(&[("AUTHLAB_ACCESS_KEYS", "1=tooshort")], &["serve", "access", "--listen", "127.0.0.1:0"]);
    refused(&ended, "AUTHLAB_ACCESS_KEYS");
    assert!(!ended.stderr.contains("tooshort"), "{ended:?}");
}

#[test]
fn help_and_version_are_no_faults() {
    for arguments in
        [&["--help"][..], &["--version"], &["serve", "--help"], &["check", "--help"], &["token", "--help"]]
    {
        let ended = run(arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!ended.stdout.is_empty());
    }
}
