//! Futures that are compiled here.
//!
//! An `async fn` is compiled in the crate that awaits it, so each lab would compile the kit's functions and the database and
//! Redis clients under them once more. A function that returns a boxed future is compiled once, in its own crate. The price
//! is an allocation for each call.

use std::pin::Pin;

/// A future of a `T` that is compiled in the crate which returns it.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
