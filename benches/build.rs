//! Passes the compiler's version and the build profile to the library: a figure without them cannot be compared.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let compiler = variable("RUSTC").unwrap_or_else(|| "rustc".to_owned());
    let version = Command::new(compiler).arg("--version").output().ok();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    println!("cargo::rustc-env=MEASURE_RUSTC={}", version.unwrap_or_else(|| "unknown".to_owned()));
    println!(
        "cargo::rustc-env=MEASURE_PROFILE={}",
        variable("PROFILE").unwrap_or_else(|| "unknown".to_owned())
    );
}

#[expect(clippy::disallowed_methods, reason = "the environment is how Cargo talks to a build script")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
