//! Tests of a clone whose files have CRLF, as `core.autocrlf` writes them: the commands that cut and write source files
//! work as in a clone with LF.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::program::{Ended, command};

/// A copy of lab 1, with one of the two line endings.
struct Clone {
    folder: tempfile::TempDir,
    ending: &'static str,
}

impl Clone {
    fn new(ending: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let labs = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for part in ["lab.toml", "src", "exercise/src"] {
            let part = Path::new("lab1-token").join(part);
            copy(&labs.join(&part), &folder.path().join("labs").join(part), ending);
        }
        let clone = Self { folder, ending };
        // The tree may contain a learner's own code.
        clone.run(&["reset", "token"]);
        clone
    }

    /// Runs a command, which must succeed.
    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = command(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "")], arguments);
        let output = command.current_dir(self.folder.path()).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ended =
            Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) };
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        ended
    }

    /// The exercise's file, with LF. Every line of it must have the clone's line ending.
    fn exercise(&self) -> String {
        let text =
            fs::read_to_string(self.folder.path().join("labs/lab1-token/exercise/src/jwt.rs")).unwrap();
        let lf = text.replace("\r\n", "\n");
        assert_eq!(text, lf.replace('\n', self.ending), "the line endings are mixed");
        lf
    }
}

fn copy(from: &Path, to: &Path, ending: &str) {
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name), ending);
        }
    } else if let Ok(text) = fs::read_to_string(from) {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, text.replace('\n', ending)).unwrap();
    }
}

const UNWRITTEN: &str = "todo!(\"encode: bytes into base64url\")";

#[test]
fn solution_skip_and_reset_work_alike_with_either_line_ending() {
    let [lf, crlf] = ["\n", "\r\n"].map(|ending| {
        let clone = Clone::new(ending);
        let starter = clone.exercise();
        assert!(starter.contains(UNWRITTEN), "{starter}");
        let shown = clone.run(&["solution"]).stdout.replace("\r\n", "\n");
        assert!(shown.contains("fn encode("), "{shown}");

        clone.run(&["solution", "--apply"]);
        let solved = clone.exercise();
        assert!(!solved.contains(UNWRITTEN), "{solved}");
        clone.run(&["skip"]);
        let skipped = clone.run(&["skip"]).stdout;
        assert!(skipped.contains("jwt.rs.kept-"), "the solved step is no starter: {skipped}");
        clone.run(&["reset", "token"]);
        assert_eq!(clone.exercise(), starter);
        let again = clone.run(&["reset", "token"]).stdout;
        assert!(!again.contains("kept-"), "a starter is not kept: {again}");
        [starter, shown, solved]
    });
    assert_eq!(crlf, lf);
}
