//! `cargo lab doctor --workshop`: checks whether a machine can go through the whole course without a network.
//!
//! Each check uses the thing as the workshop will use it: it asks cargo offline for the crates, looks for the
//! exercises' programs, and listens on the ports.

mod prepare;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{ExitCode, Stdio};

use harness::Failure;
use harness::program::says;
use harness::terminal::{BAD, DIM, GOOD, heading};
use serde::Serialize;
use tokio::process::Command;

use super::board::PORT as BOARD_PORT;
use super::build;
use super::course::Course;

/// The free space needed if the exercises are not built yet, in MiB: an unoptimised build of all of them, and as much
/// again for later.
const DISK_MIB: u64 = 3 * 1024;

/// The free space needed if the exercises are built already, in MiB.
const DISK_BUILT_MIB: u64 = 512;

/// The default port of each command of the workshop, and how to choose another.
const PORTS: [(u16, &str); 3] = [
    (8080, "`cargo lab serve --listen 127.0.0.1:0` takes another"),
    (BOARD_PORT, "`cargo lab board --listen 127.0.0.1:0` takes another"),
    (3000, "`cargo book serve --listen 127.0.0.1:0` takes another"),
];

/// The command that fetches and builds all that can be prepared.
const PREPARE: &str = "`cargo lab doctor --workshop --prepare`, with a network";

/// One thing that the workshop needs.
#[derive(Debug, Serialize)]
struct Need {
    name: String,
    ready: bool,
    /// What was found, or what is missing.
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_do: Option<String>,
}

impl Need {
    fn there(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { name: name.into(), ready: true, found: found.into(), to_do: None }
    }

    fn missing(name: impl Into<String>, found: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self { name: name.into(), ready: false, found: found.into(), to_do: Some(to_do.into()) }
    }
}

