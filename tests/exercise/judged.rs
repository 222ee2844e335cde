//! Red until the lab is solved: the whole contract, not only the checks of the workshop. Each exercise that is a server takes
//! this file for its test `judged`.

use std::process::Stdio;

use conformance::{AccountsAfter, Options, Target};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

#[tokio::test]
async fn every_part_is_written_and_keeps_the_contract() {
    let mut server = Command::new(env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME"))))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let url = line.strip_prefix("listening on ").unwrap();
    let target = Target::discover(url).await.unwrap().reached_directly();
    // The server ends with the test, and its accounts with it.
    let options = Options { accounts: AccountsAfter::EndWithServer, ..Options::default() };
    let report = conformance::run(&target, &options, |_| {}).await.unwrap();
    assert!(!report.failed(), "{}", report.text(false));
}
