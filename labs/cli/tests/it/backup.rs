//! Tests of `authlab backup`: what a plain copy of the accounts' file loses, and for which reasons a backup is refused.

use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::program::{Ended, Serving, run, run_with};

fn serving(accounts: &Path) -> Serving {
    Serving::start(&[], &["access", "--accounts", accounts.to_str().unwrap()])
}

async fn post(server: &Serving, path: &str, name: &str) -> StatusCode {
    let person = json!({ "email": format!("{name}@example.test"), "password": "correct horse battery" });
    let request = reqwest::Client::new().post(format!("{}{path}", server.url)).json(&person);
    request.send().await.unwrap().status()
}

fn back_up(accounts: &Path, target: &Path) -> Ended {
    run(&["backup", target.to_str().unwrap(), "--accounts", accounts.to_str().unwrap(), "--json"])
}

/// Asserts that the command was refused with one sentence, and that the folder contains only these files.
fn refused(ended: &Ended, says: &str, folder: &Path, left: &[&str]) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(says), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert_eq!(files(folder), left);
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_sign_ups_has_each_account_that_a_plain_copy_misses() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let server = serving(&at("accounts.sqlite"));
    for name in ["ann", "ben", "cleo"] {
        assert_eq!(post(&server, "/auth/signup", name).await, StatusCode::CREATED);
    }
    std::fs::copy(at("accounts.sqlite"), at("plain.sqlite")).unwrap();
    let sign_ups = async {
        for number in 0..5 {
            assert_eq!(post(&server, "/auth/signup", &format!("later{number}")).await, StatusCode::CREATED);
        }
    };
    let (accounts, target) = (at("accounts.sqlite"), at("backup.sqlite"));
    let copying = tokio::task::spawn_blocking(move || back_up(&accounts, &target));
    let (ended, ()) = tokio::join!(copying, sign_ups);
    let ended = ended.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert!((3..=8).contains(&told["accounts"].as_u64().unwrap()), "{told}");
    assert_eq!(told["bytes"].as_u64().unwrap(), std::fs::metadata(at("backup.sqlite")).unwrap().len());
    assert!(
        !files(folder.path()).iter().any(|name| name.ends_with(".partial")),
        "{:?}",
        files(folder.path())
    );

    let (plain, backup) = (serving(&at("plain.sqlite")), serving(&at("backup.sqlite")));
    for name in ["ann", "ben", "cleo"] {
        assert_eq!(post(&backup, "/auth/login", name).await, StatusCode::OK, "{name}");
        assert_eq!(post(&plain, "/auth/login", name).await, StatusCode::UNAUTHORIZED, "{name}");
    }
}

#[tokio::test]
async fn a_backup_is_its_owners_alone_and_tells_how_many_accounts_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let server = serving(&at("accounts.sqlite"));
    assert_eq!(post(&server, "/auth/signup", "ann").await, StatusCode::CREATED);
    let target = at("backup.sqlite");
    let accounts = at("accounts.sqlite");
    let environment = [("AUTHLAB_ACCOUNTS", accounts.to_str().unwrap())];
    let ended = run_with(&environment, &["backup", target.to_str().unwrap()]);
    let bytes = std::fs::metadata(&target).unwrap().len();
    assert_eq!(
        ended.stdout,
        format!("{}: 1 accounts, {bytes} bytes, checked\n", target.display()),
        "{ended:?}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_backup_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("backup.sqlite");
    std::fs::write(&target, "of yesterday").unwrap();
    let ended = back_up(&folder.path().join("accounts.sqlite"), &target);
    refused(&ended, "exists already and is not overwritten", folder.path(), &["backup.sqlite"]);
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "of yesterday");
}

#[test]
fn what_cannot_be_copied_is_refused_with_its_cause_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("backup.sqlite");
    let memory = "accounts in memory cannot be backed up";
    refused(&back_up(Path::new("memory"), &target), memory, folder.path(), &[]);
    refused(&run(&["backup", target.to_str().unwrap()]), memory, folder.path(), &[]);
    refused(
        &back_up(&folder.path().join("missing"), &target),
        "unable to open database file",
        folder.path(),
        &[],
    );
    refused(
        &back_up(&folder.path().join("missing"), &folder.path().join("no/folder")),
        "cannot be written",
        folder.path(),
        &[],
    );
    let text = folder.path().join("text");
    std::fs::write(&text, "no database, however long this text may be, and it is long").unwrap();
    refused(&back_up(&text, &target), "file is not a database", folder.path(), &["text"]);
}
