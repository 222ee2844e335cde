//! The bench of the algorithms once more, with jsonwebtoken on RustCrypto instead of AWS-LC.
//!
//! A program has one backend, so this is a workspace of its own, and a second run. Into the same folder, so that Criterion
//! finds the first run's figures and says by how much each has changed:
//!
//! ```sh
//! cargo bench -p measure --bench algorithms
//! cargo bench --manifest-path benches/rust-crypto/Cargo.toml --target-dir target
//! ```
