//! Tests of `--listen` with a host name, and of what is refused.

use crate::program::{Serving, run};

#[test]
fn every_command_listens_on_a_host_name() {
    for command in [&["serve", "access"][..], &["play", "--store", "memory"], &["board"]] {
        let server = Serving::at("localhost:0", &[], command);
        assert!(server.url.starts_with("http://127.0.0.1:"), "{command:?}: {}", server.url);
    }
}

#[test]
fn a_bare_port_or_a_bare_host_is_refused_with_an_example() {
    for command in [&["serve", "access"][..], &["play"], &["board"]] {
        for (given, example) in
            [("8080", "127.0.0.1:8080"), ("localhost", "127.0.0.1:8080"), (":1", "127.0.0.1:1")]
        {
            let ended = run(&[command, &["--listen", given]].concat());
            let said = format!("{given}: give HOST:PORT, for example {example}");
            assert!(ended.code == Some(2) && ended.stderr.contains(&said), "{said} in {ended:?}");
        }
    }
}
