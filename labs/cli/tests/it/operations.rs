//! Tests of what an operator sees of a server: its log lines from start to stop, and the keys that it reports.

use std::net::TcpListener;

use kit::redis::discovery;
use kit::testing::{Part, found_or_skip};
use serde_json::{Value, json};

use crate::program::{Ended, Serving, Stop, run_with};

const JSON: (&str, &str) = ("AUTHLAB_LOG", "json");
const NEW: &str = "a-new-key-that-is-only-used-in-this-test";
const OLD: &str = "an-old-key-that-is-only-used-in-this-test";

/// The lines of a stream, each of which must be a JSON object.
fn objects(text: &str) -> Vec<Value> {
    let object = |line| match serde_json::from_str(line) {
        Ok(Value::Object(object)) => Value::Object(object),
        other => panic!("a line is no JSON object: {line} ({other:?})"),
    };
    text.lines().map(object).collect()
}

/// The messages of one log level.
fn messages<'a>(lines: &'a [Value], level: &str) -> Vec<&'a str> {
    lines.iter().filter(|line| line["level"] == level).map(|line| line["message"].as_str().unwrap()).collect()
}

#[test]
fn each_line_of_a_server_is_a_json_object_from_its_start_to_its_stop() {
    let serving = Serving::start(&[JSON], &["hybrid", "--store", "memory", "--lab-controls"]);
    let url = serving.url.clone();
    let ended = serving.stopped_by(Stop::EndOfStdin);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(objects(&ended.stdout), [json!({ "message": "listening", "url": url })]);
    let lines = objects(&ended.stderr);
    let notes = messages(&lines, "WARN");
    assert_eq!(notes.len(), 5, "{notes:?}");
    assert!(notes[0].contains("set AUTHLAB_ACCESS_KEYS"), "{notes:?}");
}

#[test]
fn a_person_who_starts_a_server_reads_sentences() {
    let ended = Serving::start(&[], &["hybrid", "--store", "memory"]).stopped_by(Stop::EndOfStdin);
    assert!(ended.stdout.starts_with("listening on http://127.0.0.1:"), "{ended:?}");
    assert!(ended.stderr.contains("note: access tokens are signed with a random key"), "{ended:?}");
}

/// Asserts that a server that could not start reports the reason in one line of JSON.
fn refused_in_json(ended: &Ended, says: &str) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    let lines = objects(&ended.stderr);
    let errors = messages(&lines, "ERROR");
    assert_eq!(errors.len(), 1, "{ended:?}");
    assert!(errors[0].contains(says) && !errors[0].starts_with("error:"), "{ended:?}");
}

#[test]
fn a_server_that_cannot_start_says_why_in_json_whatever_the_log_leaves_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let free = ["serve", "access", "--listen", "127.0.0.1:0"];
    for quiet in [("RUST_LOG", "info"), ("RUST_LOG", "off")] {
        let run = |setting, arguments: &[&str]| run_with(&[JSON, quiet, setting], arguments);
        let unset = ("AUTHLAB_ACCESS_TTL", "");
        refused_in_json(&run(("AUTHLAB_ACCESS_TTL", "soon"), &free), "AUTHLAB_ACCESS_TTL is `soon`");
        refused_in_json(&run(unset, &["serve", "access", "--listen", &taken]), "cannot listen on");
        refused_in_json(&run(unset, &["serve", "lab5"]), "[possible values: none, session, access, hybrid]");
    }
}

