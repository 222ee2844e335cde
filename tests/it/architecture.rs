//! Which member of the workspace may use which: dependencies point down only.
//!
//! The checker and the benchmark's library send HTTP to an address and know no lab, so they can judge a server in any
//! language. A lab depends on the kit and on no other lab, so two labs differ by their scheme alone. A dependency in another
//! direction is easy to add and hard to remove, so it fails here. So does a member that reads the source of another as a file,
//! which is a dependency that no manifest shows.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use Room::{
    Book, Cli, Conformance, Exercise, Harness, Kit, Lab, Measure, Outages, Outside, Playground, Runner,
    Workshop, Yardsticks,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Outside,
    Kit,
    Lab,
    Exercise,
    Harness,
    Workshop,
    Playground,
    Outages,
    Runner,
    Yardsticks,
    Cli,
    Conformance,
    Measure,
    Book,
}

/// Where an exercise lies: in its lab.
const EXERCISE: &str = "/exercise";

/// Where each of the other rooms lies. The first that fits counts.
const FOLDERS: &[(&str, Room)] = &[
    ("labs/outside", Outside),
    ("labs/kit", Kit),
    ("labs/harness", Harness),
    ("labs/workshop", Workshop),
    ("labs/playground", Playground),
    ("labs/outages", Outages),
    ("labs/cli", Cli),
    ("labs/lab", Lab),
    ("tests", Conformance),
    ("benches/runner", Runner),
    ("benches/yardsticks", Yardsticks),
    ("benches", Measure),
    ("book", Book),
];

/// What each room may use in what it ships, and in its tests and benches.
const RULES: &[(Room, &[Room], &[Room])] = &[
    // Text and addresses from outside: it has no part of a server, so the checker may use it.
    (Outside, &[], &[]),
    (Kit, &[Outside], &[]),
    (Lab, &[Kit], &[Kit]),
    // It stands on what its lab stands on, and its tests are those that the lab is judged by.
    (Exercise, &[Kit], &[Kit, Lab, Conformance]),
    (Harness, &[Outside, Kit, Lab], &[Kit, Lab]),
    (Workshop, &[Outside, Kit, Lab, Harness, Conformance], &[Kit]),
    // A slow network is made by the proxy of the meter.
    (Playground, &[Kit, Lab, Harness, Measure], &[Kit]),
    (Outages, &[Kit, Lab, Harness, Measure], &[Kit]),
    // A peer's server is checked before it is measured.
    (Runner, &[Outside, Kit, Lab, Harness, Measure, Yardsticks], &[Kit, Lab, Conformance]),
    // What the kit is compared with has nothing of the kit.
    (Yardsticks, &[], &[]),
    (Cli, &[Outside, Kit, Harness, Workshop, Playground, Outages, Runner, Conformance, Measure], &[Kit]),
    (Conformance, &[Outside], &[Kit, Lab, Harness]),
    (Measure, &[], &[Kit, Lab]),
    // It shows the figures of a report.
    (Book, &[Measure], &[Kit]),
];

/// Arrows that no rule of two rooms allows. The hybrid hands out the access token that the lab before it made; a page of the
/// book has the token lab's workbench.
const SINGLE: &[(&str, &str)] =
    &[("lab4-hybrid", "lab3-access"), ("lab4-exercise", "lab3-access"), ("book", "lab1-token")];

#[derive(Debug)]
struct Arrow {
    user: (String, Room),
    used: (String, Room),
    kind: DependencyKind,
}

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {} ({})", self.user.0, self.used.0, self.kind)
    }
}

impl Arrow {
    fn is_allowed(&self) -> bool {
        let Some((_, shipped, tested)) = RULES.iter().find(|(room, ..)| *room == self.user.1) else {
            return false;
        };
        // A member may test itself with a feature of its own switched on.
        if self.user.0 == self.used.0 && self.kind == DependencyKind::Development {
            return true;
        }
        let allowed = if self.kind == DependencyKind::Development { tested } else { shipped };
        allowed.contains(&self.used.1)
            || SINGLE.iter().any(|(user, used)| *user == self.user.0 && *used == self.used.0)
    }
}

fn room_of(folder: &str) -> Option<Room> {
    if folder.starts_with("labs/lab") && folder.ends_with(EXERCISE) {
        return Some(Exercise);
    }
    FOLDERS.iter().find(|(prefix, _)| folder.starts_with(prefix)).map(|(_, room)| *room)
}