/// Checks what the workshop needs, and prints the result. `prepare` first fetches and builds what can be prepared.
///
/// # Errors
/// The course cannot be read, `cargo` cannot be started, or a preparation fails. A missing thing is no error: it is the
/// exit code.
pub async fn run(prepare: bool, json: bool) -> Result<ExitCode, Failure> {
    let course = Course::find()?;
    let target_dir = build::target_dir(&course.root);
    if prepare {
        prepare::run(&course, &target_dir).await?;
    }
    let needs = examine(&course, &target_dir).await?;
    let ready = needs.iter().all(|need| need.ready);
    if json {
        harness::outln!("{}", serde_json::to_string_pretty(&needs)?);
    } else {
        print(&needs, ready);
    }
    Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(needs: &[Need], ready: bool) {
    heading("What the workshop needs to run without a network");
    for Need { name, ready, found, to_do } in needs {
        let mark = if *ready { format!("{GOOD}✓{GOOD:#}") } else { format!("{BAD}✗{BAD:#}") };
        harness::outln!(" {mark} {name:<18} {found}");
        if let Some(to_do) = to_do {
            harness::outln!("   {:<18} {DIM}{to_do}{DIM:#}", "");
        }
    }
    let verdict = match ready {
        true => format!("{GOOD}Ready: the whole course works without a network.{GOOD:#}"),
        false => format!("{BAD}Not ready.{BAD:#}"),
    };
    harness::outln!("\n {verdict}");
}

async fn examine(course: &Course, target_dir: &Path) -> Result<Vec<Need>, Failure> {
    let mut needs = vec![toolchain().await, linker().await, crates(&course.root).await?];
    let exercises = exercises(course, target_dir);
    let built = exercises.iter().all(|need| need.ready);
    needs.extend(exercises);
    needs.push(book(&course.root));
    needs.extend(PORTS.map(|(port, to_do)| free(port, to_do)));
    needs.push(disk(&course.root, if built { DISK_BUILT_MIB } else { DISK_MIB }).await);
    Ok(needs)
}

async fn toolchain() -> Need {
    let needed = env!("CARGO_PKG_RUST_VERSION");
    let get = format!("Rust {needed} or newer: https://rustup.rs, or `rustup update stable`");
    match says("rustc", &["--version"]).await {
        Some(found) if release(&found) >= release(needed) => Need::there("Rust", found),
        Some(found) => Need::missing("Rust", found, get),
        None => Need::missing("Rust", "no rustc on the PATH", get),
    }
}

/// Major and minor version: the first two numbers of the first word that starts with a digit.
fn release(text: &str) -> (u32, u32) {
    let version = text.split(' ').find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    let mut numbers = version.unwrap_or_default().split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Looks for the C compiler, because rustc links with it.
async fn linker() -> Need {
    if cfg!(windows) {
        return Need::there("C compiler", "installed with Rust");
    }
    match says("cc", &["--version"]).await {
        Some(found) => Need::there("C compiler", found),
        None => Need::missing(
            "C compiler",
            "no cc on the PATH",
            "apt install build-essential · xcode-select --install · dnf install gcc",
        ),
    }
}

/// Checks the crates: cargo reads the manifest of every crate that this platform needs, which works offline only if all
/// of them are downloaded. Crates for other platforms are not checked, because a build does not need them either.
async fn crates(root: &Path) -> Result<Need, Failure> {
    let Some(platform) = platform().await else {
        return Ok(Need::missing(
            "crates",
            "rustc did not say for which platform it compiles",
            "see Rust, above",
        ));
    };
    let output = Command::new("cargo")
        .args(["metadata", "--locked", "--offline", "--quiet", "--format-version", "1"])
        .args(["--filter-platform", &platform])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let described: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Ok(match described["packages"].as_array() {
        Some(packages) if output.status.success() => {
            Need::there("crates", format!("all {} that {platform} needs are downloaded", packages.len()))
        }
        _ => Need::missing(
            "crates",
            format!("some that {platform} needs are not downloaded"),
            format!("`cargo fetch --locked --target {platform}`, with a network"),
        ),
    })
}

/// The platform that this machine's rustc compiles for, as `x86_64-unknown-linux-gnu`.
async fn platform() -> Option<String> {
    says("rustc", &["--print", "host-tuple"]).await
}

fn exercises(course: &Course, target_dir: &Path) -> Vec<Need> {
    let built = |package: &str| {
        let program = format!("{package}{}", std::env::consts::EXE_SUFFIX);
        target_dir.join("debug").join(program).is_file()
    };
    let need = |lab: &super::course::Lab| {
        let name = format!("exercise {}", lab.id);
        match built(&lab.package) {
            true => Need::there(name, "built: the checks after an edit take seconds"),
            false => Need::missing(name, "not built yet", PREPARE),
        }
    };
    course.labs.iter().map(need).collect()
}

fn book(root: &Path) -> Need {
    let page = |language: &str| root.join("target/book").join(language).join("index.html");
    let program = root.join("target/release").join(format!("book{}", std::env::consts::EXE_SUFFIX));
    match page("en").is_file() && page("ja").is_file() && program.is_file() {
        true => Need::there("book", "built in both languages: `cargo book serve`"),
        false => Need::missing("book", "not built yet", "`cargo book build`, with a network the first time"),
    }
}

fn free(port: u16, to_do: &str) -> Need {
    let name = format!("port {port}");
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Need::there(name, "free"),
        Err(error) => Need::missing(name, format!("in use ({error})"), to_do),
    }
}

/// The free space, read by POSIX' `df`. If there is no `df`, the need counts as met and the line says that the space is
/// unknown.
async fn disk(root: &Path, needed_mib: u64) -> Need {
    let output = Command::new("df").arg("-Pk").arg(root).stdin(Stdio::null()).output().await;
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    match available_mib(&text) {
        None => Need::there("disk", format!("free space unknown; {needed_mib} MiB are needed")),
        Some(free) if free >= needed_mib => Need::there("disk", format!("{free} MiB free")),
        Some(free) => Need::missing(
            "disk",
            format!("{free} MiB free, and {needed_mib} MiB are needed"),
            "free some space; `target` may be a link to a folder on another disk",
        ),
    }
}

/// The free space in MiB, from the output of `df -Pk`: the fourth column of the second line. The columns before it may
/// contain blanks, so it is found as the one before the capacity, which ends in a percent sign.
fn available_mib(df: &str) -> Option<u64> {
    let line: Vec<&str> = df.lines().nth(1)?.split_whitespace().collect();
    let capacity = line.iter().position(|word| word.ends_with('%'))?;
    let kib: u64 = line.get(capacity.checked_sub(1)?)?.parse().ok()?;
    Some(kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_release_is_taken_and_an_older_one_is_not() {
        let found = |text: &str| release(text);
        assert_eq!(found("rustc 1.95.0 (f2d3ce0bd 2026-03-21)"), (1, 95));
        assert!(found("rustc 1.94.1") >= found("1.94") && found("rustc 2.0.0-nightly") >= found("1.94"));
        assert!(found("rustc 1.93.1") < found("1.94") && found("no version") < found("1.94"));
    }

    #[test]
    fn the_free_space_is_read_from_what_posix_says() {
        let df = "Filesystem     1024-blocks      Used Available Capacity Mounted on\n/dev/a b          41152736  24000000  15000000      62% /home\n";
        assert_eq!(available_mib(df), Some(14648));
        assert_eq!(available_mib("df: not found"), None);
        assert_eq!(available_mib(""), None);
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_not_free_and_says_what_to_do() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let need = free(port, "another");
        assert!(!need.ready && need.to_do.as_deref() == Some("another"), "{need:?}");
        drop(taken);
        assert!(free(port, "another").ready);
    }

    #[test]
    fn an_exercise_is_there_once_its_program_is() {
        let course = Course::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap();
        let target_dir = tempfile::tempdir().unwrap();
        let ready = |needs: &[Need]| needs.iter().filter(|need| need.ready).count();
        assert_eq!(ready(&exercises(&course, target_dir.path())), 0);
        std::fs::create_dir(target_dir.path().join("debug")).unwrap();
        let program = format!("lab1-exercise{}", std::env::consts::EXE_SUFFIX);
        std::fs::write(target_dir.path().join("debug").join(program), "").unwrap();
        assert_eq!(ready(&exercises(&course, target_dir.path())), 1);
    }

    /// A package that needs one crate where `condition` holds. The registry lists the crate but lacks its file. Cargo
    /// reads a registry in the package's own folder, so the result depends neither on a network nor on what this
    /// machine has downloaded.
    fn package_that_needs_an_absent_crate_where(condition: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let checksum = "0".repeat(64);
        let files = [
            ("src/lib.rs", String::new()),
            (
                "Cargo.toml",
                format!(
                    "[package]\nname = \"ours\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
                     [target.'cfg({condition})'.dependencies]\nabsent = \"1.0.0\"\n"
                ),
            ),
            (
                "Cargo.lock",
                format!(
                    "version = 4\n\n[[package]]\nname = \"absent\"\nversion = \"1.0.0\"\n\
                     source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n\n\
                     [[package]]\nname = \"ours\"\nversion = \"0.1.0\"\ndependencies = [\n \"absent\",\n]\n"
                ),
            ),
            (
                ".cargo/config.toml",
                "[source.crates-io]\nreplace-with = \"own\"\n\n[source.own]\nlocal-registry = \"registry\"\n"
                    .to_owned(),
            ),
            (
                "registry/index/ab/se/absent",
                format!(
                    "{{\"name\":\"absent\",\"vers\":\"1.0.0\",\"deps\":[],\"cksum\":\"{checksum}\",\"features\":{{}},\"yanked\":false}}\n"
                ),
            ),
        ];
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    /// A `cfg` that holds on this machine, and one that does not.
    const HERE_AND_ELSEWHERE: (&str, &str) =
        if cfg!(windows) { ("windows", "unix") } else { ("unix", "windows") };

    #[tokio::test]
    async fn a_crate_of_another_platform_need_not_be_here() {
        let package = package_that_needs_an_absent_crate_where(HERE_AND_ELSEWHERE.1);
        let need = crates(package.path()).await.unwrap();
        let platform = platform().await.unwrap();
        assert!(need.ready, "{need:?}");
        assert_eq!((need.found, need.to_do), (format!("all 1 that {platform} needs are downloaded"), None));
    }

    #[tokio::test]
    async fn a_crate_of_this_platform_that_is_not_here_is_missed_and_the_command_that_gets_it_named() {
        let package = package_that_needs_an_absent_crate_where(HERE_AND_ELSEWHERE.0);
        let need = crates(package.path()).await.unwrap();
        let platform = platform().await.unwrap();
        assert!(!need.ready, "{need:?}");
        assert_eq!(need.found, format!("some that {platform} needs are not downloaded"));
        let to_do = format!("`cargo fetch --locked --target {platform}`, with a network");
        assert_eq!(need.to_do, Some(to_do));
    }
}
