//! The benchmark of the algorithms again, with jsonwebtoken on RustCrypto instead of AWS-LC.
//!
//! A program can have only one backend, so this is a separate workspace and a second run. It uses the same target
//! folder, so that Criterion finds the first run's figures and reports the change of each:
//!
//! ```sh
//! cargo bench -p measure --bench algorithms
//! cargo bench --manifest-path benches/rust-crypto/Cargo.toml --target-dir target
//! ```
