//! Ctrl-C, as something that every part of a measurement can ask about and wait for.

use tokio::sync::watch;

/// Whether the measurement is to end. Clones hear of the same Ctrl-C.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens from now on.
    pub(crate) fn on_ctrl_c() -> Self {
        let (tell, told) = watch::channel(false);
        tokio::spawn(async move {
            // Where the signal cannot be listened for, the system's own way to end a program remains.
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

    /// Waits until it is told; for ever, if nobody can tell any more.
    pub(crate) async fn told(&self) {
        if self.0.clone().wait_for(|told| *told).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Does the work, unless it is told before the work is done.
    pub(crate) async fn unless_told<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.told() => None,
            done = work => Some(done),
        }
    }
}