fn workspace() -> Metadata {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo describes the workspace")
}

/// Every dependency of a member on a member, of any kind, for any target, optional or not.
fn arrows(workspace: &Metadata) -> Vec<Arrow> {
    let members: Vec<_> = workspace
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let folder = package.manifest_path.parent().expect("a manifest lies in a folder");
            let folder =
                folder.strip_prefix(&workspace.workspace_root).expect("a member lies in the workspace");
            let room = room_of(folder.as_str());
            (
                package,
                room.unwrap_or_else(|| panic!("`{folder}` is in no room: give it one in FOLDERS and RULES")),
            )
        })
        .collect();
    let mut arrows = Vec::new();
    for (package, room) in &members {
        for dependency in &package.dependencies {
            let used = members.iter().find(|(used, _)| used.name.as_str() == dependency.name);
            if let Some((used, used_room)) = used {
                arrows.push(Arrow {
                    user: (package.name.to_string(), *room),
                    used: (used.name.to_string(), *used_room),
                    kind: dependency.kind,
                });
            }
        }
    }
    arrows
}

#[test]
fn every_arrow_between_members_points_down() {
    let arrows = arrows(&workspace());
    let seen = |user, used| arrows.iter().any(|arrow| arrow.user.0 == user && arrow.used.0 == used);
    assert!(
        seen("lab4-hybrid", "lab3-access") && seen("authlab", "kit"),
        "the arrows are not seen at all: {arrows:?}"
    );

    let wrong: Vec<_> = arrows.iter().filter(|arrow| !arrow.is_allowed()).map(Arrow::to_string).collect();
    assert!(wrong.is_empty(), "these arrows are not allowed: {}", wrong.join(", "));
}

/// An arrow between two packages, each named by name and folder.
fn arrow(user: (&str, &str), used: (&str, &str), kind: DependencyKind) -> Arrow {
    let package =
        |(name, folder): (&str, &str)| (name.to_owned(), room_of(folder).expect("the folder has a room"));
    Arrow { user: package(user), used: package(used), kind }
}

const TEXT: (&str, &str) = ("outside", "labs/outside");
const KIT: (&str, &str) = ("kit", "labs/kit");
const COMMANDS: (&str, &str) = ("harness", "labs/harness");
const PLAY: (&str, &str) = ("playground", "labs/playground");
const BENCH: (&str, &str) = ("runner", "benches/runner");
const CLI: (&str, &str) = ("authlab", "labs/cli");
const SESSION: (&str, &str) = ("lab2-session", "labs/lab2-session");
const ACCESS: (&str, &str) = ("lab3-access", "labs/lab3-access");
const HYBRID: (&str, &str) = ("lab4-hybrid", "labs/lab4-hybrid");
const LEARNED: (&str, &str) = ("lab2-exercise", "labs/lab2-session/exercise");
const CHECKER: (&str, &str) = ("conformance", "tests");
const METER: (&str, &str) = ("measure", "benches");
const BOOK: (&str, &str) = ("book", "book");

#[test]
fn the_judge_lets_the_arrows_of_the_design_pass() {
    use DependencyKind::{Development, Normal};
    for (user, used, kind) in [
        (KIT, TEXT, Normal),
        (CHECKER, TEXT, Normal),
        (COMMANDS, HYBRID, Normal),
        (PLAY, COMMANDS, Normal),
        (BENCH, METER, Normal),
        (CLI, PLAY, Normal),
        (CLI, CHECKER, Normal),
        (CLI, METER, Normal),
        (SESSION, KIT, Normal),
        (HYBRID, ACCESS, Normal),
        (CHECKER, SESSION, Development),
        (METER, KIT, Development),
        (LEARNED, KIT, Normal),
        (LEARNED, CHECKER, Development),
    ] {
        let arrow = arrow(user, used, kind);
        assert!(arrow.is_allowed(), "{arrow}");
    }
}

