//! Tests of `learn` when cargo cannot build at all: the learner reads cargo's own error with its causes, and the exit
//! code is 2, not the 1 of a check that failed.

use std::path::Path;

use crate::program::run_with;

/// Runs `learn` with these environment variables, and exercises built in this folder. It stays at the current step,
/// whichever that is, because these tests must not change the progress of a learner who works in this tree.
fn learn(environment: &[(&str, &str)], target_dir: &Path) -> crate::program::Ended {
    let environment = [&[("LANG", "en_US.UTF-8"), ("LC_ALL", "")], environment].concat();
    run_with(&environment, &["learn", "--target-dir", &target_dir.to_string_lossy()])
}

#[test]
fn a_wrapper_that_is_missing_is_named_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let ended = learn(&[("RUSTC_WRAPPER", "/nowhere/sccache")], folder.path());
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
    for told in [
        "-exercise` failed:\nerror: could not execute process `/nowhere/sccache ",
        "\nCaused by:\n",
        "(os error 2)",
    ] {
        assert!(ended.stderr.contains(told), "{told} in {ended:?}");
    }
}

#[test]
fn a_folder_in_which_nothing_can_be_written_is_named_with_its_cause() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let ended = learn(&[], &file.join("target"));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for told in ["error: failed to create directory `", "/file", "\nCaused by:\n  "] {
        assert!(ended.stderr.contains(told), "{told} in {ended:?}");
    }
}

#[cfg(unix)]
#[test]
fn every_cause_of_a_cargo_without_a_network_is_told_and_an_escape_is_shown_as_text() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let cargo = folder.path().join("cargo");
    let script = "#!/bin/sh\nprintf '    Updating crates.io index\\nerror: no matching package named `\\033[2Jx` found\\n\\n\
                  Caused by:\\n  offline mode was set\\n' >&2\nexit 101\n";
    std::fs::write(&cargo, script).unwrap();
    std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let path = format!("{}:{}", folder.path().display(), path.to_string_lossy());
    let ended = learn(&[("PATH", &path)], folder.path());
    let told = "-exercise` failed:\nerror: no matching package named `\\u{1b}[2Jx` found\n\n\
                Caused by:\n  offline mode was set\n";
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.ends_with(told), "{ended:?}");
}
