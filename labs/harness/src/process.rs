//! How a child process learns that it must end.

use std::io::Read;

use tokio::sync::oneshot;

/// Returns when stdin ends, which happens when the program that started this one ends, for whatever reason.
///
/// A thread reads, because tokio's own stdin keeps the runtime from ending while it waits for a line: a server that
/// received a signal would continue until its stdin ended as well.
pub async fn stdin_ends() {
    let (open, ended) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while matches!(std::io::stdin().read(&mut bytes), Ok(1..)) {}
        drop(open);
    });
    // An error means that the thread is done.
    let _done = ended.await;
}
