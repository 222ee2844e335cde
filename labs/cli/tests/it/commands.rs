//! Tests of the commands, each run as a user runs it.

use serde_json::Value;

use crate::program::{Serving, Stop, command, run, run_with};

fn json(arguments: &[&str]) -> Value {
    let ended = run(arguments);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).expect("stdout is JSON and nothing else")
}

#[test]
fn the_tour_tells_which_design_lets_the_thief_in_and_what_each_costs() {
    let tour = json(&["--json", "--store", "memory"]);
    assert_eq!(tour["store"], "memory");
    let verdicts = tour["logout"].as_array().unwrap();
    let verdict = |design: &str| verdicts.iter().find(|verdict| verdict["design"] == design).unwrap();
    assert_eq!(verdict("session")["thief_in_after_logout"], false);
    assert_eq!(verdict("session")["seconds_let_in"], 0);
    for design in ["access", "hybrid"] {
        assert_eq!(verdict(design)["thief_in_after_logout"], true, "{design}");
        let seconds = verdict(design)["seconds_let_in"].as_u64().unwrap();
        // The test's clock and the token's both count whole seconds, so the figure is not exact.
        assert!((895..=900).contains(&seconds), "{design}: {seconds}");
    }
    for design in ["session", "access", "hybrid"] {
        assert_eq!(verdict(design)["thief_can_renew"], false, "{design}");
    }
    let costs = tour["me"].as_array().unwrap();
    let designs: Vec<_> = costs.iter().map(|cost| cost["design"].as_str().unwrap()).collect();
    assert_eq!(designs, ["none", "session", "access", "hybrid"]);
    for cost in costs {
        for figure in ["throughput_rps", "p50_us", "p99_us", "server_cpu_us", "ratio"] {
            assert!(cost[figure].as_f64().unwrap() > 0.0, "{figure} of {cost}");
        }
        assert_eq!(cost["store_round_trips"], 0.0, "memory is asked without a round trip");
    }
    assert!(tour["machine"]["logical_cpus"].as_u64().unwrap() > 0);
}

#[test]
fn a_server_that_is_told_to_stop_ends_well() {
    let serving = Serving::start(&[], &["access"]);
    assert_eq!(serving.stopped_by(Stop::Sigterm).code, Some(0));
}

#[test]
fn a_running_server_is_checked_by_its_url_alone() {
    let serving = Serving::start(&[], &["session", "--lab-controls"]);
    let report = json(&["check", "--url", &serving.url, "--only", "http,me", "--json"]);
    assert!(report["counts"]["passed"].as_u64().unwrap() > 0, "{report}");
    assert_eq!(report["counts"]["failed"], 0, "{report}");
}

#[test]
fn the_accounts_of_a_check_are_deleted_and_told_and_with_keep_accounts_they_are_left() {
    let serving = Serving::start(&[], &["session"]);
    let accounts = |command: &str, more: &[&str]| {
        let asked =
            [&[command, "--url", &serving.url, "--only", "account,signup.succeeds", "--json"], more].concat();
        json(&asked)["accounts"].take()
    };
    let count = |accounts: &Value, name: &str| accounts[name].as_u64().unwrap();
    for command in ["check", "attack"] {
        let deleted = accounts(command, &[]);
        assert!(count(&deleted, "created") > 0, "{deleted}");
        assert_eq!(count(&deleted, "deleted"), count(&deleted, "created"), "{deleted}");
        assert_eq!((count(&deleted, "left"), &deleted["left_because"]), (0, &serde_json::json!({})));

        let kept = accounts(command, &["--keep-accounts"]);
        assert_eq!(count(&kept, "created"), count(&deleted, "created"), "{kept}");
        assert!(count(&kept, "left") > 0, "{kept}");
        assert_eq!(kept["left_because"]["kept on request"], kept["left"], "{kept}");
    }
}

