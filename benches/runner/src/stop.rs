//! Lets every part of the measurement ask for, and wait for, Ctrl-C.

use tokio::sync::watch;

/// Whether the measurement must stop. Clones observe the same Ctrl-C.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens for Ctrl-C from now on.
    pub(crate) fn on_ctrl_c() -> Self {
        let (tell, told) = watch::channel(false);
        tokio::spawn(async move {
            // If the signal handler cannot be installed, the system's default remains: Ctrl-C ends the program.
            if tokio::signal::ctrl_c().await.is_ok() {
                tell.send_replace(true);
                tell.closed().await;
            }
        });
        Self(told)
    }

    pub(crate) fn is_told(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for Ctrl-C; forever if the listener is gone.
    pub(crate) async fn told(&self) {
        if self.0.clone().wait_for(|told| *told).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Runs `work` to its end, or returns `None` when Ctrl-C comes first.
    pub(crate) async fn unless_told<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.told() => None,
            done = work => Some(done),
        }
    }
}