#[test]
fn a_command_whose_servers_log_json_finds_them() {
    let ended = run_with(&[JSON], &["check", "access", "--only", "me", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let key = ("AUTHLAB_ACCESS_KEYS", "1=tooshort");
    let ended = run_with(&[JSON, key], &["check", "access", "--only", "me"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("the access server did not start: AUTHLAB_ACCESS_KEYS cannot be used"),
        "{ended:?}"
    );
}

/// The log line that says why a server stops, and the one that says that it has stopped.
fn stop_lines(ended: &Ended) -> (Value, Value) {
    let lines = objects(&ended.stderr);
    let of = |start: &str| {
        let found: Vec<_> = lines
            .iter()
            .filter(|line| line["message"].as_str().is_some_and(|text| text.starts_with(start)))
            .collect();
        assert_eq!(found.len(), 1, "{start}: {ended:?}");
        found[0].clone()
    };
    (of("stopping"), of("stopped"))
}

#[cfg(unix)]
#[test]
fn a_server_that_gets_sigterm_says_so_and_says_when_it_has_stopped() {
    let ended = Serving::start(&[JSON], &["access"]).stopped_by(Stop::Sigterm);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (told, stopped) = stop_lines(&ended);
    assert_eq!(told["reason"], "SIGTERM");
    assert_eq!(stopped["message"], "stopped: every running request was finished");
    assert_eq!(objects(&ended.stderr).last(), Some(&stopped));
}

#[test]
fn a_server_whose_stdin_ends_says_that_this_is_why_it_stops() {
    let ended = Serving::start(&[JSON], &["access"]).stopped_by(Stop::EndOfStdin);
    assert_eq!(stop_lines(&ended).0["reason"], "the end of stdin");
}

/// What a server reports about its keys: lines of its metrics, and lines of its log.
async fn told_of_keys(settings: &[(&str, &str)], design: &str) -> (Vec<String>, Vec<Value>) {
    let settings = [&[JSON, ("AUTHLAB_METRICS", "on")], settings].concat();
    let serving = Serving::start(&settings, &[design, "--store", "memory"]);
    let metrics = reqwest::get(format!("{}/metrics", serving.url)).await.unwrap().text().await.unwrap();
    let ended = serving.stopped_by(Stop::EndOfStdin);
    for text in [&metrics, &ended.stderr] {
        assert!(!text.contains(NEW) && !text.contains(OLD), "a key is told: {text}");
    }
    let mut figures: Vec<_> =
        metrics.lines().filter(|line| line.starts_with("authlab_key{")).map(str::to_owned).collect();
    figures.sort();
    let told = objects(&ended.stderr).into_iter().filter(|line| line["message"] == "holds keys");
    (figures, told.map(|line| json!([line["use"], line["issues"], line["checks"]])).collect())
}

#[tokio::test]
async fn the_numbers_of_a_servers_keys_are_in_its_metrics_and_its_log() {
    let (access, refresh) = (format!("2={NEW},1={OLD}"), format!("7={OLD}{NEW}"));
    let keys = [("AUTHLAB_ACCESS_KEYS", access.as_str()), ("AUTHLAB_REFRESH_KEYS", refresh.as_str())];
    let (figures, told) = told_of_keys(&keys, "hybrid").await;
    assert_eq!(
        figures,
        [
            r#"authlab_key{use="access",kid="1",role="checks"} 1"#,
            r#"authlab_key{use="access",kid="2",role="issues"} 1"#,
            r#"authlab_key{use="refresh",kid="7",role="issues"} 1"#,
        ]
    );
    assert_eq!(told, [json!(["access", "2", "1"]), json!(["refresh", "7", ""])]);
}

#[tokio::test]
async fn a_random_key_is_said_to_be_random_and_a_design_without_keys_tells_of_none() {
    let (figures, told) = told_of_keys(&[], "access").await;
    assert_eq!(figures, [r#"authlab_key{use="access",kid="random",role="issues"} 1"#]);
    assert_eq!(told, [json!(["access", "random", ""])]);
    for design in ["none", "session"] {
        let (access, refresh) = (format!("2={NEW}"), format!("2={OLD}"));
        let keys = [("AUTHLAB_ACCESS_KEYS", access.as_str()), ("AUTHLAB_REFRESH_KEYS", refresh.as_str())];
        let told = told_of_keys(&keys, design).await;
        assert_eq!(told, (vec![], vec![]), "{design}");
    }
}

#[tokio::test]
async fn a_store_behind_a_socket_is_logged_by_its_path_and_not_by_its_password() {
    let found = match discovery::on_path() {
        Some(program) => discovery::from_program(&program).await,
        None => Err("neither valkey-server nor redis-server is on the PATH".to_owned()),
    };
    let Some(redis) = found_or_skip(Part::Redis, found) else { return };
    let socket = redis.socket_url.as_deref().unwrap();
    // A Redis without passwords accepts any password.
    let url = format!("{socket}?user=default&pass=hunt@hunter2");
    let ended = Serving::start(&[JSON, ("AUTHLAB_STORE", &url)], &["session"]).stopped_by(Stop::EndOfStdin);
    let serving = objects(&ended.stderr).into_iter().find(|line| line["message"] == "serving").unwrap();
    assert_eq!(serving["store"], socket);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}
