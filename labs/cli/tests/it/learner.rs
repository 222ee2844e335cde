//! A learner's way through a lab, in a copy of the project: the checks fail, the learner reads hints, writes wrong
//! code, takes the lab's own solution step by step, passes, and resets the lab; no code that was written is lost.
//!
//! This uses lab 1 only, which builds in seconds. `cargo lab verify-course` goes through all labs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::Ended;

/// A clone of the project in which a learner works.
struct Learner {
    clone: PathBuf,
}

const LABS: [&str; 4] = ["token", "session", "access", "hybrid"];

/// The files and folders of the project that cargo needs.
const PARTS: &[&str] = &["Cargo.toml", "Cargo.lock", "labs", "tests", "benches", "book"];

impl Learner {
    fn new(name: &str) -> Self {
        // The folder is always the same, so that runs of this test do not fill the target directory with builds.
        let clone = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if clone.exists() {
            fs::remove_dir_all(&clone).unwrap();
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::create_dir_all(&clone).unwrap();
        for part in PARTS {
            copy(&root.join(part), &clone.join(part));
        }
        let learner = Self { clone };
        // The tree may contain a learner's own code, so the copy is reset.
        for lab in LABS {
            assert_eq!(learner.run(&["reset", lab]).code, Some(0));
        }
        for copy in learner.kept() {
            fs::remove_file(copy).unwrap();
        }
        learner
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        // The dependencies were already built for the tests in this target directory, so only the exercise has to be
        // built.
        let target = Path::new(env!("CARGO_BIN_EXE_authlab")).ancestors().nth(2).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_authlab"))
            .args(arguments)
            .arg("--target-dir")
            .arg(target)
            .env("LANG", "en_US.UTF-8")
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .current_dir(&self.clone)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Runs `learn`, which must end with this code. Returns its stdout.
    fn learn(&self, code: i32) -> String {
        let ended = self.run(&["learn"]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(!ended.stdout.contains('\x1b'), "no colour in a pipe");
        ended.stdout
    }

    fn file(&self) -> PathBuf {
        self.clone.join("labs/lab1-token/exercise/src/jwt.rs")
    }

    /// Replaces the first occurrence of `old` in the exercise's file by `new`.
    fn edit(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.file()).unwrap();
        assert!(text.contains(old), "{text}");
        fs::write(self.file(), text.replacen(old, new, 1)).unwrap();
    }

    /// The copies of the learner's code, as paths in order.
    fn kept(&self) -> Vec<PathBuf> {
        let folder = fs::read_dir(self.file().parent().unwrap()).unwrap();
        let paths = folder.map(|entry| entry.unwrap().path());
        let mut kept: Vec<PathBuf> = paths.filter(|path| path.to_string_lossy().contains(".kept-")).collect();
        kept.sort();
        kept
    }

    /// Runs `defend` on lab 1, which must end with this code. Returns its JSON.
    fn defend(&self, code: i32) -> Value {
        let ended = self.run(&["defend", "token", "--json"]);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        serde_json::from_str(&ended.stdout).unwrap()
    }

    fn progress(&self) -> Value {
        let ended = self.run(&["progress", "--json"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        serde_json::from_str(&ended.stdout).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            if name != "target" {
                copy(&from.join(&name), &to.join(&name));
            }
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

const UNWRITTEN: &str = "todo!(\"encode: bytes into base64url\")";

#[test]
fn a_learner_fails_what_is_listed_is_helped_passes_and_begins_again() {
    let learner = Learner::new("learner");
    let starter = fs::read_to_string(learner.file()).unwrap();

    let card = learner.learn(1);
    for told in [
        "Step 1/3",
        "0 of 2 checks pass",
        "✗ base64url.groups",
        "encode: bytes into base64url",
        "RFC 4648",
        "cargo lab hint",
        "labs/lab1-token/exercise/src/jwt.rs:",
    ] {
        assert!(card.contains(told), "{told} in\n{card}");
    }

    let unfinished = learner.defend(1);
    assert_eq!(unfinished["attacks"][0]["weak_build"], "got_in", "{unfinished}");
    assert_eq!(unfinished["attacks"][0]["yours"], "not_written", "{unfinished}");

    let hints = ["1/3", "2/3", "3/3", "3/3"].map(|last| (last, learner.run(&["hint"]).stdout));
    for (last, hints) in &hints {
        assert!(hints.contains(last), "{hints}");
    }
    assert!(hints[3].1.contains("cargo lab solution"), "{}", hints[3].1);
    assert!(learner.run(&["hint", "--lang", "ja"]).stdout.contains("バイト"));

    learner.edit(UNWRITTEN, "String::from(\"Zg\")");
    let card = learner.learn(1);
    for told in ["sent", "encode([])", "expected", "\"\"", "got", "\"Zg\"", "matters"] {
        assert!(card.contains(told), "{told} in\n{card}");
    }

    learner.edit("String::from(\"Zg\")", "bytes.no_such_method()");
    let card = learner.learn(1);
    assert!(card.contains("It does not compile") && card.contains("no_such_method"), "{card}");

    let applied = learner.run(&["solution", "--apply"]);
    assert!(applied.stdout.contains("jwt.rs.kept-1"), "{applied:?}");
    assert!(fs::read_to_string(&learner.kept()[0]).unwrap().contains("no_such_method"));
    let card = learner.learn(0);
    assert!(card.contains("2 of 2 checks pass") && card.contains("Anyone can read a token"), "{card}");
    assert!(learner.learn(1).contains("Step 2/3"), "the next call shows the next step");

    assert_eq!(learner.run(&["skip"]).code, Some(0));
    let alone = learner.run(&["learn", "--board", "http://127.0.0.1:1", "--nickname", "ann"]);
    assert!(alone.code == Some(1) && alone.stdout.contains("✗ token.taken"), "{alone:?}");
    assert!(alone.stderr.contains("the board does not answer"), "{alone:?}");
    assert_eq!(learner.run(&["solution", "--apply"]).code, Some(0));
    let board = crate::program::Serving::of(&[], &["board"]);
    let told = learner.run(&["learn", "--board", &board.url, "--nickname", "ann"]);
    assert!(told.code == Some(0) && !told.stderr.contains("note:"), "{told:?}");
    let card = told.stdout;
    assert!(card.contains("12 of 12 checks pass") && card.contains("`cargo lab defend`"), "{card}");
    let defended = learner.defend(0);
    assert_eq!(defended["defended"], true);
    for attack in defended["attacks"].as_array().unwrap() {
        assert_eq!(
            (&attack["weak_build"], &attack["yours"]),
            (&"got_in".into(), &"kept_out".into()),
            "{attack}"
        );
    }
    assert_eq!(defended["attacks"].as_array().unwrap().len(), 4);
    let told = learner.run(&["defend", "token"]).stdout;
    for told_of in [
        "GOT IN",
        "kept out",
        "does not check the signature",
        "\"role\":\"admin\"",
        "Your build kept every attack out",
    ] {
        assert!(told.contains(told_of), "{told_of} in\n{told}");
    }
    let progress = learner.progress();
    for (step, hints) in [(0, 3), (1, 0), (2, 0)] {
        assert!(progress[step]["passed_at_ms"].is_u64(), "{progress}");
        assert_eq!(progress[step]["hints"], hints, "{progress}");
    }
    assert_eq!(progress[1]["skipped"], true, "{progress}");

    let solved = fs::read_to_string(learner.file()).unwrap();
    assert_eq!(learner.run(&["reset", "token"]).code, Some(0));
    assert_eq!(fs::read_to_string(learner.file()).unwrap(), starter);
    assert_eq!(fs::read_to_string(learner.kept().last().unwrap()).unwrap(), solved);
    assert!(learner.progress()[0]["passed_at_ms"].is_null());
    complete(&learner);
}

/// A learner who has done all steps gets a code, and `--verify` reads the same progress from it.
fn complete(learner: &Learner) {
    assert!(!learner.run(&["progress"]).stdout.contains("eyJ"), "there is no code before all is done");
    let progress = learner.progress();
    let steps: serde_json::Map<_, _> = progress
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            (
                step["step"].as_str().unwrap().to_owned(),
                serde_json::json!({"passed_at_ms": 1_764_000_000_000_u64}),
            )
        })
        .collect();
    let file = learner.clone.join(".authlab/progress.json");
    fs::write(
        file,
        serde_json::json!({"steps": steps, "defended_at_ms": {"token": 1_764_000_600_000_u64}}).to_string(),
    )
    .unwrap();
    let summary = learner.run(&["progress"]).stdout;
    let code = summary.lines().find(|line| line.starts_with("eyJ")).expect("a summary has a code");
    for told in ["2025-11-24 16:00", "2025-11-24 16:10", "proves nothing"] {
        assert!(summary.contains(told), "{told} in\n{summary}");
    }
    let read = learner.run(&["progress", "--verify", code]);
    assert_eq!(read.code, Some(0), "{read:?}");
    assert!(
        read.stdout.contains("all labs are done") && read.stdout.contains("2025-11-24 16:10"),
        "{read:?}"
    );
    let changed = learner.run(&["progress", "--verify", &code.replacen("eyJ", "eyK", 1)]);
    assert_eq!(changed.code, Some(2), "{changed:?}");
    assert!(
        changed.stderr.starts_with("error: ") && changed.stderr.contains("not a completion code"),
        "{changed:?}"
    );
}

/// The whole course as one learner types it, from the first starter to the code. It proves the same as `verify-course`
/// does for the parts of the course, so it runs in the nightly build only: it builds every exercise.
#[test]
fn a_learner_comes_from_the_first_starter_to_the_code() {
    if std::env::var_os("AUTHLAB_NIGHTLY").is_none() {
        return;
    }
    let learner = Learner::new("learner-of-all");
    let steps: Vec<(String, String)> = learner
        .progress()
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["lab"].as_str().unwrap().to_owned(), step["step"].as_str().unwrap().to_owned()))
        .collect();
    for (at, (lab, step)) in steps.iter().enumerate() {
        let unwritten = learner.learn(1);
        assert!(
            unwritten.contains("to write") && unwritten.contains("cargo lab hint"),
            "{step}:\n{unwritten}"
        );
        for number in ["1/3", "2/3", "3/3"] {
            assert!(learner.run(&["hint"]).stdout.contains(number), "{step}");
        }
        assert!(learner.run(&["solution"]).stdout.contains("fn "), "{step}");
        assert_eq!(learner.run(&["solution", "--apply"]).code, Some(0));
        let done = learner.learn(0);
        let is_last = steps.get(at + 1).is_none_or(|(next, _)| next != lab);
        assert_eq!(done.contains("`cargo lab defend`"), is_last, "{step}:\n{done}");
        if is_last {
            let defended = learner.run(&["defend", lab]);
            assert_eq!(defended.code, Some(0), "{defended:?}");
            assert!(defended.stdout.contains("GOT IN"), "{defended:?}");
        }
    }
    let summary = learner.run(&["progress"]).stdout;
    let code = summary.lines().find(|line| line.starts_with("eyJ")).expect("all is done");
    assert_eq!(learner.run(&["progress", "--verify", code]).code, Some(0));
    for lab in LABS {
        assert_eq!(learner.run(&["reset", lab]).code, Some(0));
    }
    assert!(learner.progress().as_array().unwrap().iter().all(|step| step["passed_at_ms"].is_null()));
}

#[test]
fn a_step_or_a_lab_that_is_not_there_is_said_in_a_sentence() {
    let ended = crate::program::run(&["learn", "no-such-lab"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("there is no lab `no-such-lab`; choose from token, session, access, hybrid"),
        "{ended:?}"
    );
}
