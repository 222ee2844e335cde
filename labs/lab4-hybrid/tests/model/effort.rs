//! The effort of the tests.
//!
//! As run for every change, these tests take well under a minute together.
//! `AUTHLAB_NIGHTLY=1 cargo test -p lab4-hybrid --test model` takes an hour or two and searches much more. A feature of
//! the crate would work too, but would compile everything twice.

/// Returns `nightly` in a nightly run, and `usual` otherwise.
pub(crate) fn effort<T>(usual: T, nightly: T) -> T {
    if std::env::var_os("AUTHLAB_NIGHTLY").is_some() { nightly } else { usual }
}
