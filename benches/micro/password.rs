//! Measures the password hash of a login: `cargo bench -p measure --bench password`.
//!
//! Argon2id with the parameters of OWASP's cheat sheet (19 MiB, two passes, one lane), as the kit uses it. It is slow on
//! purpose and costs as much as thousands of token checks: an operator who shortens sessions makes users log in more
//! often and pays this cost each time.

use std::error::Error;
use std::hint::black_box;

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use criterion::Criterion;

fn main() -> Result<(), Box<dyn Error>> {
    let argon2id = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 2, 1, None)?);
    let passwords: Vec<String> =
        (0..64).map(|number| format!("correct horse battery staple {number}")).collect();
    let mut turn = passwords.iter().cycle();
    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("password/argon2id_19MiB_2_1", |bencher| {
        bencher.iter(|| turn.next().map(|password| argon2id.hash_password(black_box(password.as_bytes()))));
    });
    criterion.final_summary();
    Ok(())
}