/// The checker reaches the server through this test, which interrupts the checker when it sees the first sign-up,
/// before it forwards that request.
#[cfg(unix)]
#[test]
fn a_check_that_is_interrupted_deletes_the_accounts_that_it_has_created() {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::process::{Command, Stdio};
    use std::sync::{Arc, Once};

    let serving = Serving::start(&[], &["access"]);
    let server = serving.url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let checker = command(&[], &["check", "--url", &url, "--only", "account,password", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = checker.id().to_string();
    let interrupted = Arc::new(Once::new());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut client, mut server) = (stream.unwrap(), TcpStream::connect(&server).unwrap());
            let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            let (pid, interrupted) = (pid.clone(), Arc::clone(&interrupted));
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = client.read(&mut bytes) {
                    if bytes.starts_with(b"POST /auth/signup") {
                        interrupted.call_once(|| {
                            assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
                        });
                    }
                    if server.write_all(&bytes[..count]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    let output = checker.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let interrupted = |result: &&Value| result["reason"] == "the run was interrupted";
    assert!(report["results"].as_array().unwrap().iter().filter(interrupted).count() > 5, "{report}");
    let accounts = &report["accounts"];
    assert!(accounts["created"].as_u64().unwrap() > 0, "{accounts}");
    assert_eq!((&accounts["left"], &accounts["deleted"]), (&Value::from(0), &accounts["created"]));
}

#[test]
fn each_listed_check_names_the_misbehaving_servers_that_it_catches() {
    let checks = json(&["check", "session", "--list", "--json"]);
    let checks = checks.as_array().unwrap();
    let catches = |id: &str| {
        let check = checks.iter().find(|check| check["id"] == id).unwrap();
        check["catches"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(catches("access.alg-none"), ["alg-none-taken"]);
    assert_eq!(catches("refresh.every-character"), ["last-character-unread", "garbage-ends-session"]);
    assert!(checks.iter().all(|check| !check["catches"].as_array().unwrap().is_empty()));
}

#[test]
fn with_the_live_check_the_hybrid_claims_instant_revocation_and_keeps_it() {
    let only = ["check", "hybrid", "--store", "memory", "--only", "logout", "--json"];
    for (live_check, kept, skipped) in [
        ("on", "logout.every-ending-is-instant", "logout.access-lives-on"),
        ("off", "logout.access-lives-on", "logout.every-ending-is-instant"),
    ] {
        let ended = run_with(&[("AUTHLAB_LIVE_CHECK", live_check)], &only);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        let results = report["results"].as_array().unwrap();
        let outcome = |id: &str| {
            let result = results.iter().find(|result| result["id"] == id).unwrap();
            result["outcome"].clone()
        };
        assert_eq!(outcome(kept), "passed", "{live_check}");
        assert_ne!(outcome(skipped), "passed", "{live_check}");
    }
}

#[test]
fn a_failed_check_ends_with_code_1() {
    // The server is checked for features that it does not have.
    let serving = Serving::start(&[], &["none"]);
    let ended = run(&[
        "check",
        "--url",
        &serving.url,
        "--design",
        "access",
        "--features",
        "access-jwt",
        "--only",
        "me",
    ]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

#[test]
fn a_token_is_taken_apart_and_its_signature_checked() {
    // The example of RFC 7515, appendix A.1, with the key that is printed there.
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let key = [
        3, 35, 53, 75, 43, 15, 165, 188, 131, 126, 6, 101, 119, 123, 166, 143, 90, 179, 40, 230, 240, 84,
        201, 40, 169, 15, 132, 178, 210, 80, 46, 191, 211, 251, 90, 146, 210, 6, 71, 239, 150, 138, 180, 195,
        119, 98, 61, 34, 61, 46, 33, 114, 5, 46, 79, 8, 192, 205, 154, 245, 103, 208, 128, 163,
    ];
    let folder = tempfile::tempdir().unwrap();
    let (right, wrong) = (folder.path().join("right"), folder.path().join("wrong"));
    std::fs::write(&right, key).unwrap();
    std::fs::write(&wrong, [0; 64]).unwrap();

    let report = json(&["token", token, "--secret-file", right.to_str().unwrap(), "--json"]);
    assert_eq!(report["signature_holds"], true);
    assert_eq!(report["claims"]["iss"], "joe");
    let ended = run(&["token", token, "--secret-file", wrong.to_str().unwrap(), "--json"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains("\"signature_holds\": false"), "{ended:?}");
}

#[test]
fn the_doctor_names_each_part_and_how_to_get_it() {
    let parts = json(&["doctor", "--json"]);
    let names: Vec<_> = parts.as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Redis", "Docker", "Python", "browser", "Node.js", "Go"]);
    for part in parts.as_array().unwrap() {
        assert!(!part["get_it"].as_str().unwrap().is_empty());
    }
}

#[test]
fn the_doctor_of_the_workshop_looks_at_each_thing_that_it_needs_and_says_what_to_do() {
    let ended = run(&["doctor", "--workshop", "--json"]);
    let needs: Value = serde_json::from_str(&ended.stdout).unwrap();
    let needs = needs.as_array().unwrap();
    let names: Vec<_> = needs.iter().map(|need| need["name"].as_str().unwrap()).collect();
    for name in ["Rust", "C compiler", "crates", "exercise token", "exercise hybrid", "book", "disk"] {
        assert!(names.contains(&name), "{name} among {names:?}");
    }
    // This program was just built, so the compiler and the linker are present. Whether the crates of the whole workshop
    // are present depends on the machine, because a build downloads only the crates that it needs.
    for need in needs.iter().filter(|need| ["Rust", "C compiler"].contains(&need["name"].as_str().unwrap())) {
        assert_eq!(need["ready"], true, "{need}");
    }
    assert!(needs.iter().all(|need| need["ready"] == true || need["to_do"].is_string()), "{needs:?}");
    let ready = needs.iter().all(|need| need["ready"] == true);
    assert_eq!(ended.code, Some(if ready { 0 } else { 1 }));
}

#[test]
fn the_doctor_of_the_workshop_misses_the_crates_where_cargo_has_downloaded_none() {
    let empty = tempfile::tempdir().unwrap();
    let cargo_home = empty.path().to_str().unwrap();
    let ended = run_with(&[("CARGO_HOME", cargo_home)], &["doctor", "--workshop", "--json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let needs: Value = serde_json::from_str(&ended.stdout).unwrap();
    let crates = needs.as_array().unwrap().iter().find(|need| need["name"] == "crates").unwrap();
    assert_eq!(crates["ready"], false, "{crates}");
    let to_do = crates["to_do"].as_str().unwrap();
    assert!(to_do.starts_with("`cargo fetch --locked --target "), "{to_do}");
    assert!(to_do.ends_with("`, with a network"), "{to_do}");
}

#[test]
fn two_servers_that_keep_everything_out_draw() {
    let (one, other) = (Serving::start(&[], &["access"]), Serving::start(&[], &["access"]));
    let duel =
        json(&["duel", "--url", &one.url, "--mine", &other.url, "--only", "access,logout,expiry", "--json"]);
    assert_eq!(duel["got_in"], serde_json::json!({"you": 0, "they": 0}), "{duel}");
    let ways = |id: &str| {
        let attacks = duel["attacks"].as_array().unwrap();
        let attack = attacks.iter().find(|attack| attack["id"] == id).unwrap();
        (attack["you"].as_str().unwrap().to_owned(), attack["they"].as_str().unwrap().to_owned())
    };
    let both = |way: &str| (way.to_owned(), way.to_owned());
    for side in ["you", "they"] {
        let accounts = &duel["accounts"][side];
        assert!(accounts["created"].as_u64().unwrap() > 10, "{side}: {accounts}");
        assert_eq!(accounts["left"], 0, "{side}: {accounts}");
    }
    assert_eq!(ways("access.alg-none"), both("kept_out"));
    assert_eq!(ways("logout.access-lives-on"), both("gets_in_by_design"));
    assert_eq!(ways("expiry.access-token"), both("not_tried"), "their clocks cannot be moved");
}
