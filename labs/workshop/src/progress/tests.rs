use std::fs;
use std::path::Path;

use super::*;

/// The real course, whose progress is stored in a temporary folder.
fn course() -> (tempfile::TempDir, Course) {
    let folder = tempfile::tempdir().unwrap();
    let mut course = Course::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap();
    course.root = folder.path().to_owned();
    (folder, course)
}

/// Each terminal opens the course by itself, so each has a file handle and a lock of its own, as a process has.
#[test]
fn two_terminals_that_change_at_the_same_time_lose_nothing() {
    let (folder, course) = course();
    let many = 50;
    std::thread::scope(|scope| {
        for terminal in ["a", "b"] {
            let course = &course;
            scope.spawn(move || {
                let mut progress = Progress::read(course).unwrap();
                for number in 0..many {
                    let name = format!("{terminal}.{number}");
                    progress
                        .change(|stored| {
                            stored.steps.entry(name).or_default().skipped = true;
                            stored.steps.entry("both".into()).or_default().hints += 1;
                        })
                        .unwrap();
                }
            });
        }
    });
    let stored = Progress::read(&course).unwrap().stored;
    assert_eq!(stored.steps["both"].hints, 2 * many);
    assert_eq!(stored.steps.len(), 2 * many + 1);
    assert!(!folder.path().join(".authlab/progress.json.new").exists());
}

#[test]
fn a_step_that_another_terminal_skipped_is_not_earned_here_and_its_hints_stay() {
    let (_folder, course) = course();
    let (_, step) = course.steps().next().unwrap();
    let mut here = Progress::read(&course).unwrap();
    let mut there = Progress::read(&course).unwrap();
    there.skip(step).unwrap();
    assert_eq!(here.hint(step).unwrap(), 1);
    assert_eq!(there.hint(step).unwrap(), 2);
    let Record { passed_at_ms, skipped, hints } = Progress::read(&course).unwrap().of(step);
    assert_eq!((passed_at_ms, skipped, hints), (None, true, 2));
    assert!(here.of(step).skipped, "a change also reads what the other terminal did");
}

#[test]
fn a_terminal_stays_at_its_step_when_another_one_moves() {
    let (_folder, course) = course();
    let steps: Vec<&Step> = course.steps().map(|(_, step)| step).collect();
    let mut here = Progress::read(&course).unwrap();
    here.stay_at(steps[0]);
    Progress::read(&course).unwrap().go_to(Some(steps[2])).unwrap();
    here.pass(steps[0]).unwrap();
    assert_eq!(here.current(&course).unwrap().1.id, steps[0].id);
    assert_eq!(Progress::read(&course).unwrap().current(&course).unwrap().1.id, steps[2].id);
}

#[test]
fn a_damaged_file_is_set_aside_unchanged_and_the_next_read_starts_anew() {
    let (folder, course) = course();
    let file = folder.path().join(".authlab/progress.json");
    for (number, damaged) in [(1, &b"{\"steps\": {"[..]), (2, b"\xff"), (3, b"")] {
        Progress::read(&course).unwrap().skip(course.steps().next().unwrap().1).unwrap();
        fs::write(&file, damaged).unwrap();
        let failure = Progress::read(&course).unwrap_err().to_string();
        let aside = folder.path().join(format!(".authlab/progress.json.damaged-{number}"));
        assert!(
            failure.contains("progress.json is damaged (") && failure.contains(&*aside.to_string_lossy()),
            "{failure}"
        );
        assert_eq!(fs::read(&aside).unwrap(), damaged);
        assert!(!file.exists() && Progress::read(&course).unwrap().stored.steps.is_empty());
    }
}

#[test]
fn a_file_that_is_damaged_while_a_terminal_is_open_is_not_overwritten() {
    let (folder, course) = course();
    let mut progress = Progress::read(&course).unwrap();
    let (_, step) = course.steps().next().unwrap();
    progress.skip(step).unwrap();
    let file = folder.path().join(".authlab/progress.json");
    fs::write(&file, "half of a fi").unwrap();
    let failure = progress.hint(step).unwrap_err().to_string();
    assert!(failure.contains("is damaged (expected value at line 1 column 1)"), "{failure}");
    assert_eq!(fs::read_to_string(file.with_extension("json.damaged-1")).unwrap(), "half of a fi");
}
