//! Tests of old reports: they can be shown again, and compared with newer ones. Nothing is measured here;
//! `bench/report.json` is a small report of a real run, and the newer reports are changed copies of it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{Ended, run};

const REPORT: &str = include_str!("bench/report.json");

/// A folder with the report and a changed copy of it, the twin.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn with_twin(change: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut twin: Value = serde_json::from_str(REPORT).unwrap();
        change(&mut twin);
        std::fs::write(folder.path().join("old.json"), REPORT).unwrap();
        std::fs::write(folder.path().join("new.json"), twin.to_string()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Compares the twin with the report.
    fn compared(&self, more: &[&str]) -> Ended {
        let (old, new, into) = (self.path("old.json"), self.path("new.json"), self.path("out"));
        let mut arguments =
            vec!["bench", "--report", text(&new), "--compare", text(&old), "--into", text(&into)];
        arguments.extend(more);
        run(&arguments)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Multiplies the server's CPU time in every round of this design at the ceiling.
fn costs(report: &mut Value, design: &str, times: f64) {
    let designs = report["ceiling"]["designs"].as_array_mut().unwrap();
    let figures = designs.iter_mut().find(|figures| figures["design"] == design).unwrap();
    for round in figures["rounds"].as_array_mut().unwrap() {
        round["server_cpu_us"] = Value::from(round["server_cpu_us"].as_f64().unwrap() * times);
    }
}

#[test]
fn a_design_that_costs_a_third_more_is_a_regression_and_a_hundredth_more_is_none() {
    let worse = Files::with_twin(|twin| costs(twin, "hybrid", 1.33));
    let ended = worse.compared(&["--fail-on-regression"]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let line = ended.stdout.lines().find(|line| line.contains("worse") && line.contains("hybrid")).unwrap();
    assert!(line.contains("server CPU µs") && line.contains("+33.0 %"), "{line}");
    assert_eq!(worse.compared(&[]).code, Some(0), "it is told, and fails only who asked for that");
    let markdown = std::fs::read_to_string(worse.path("out/report.md")).unwrap();
    assert!(markdown.contains("## What changed") && markdown.contains("1 worse"), "{markdown}");

    let same = Files::with_twin(|twin| costs(twin, "hybrid", 1.01));
    let ended = same.compared(&["--fail-on-regression"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let markdown = std::fs::read_to_string(same.path("out/report.md")).unwrap();
    assert!(markdown.contains(" 0 worse, 0 better"), "{markdown}");
}

#[test]
fn a_report_of_another_machine_is_refused_unless_told() {
    let files = Files::with_twin(|twin| twin["machine"]["cpu_model"] = Value::from("a faster one"));
    let ended = files.compared(&[]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("two machines") && ended.stderr.contains("a faster one now"),
        "{}",
        ended.stderr
    );
    assert_eq!(files.compared(&["--other-machine", "--fail-on-regression"]).code, Some(0));
}

#[test]
fn a_file_that_is_no_report_of_this_schema_is_refused_with_what_it_is() {
    let files = Files::with_twin(|twin| twin["schema"] = Value::from(9));
    let ended = files.compared(&[]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.contains("new.json: it has schema 9, and this program reads schema 1"),
        "{}",
        ended.stderr
    );
    std::fs::write(files.path("new.json"), "{}").unwrap();
    assert!(files.compared(&[]).stderr.contains("it is no report of `cargo lab bench`"));
    std::fs::remove_file(files.path("new.json")).unwrap();
    assert!(files.compared(&[]).stderr.contains("cannot be read"));
}

#[test]
fn an_old_report_is_shown_again_without_measuring_anything() {
    let files = Files::with_twin(|_| ());
    let ended = run(&[
        "bench",
        "--report",
        text(&files.path("old.json")),
        "--into",
        text(&files.path("out")),
        "--json",
    ]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let read = |name: &str| std::fs::read_to_string(files.path("out").join(name)).unwrap();
    for shown in ["What a request costs", "What the servers answered", "What must hold", "not met"] {
        assert!(read("report.html").contains(shown) && read("report.md").contains(shown), "{shown}");
    }
    let again: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(again["begun_unix_s"], serde_json::from_str::<Value>(REPORT).unwrap()["begun_unix_s"]);
}
