//! Tests of what happens when stdout cannot be written: the reader has gone, or the disk is full.

#![cfg(unix)]

use std::fs::File;
use std::io::Read;
use std::process::Stdio;

use crate::program::command;

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFubkBleGFtcGxlLnRlc3QifQ.x";

const COMMANDS: [&[&str]; 3] = [&["token", TOKEN], &["token", TOKEN, "--json"], &["designs", "--json"]];

#[test]
fn a_command_whose_reader_has_gone_ends_quietly() {
    for arguments in COMMANDS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(&[], arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(141), "{arguments:?}: as a program that SIGPIPE ends");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn a_command_whose_reader_stays_ends_with_code_0() {
    for arguments in COMMANDS {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let child = command(&[], arguments).stdout(writer).spawn();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(child.unwrap().wait().unwrap().code(), Some(0), "{arguments:?}");
        assert!(text.ends_with('\n'), "{arguments:?}: {text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_on_a_full_disk_says_so_in_one_sentence() {
    for arguments in COMMANDS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command(&[], arguments).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            said, "error: stdout cannot be written: No space left on device (os error 28)\n",
            "{arguments:?}"
        );
    }
}
