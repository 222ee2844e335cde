//! Counts the round trips to a store, with a function that the caller provides.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

/// Why a counter could not be read: the error of the caller's function.
pub type CounterError = Box<dyn std::error::Error + Send + Sync>;

type Reading = Pin<Box<dyn Future<Output = Result<u64, CounterError>> + Send>>;

/// Reads how many round trips a store has answered so far. This library knows no store, so the caller provides the
/// function.
///
/// It is called before and after each round. The number must never decrease and must not count the reading itself, or
/// each round would appear to make one round trip more than it did.
#[derive(Clone)]
pub struct StoreCounter(Arc<dyn Fn() -> Reading + Send + Sync>);

impl StoreCounter {
    /// A counter from an async closure, such as one that asks Redis for `INFO stats`.
    pub fn new<F, R>(read: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<u64, CounterError>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(read())))
    }

    pub(super) async fn read(&self) -> Result<u64, CounterError> {
        (self.0)().await
    }
}

impl fmt::Debug for StoreCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreCounter")
    }
}
