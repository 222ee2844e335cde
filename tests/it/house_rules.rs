//! Rules for the sources that the compiler does not check: every member uses the workspace's lints, no file is a
//! collection of unrelated items, and no lab lets tower-sessions' middleware handle its cookie.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folders that contain sources.
const ROOMS: &[&str] = &["labs", "tests", "benches", "book"];

/// File names that say where something was put and not what it is; and `mod.rs`, of which an editor would show twenty.
const BAGS: &[&str] = &["common", "helper", "helpers", "misc", "mod", "types", "util", "utils"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package lies in the workspace").to_owned()
}

/// Every file below the source folders whose path `wanted` accepts.
fn files(wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let mut folders: Vec<_> = ROOMS.iter().map(|room| root().join(room)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let entry = entry.expect("a folder can be listed");
            let path = entry.path();
            if entry.file_type().expect("an entry has a type").is_dir() {
                folders.push(path);
            } else if wanted(&path) {
                files.push(path);
            }
        }
    }
    files
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn has_catch_all_name(path: &Path) -> bool {
    path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| BAGS.contains(&stem))
}

/// Whether the table `[lints]` contains `workspace = true` and nothing else: a member that softens a lint would write
/// more.
fn takes_the_workspaces_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    let table: Vec<_> =
        lines.by_ref().take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty()).collect();
    table == ["workspace = true"]
}

/// Whether code names the middleware; a comment may name it to explain why it is not used.
fn names_the_session_layer(source: &str) -> bool {
    source.lines().any(|line| !line.trim_start().starts_with("//") && line.contains("SessionManagerLayer"))
}

fn shown(paths: Vec<PathBuf>) -> Vec<String> {
    paths.iter().map(|path| path.strip_prefix(root()).unwrap_or(path).display().to_string()).collect()
}

#[test]
fn every_member_takes_the_workspaces_lints() {
    let manifests = files(|path| path.ends_with("Cargo.toml"));
    assert!(manifests.len() >= 8, "the manifests are not seen at all: {manifests:?}");
    let text = |path: &PathBuf| fs::read_to_string(path).expect("a manifest can be read");
    // A manifest that opens its own workspace is not a member: the sources of peers are not built with the project.
    let members = manifests.into_iter().filter(|path| !text(path).lines().any(|line| line == "[workspace]"));
    let wrong = members.filter(|path| !takes_the_workspaces_lints(&text(path))).collect();
    assert_eq!(shown(wrong), Vec::<String>::new(), "each of these needs `[lints]` with `workspace = true`");
}

#[test]
fn a_member_that_softens_a_lint_is_seen() {
    assert!(takes_the_workspaces_lints(
        "[package]\nname = \"kit\"\n\n[lints]\nworkspace = true\n\n[dependencies]\n"
    ));
    assert!(!takes_the_workspaces_lints("[package]\nname = \"kit\"\n"));
    assert!(!takes_the_workspaces_lints("[lints]\nworkspace = true\nclippy.todo = \"allow\"\n"));
}

#[test]
fn no_file_has_a_catch_all_name() {
    assert_eq!(
        shown(files(|path| is_rust(path) && has_catch_all_name(path))),
        Vec::<String>::new(),
        "name these for what they hold"
    );
}

#[test]
fn a_catch_all_name_is_recognised() {
    assert!(
        has_catch_all_name(Path::new("labs/kit/src/utils.rs"))
            && has_catch_all_name(Path::new("labs/kit/src/redis/mod.rs"))
    );
    assert!(!has_catch_all_name(Path::new("labs/lab4-hybrid/src/rotation.rs")));
}

#[test]
fn no_lab_mounts_the_session_middleware() {
    let labs = root().join("labs");
    let source = |path: &PathBuf| fs::read_to_string(path).expect("a source can be read");
    let sources = files(|path| is_rust(path) && path.starts_with(&labs));
    let wrong = sources.into_iter().filter(|path| names_the_session_layer(&source(path))).collect();
    let why =
        "it clears a `__Host-` cookie without `Secure`, which a browser ignores: use `Session` in the scheme";
    assert_eq!(shown(wrong), Vec::<String>::new(), "{why}");
}

#[test]
fn a_mounted_session_middleware_is_seen_and_a_comment_about_it_is_not() {
    assert!(names_the_session_layer("    .layer(SessionManagerLayer::new(store))"));
    assert!(!names_the_session_layer(
        "    // No SessionManagerLayer: it clears the cookie without `Secure`."
    ));
}

/// The Rust version that Cargo.toml states is the one that the newest dependency needs: no more, and no less.
///
/// It considers the crates that this platform needs and uses no network: a build of the whole workspace has downloaded
/// them. If only a part was built, the needs of the other crates are unknown, and the test reports that it was skipped.
#[test]
fn the_stated_rust_version_is_the_one_that_the_dependencies_need() {
    let platform = platform();
    let described = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--locked", "--offline", "--filter-platform", &platform].map(str::to_owned))
        .exec();
    let metadata = match described {
        Ok(metadata) => metadata,
        Err(error) => {
            let get = format!("`cargo fetch --locked --target {platform}` gets what is missing");
            // Not `eprintln!`: the test harness shows its output only if the test fails.
            let _ = writeln!(std::io::stderr(), "SKIPPED the stated Rust version: {get}: {error}");
            return;
        }
    };
    let is_member = |package: &cargo_metadata::Package| metadata.workspace_members.contains(&package.id);
    let needed = metadata.packages.iter().filter(|package| !is_member(package));
    let needed =
        needed.filter_map(|package| package.rust_version.as_ref()).max().expect("a crate states one");
    for member in metadata.packages.iter().filter(|package| is_member(package)) {
        assert_eq!(member.rust_version.as_ref(), Some(needed), "{}", member.name);
    }
}

/// All members state the same Rust version; the manifests alone are enough to check that.
#[test]
fn every_member_states_the_same_rust_version() {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo describes the workspace");
    let stated: BTreeSet<_> = metadata.packages.iter().map(|member| member.rust_version.as_ref()).collect();
    assert_eq!(stated.len(), 1, "{stated:?}");
    assert!(!stated.contains(&None), "no member states one");
}

/// The platform that rustc compiles for here.
fn platform() -> String {
    let output =
        Command::new("rustc").args(["--print", "host-tuple"]).output().expect("rustc can be started");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("rustc writes UTF-8").trim().to_owned()
}
