//! How a child process of ours knows that it is to end.

use std::io::Read;

use tokio::sync::oneshot;

/// Returns when stdin ends: when the program that started this one ends, however it does.
///
/// A thread reads, because tokio's own stdin keeps the runtime from ending while it waits for a line: a server that has got
/// a signal would go on until its stdin ended as well.
pub async fn stdin_ends() {
    let (open, ended) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while matches!(std::io::stdin().read(&mut bytes), Ok(1..)) {}
        drop(open);
    });
    // An error says that the thread is done.
    let _done = ended.await;
}
