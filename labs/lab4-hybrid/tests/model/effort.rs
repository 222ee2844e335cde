//! How hard to try.
//!
//! On every change these tests take well under a minute together. `AUTHLAB_NIGHTLY=1 cargo test -p lab4-hybrid --test model`
//! takes an hour or two and tries what a night is for. A feature of the crate would do too, and would compile
//! everything twice.

/// One number for every change, another for the night.
pub(crate) fn effort<T>(usual: T, nightly: T) -> T {
    if std::env::var_os("AUTHLAB_NIGHTLY").is_some() { nightly } else { usual }
}