#[test]
fn the_judge_refuses_an_arrow_up_or_sideways_and_a_lab_in_what_judges_it() {
    use DependencyKind::{Build, Development, Normal};
    for (user, used, kind) in [
        (TEXT, KIT, Normal),
        (METER, TEXT, Normal),
        (KIT, SESSION, Normal),
        (KIT, SESSION, Development),
        (KIT, CHECKER, Development),
        (SESSION, ACCESS, Normal),
        (ACCESS, HYBRID, Normal),
        (SESSION, CHECKER, Development),
        (CHECKER, KIT, Normal),
        (CHECKER, SESSION, Build),
        (METER, HYBRID, Normal),
        (METER, CHECKER, Development),
        (CHECKER, CLI, Development),
        (BOOK, KIT, Normal),
        (BOOK, SESSION, Development),
        (LEARNED, SESSION, Normal),
        (LEARNED, CHECKER, Normal),
        (CLI, LEARNED, Normal),
        (CLI, HYBRID, Normal),
        (COMMANDS, PLAY, Normal),
        (PLAY, BENCH, Normal),
        (PLAY, CLI, Normal),
        (BENCH, CHECKER, Normal),
    ] {
        let arrow = arrow(user, used, kind);
        assert!(!arrow.is_allowed(), "{arrow}");
    }
}

#[test]
fn a_folder_that_no_rule_knows_has_no_room() {
    assert_eq!(room_of("labs/lab2-session"), Some(Lab));
    assert_eq!(room_of("labs/lab2-session/exercise"), Some(Exercise));
    assert_eq!(room_of("crates/lab2-session"), None);
}

/// The folders of all members.
fn members() -> Vec<PathBuf> {
    let folder = |package: &cargo_metadata::Package| {
        package.manifest_path.parent().expect("a manifest is in a folder").as_std_path().to_owned()
    };
    workspace().workspace_packages().into_iter().map(folder).collect()
}

/// The member that a file belongs to: the one with the longest path.
fn member_of<'a>(file: &Path, members: &'a [PathBuf]) -> Option<&'a Path> {
    let containing = members.iter().filter(|member| file.starts_with(member));
    containing.max_by_key(|member| member.as_os_str().len()).map(PathBuf::as_path)
}

/// The files that Rust source names in string literals and that belong to another member than the source's file `at`.
fn read_from_others(at: &Path, text: &str, members: &[PathBuf]) -> Vec<PathBuf> {
    let own = member_of(at, members);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let bases = [at.parent().unwrap_or(at), own.unwrap_or(at), &root];
    let literals = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let literals = literals.flat_map(|line| line.split('"').skip(1).step_by(2));
    let named = literals.filter(|literal| literal.contains('/') && !literal.contains(char::is_whitespace));
    let files =
        named.flat_map(|name| bases.iter().filter_map(move |base| base.join(name).canonicalize().ok()));
    let theirs = files.filter(|file| {
        let owner = member_of(file, members);
        // An exercise is a part of its lab.
        let is_own_lab = own.is_some_and(|own| own.ends_with("exercise") && own.parent() == owner);
        let is_source = file
            .extension()
            .is_some_and(|end| ["rs", "js", "css", "html", "lua"].iter().any(|of| end == *of));
        is_source && owner.is_some() && owner != own && !is_own_lab
    });
    theirs.collect()
}

#[test]
fn no_member_reads_the_source_of_another_as_a_file() {
    let members = members();
    let mut wrong = Vec::new();
    for member in &members {
        let mut folders = vec![member.join("src")];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    let text = fs::read_to_string(&path).expect("a source file can be read");
                    let read = read_from_others(&path, &text, &members);
                    wrong.extend(
                        read.into_iter().map(|file| format!("{} reads {}", path.display(), file.display())),
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_of_another_member_is_recognised_and_an_own_one_is_not_refused() {
    let members = members();
    let own = member_of(Path::new(env!("CARGO_MANIFEST_DIR")), &members).expect("this package is a member");
    let at = own.join("src/lib.rs");
    for theirs in [
        r#"include_str!("../../labs/kit/src/scheme.rs")"#,
        r#"fs::read_to_string(root.join("labs/kit/src/scheme.rs"))"#,
    ] {
        assert_eq!(read_from_others(&at, theirs, &members).len(), 1, "{theirs}");
    }
    for ours in [
        r#"include_str!("check.rs")"#,
        r#"include_str!("../../README.md")"#,
        r#"// as in "labs/kit/src/scheme.rs""#,
        r#"fs::read_to_string("labs/kit/src/gone.rs")"#,
    ] {
        assert_eq!(read_from_others(&at, ours, &members), Vec::<PathBuf>::new(), "{ours}");
    }
}
