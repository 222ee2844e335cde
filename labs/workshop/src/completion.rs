//! Completion: a code that says which labs are done and when, and the functions that make and read it.
//!
//! The code is a token, signed as lab 1 signs one, so its owner can take it apart with the code that they wrote
//! themselves. **It proves nothing**: its key is public (see below), so anyone can sign any contents with it. Its only
//! use is to keep typing errors out of the list of a workshop's leader.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::ExitCode;

use harness::Failure;
use harness::terminal::{self, BAD, DIM, GOOD, TITLE};
use lab1_token::jwt::{self, Refused};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::course::{Course, Lab};
use super::progress::Progress;
use super::words::Words;

/// A public key, which therefore protects nothing: see the module documentation.
const KEY: &[u8] = b"the key of authlab's completion codes, which everybody may know";

const HEADER: &str = r#"{"alg":"HS256"}"#;

/// The most bytes of a code. A real code has less than 1 KiB; a longer text is refused before it is parsed.
const MAX_BYTES: usize = 4096;

/// The contents of a completion code.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Completed {
    /// When the code was made, in seconds since the Unix epoch.
    iat: u64,
    labs: BTreeMap<String, LabDone>,
}

/// What a code says about one lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LabDone {
    /// How many steps are done.
    steps: usize,
    /// For how many steps the learner took the lab's own solution.
    skipped: usize,
    /// How many hints the learner revealed.
    hints: usize,
    /// When the lab's last step passed; seconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passed: Option<u64>,
    /// When the learner's build first kept the lab's attack out; seconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept_out: Option<u64>,
}

impl LabDone {
    fn of(lab: &Lab, progress: &Progress) -> Self {
        let records: Vec<_> = lab.steps.iter().map(|step| progress.of(step)).collect();
        let seconds = |ms: u64| ms / 1000;
        Self {
            steps: progress.done(&lab.steps),
            skipped: records.iter().filter(|record| record.skipped).count(),
            hints: records.iter().map(|record| record.hints).sum(),
            passed: records.iter().filter_map(|record| record.passed_at_ms).max().map(seconds),
            kept_out: progress.defended_at_ms(lab).map(seconds),
        }
    }
}

/// The summary of a course and its code, if every step is done; otherwise `None`.
pub(super) fn summary(course: &Course, progress: &Progress, now_s: u64) -> Option<Summary> {
    let is_done = course.labs.iter().all(|lab| progress.done(&lab.steps) == lab.steps.len());
    if !is_done {
        return None;
    }
    let labs = course.labs.iter().map(|lab| (lab.id.clone(), LabDone::of(lab, progress))).collect();
    let completed = Completed { iat: now_s, labs };
    // Serializing cannot fail: the value has only numbers and short names.
    let payload = serde_json::to_string(&completed).unwrap_or_default();
    Some(Summary { completed, code: jwt::sign(KEY, HEADER, &payload) })
}

/// The summary of a course whose steps are all done.
pub(super) struct Summary {
    completed: Completed,
    pub(super) code: String,
}

impl Summary {
    pub(super) fn print(&self, course: &Course, words: &Words) {
        print(&self.completed, course, words);
        harness::outln!("\n{TITLE}{}{TITLE:#}\n{}\n", words.your_code, self.code);
        for line in super::layout::wrapped(words.about_code, " ", " ", super::COLUMNS, DIM, usize::MAX) {
            harness::outln!("{line}");
        }
    }
}

/// Prints the contents of a code and whether it covers all labs of this course; the exit code says the same. If `code`
/// is `-`, it is read from stdin.
pub(super) fn verify(code: &str, course: &Course, words: &Words, json: bool) -> Result<ExitCode, Failure> {
    let text = if code == "-" { from_stdin()? } else { code.to_owned() };
    let read = read(&text)?;
    let missing = missing(&read, course);
    if json {
        let report = serde_json::json!({ "complete": missing.is_empty(), "missing": missing, "code": read });
        harness::outln!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&read, course, words);
        if missing.is_empty() {
            harness::outln!("\n {GOOD}✓ {}{GOOD:#}", words.all_labs_are_done);
        } else {
            harness::outln!("\n {BAD}✗ {} {}{BAD:#}", words.not_done, missing.join(", "));
        }
    }
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    // Reads one byte more than allowed, so that a longer text is recognised as too long.
    std::io::stdin().lock().take(MAX_BYTES as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// The contents of a code, if its signature is valid.
fn read(text: &str) -> Result<Completed, Failure> {
    if text.len() > MAX_BYTES {
        return Err(Failure::new(format!(
            "a completion code has at most {MAX_BYTES} bytes; this text is longer"
        )));
    }
    // A chat or mail program may have broken the long line.
    let code: String = text.split_whitespace().collect();
    let payload = jwt::verify(KEY, &code).map_err(|refused| {
        Failure::new(match refused {
            Refused::Parts => "a completion code has three parts separated by dots; copy all of it",
            Refused::Signature => "this is not a completion code of authlab: its signature is not valid",
            Refused::Unreadable | Refused::Algorithm => {
                "this is not a completion code: a part of it cannot be read"
            }
        })
    })?;
    serde_json::from_value(payload).map_err(|error| {
        Failure::new(format!(
            "this code is signed, but its contents are not those of a completion code ({error})"
        ))
    })
}

/// The names of this course's labs for which the code does not say that every step is done.
fn missing(completed: &Completed, course: &Course) -> Vec<String> {
    let is_missing = |lab: &&Lab| completed.labs.get(&lab.id).is_none_or(|done| done.steps < lab.steps.len());
    course.labs.iter().filter(is_missing).map(|lab| lab.id.clone()).collect()
}

fn print(completed: &Completed, course: &Course, words: &Words) {
    let rows = course.labs.iter().filter_map(|lab| {
        let done = completed.labs.get(&lab.id)?;
        let at = |time: Option<u64>| time.map_or_else(|| "-".to_owned(), date);
        let LabDone { steps, skipped, hints, passed, kept_out } = *done;
        Some(vec![
            lab.id.clone(),
            format!("{steps}/{}", lab.steps.len()),
            skipped.to_string(),
            hints.to_string(),
            at(passed),
            at(kept_out),
        ])
    });
    harness::out!("{}", terminal::table(&words.code_columns, 1, rows.collect()));
    harness::outln!(" {DIM}{} {} UTC{DIM:#}", words.code_made, date(completed.iat));
}

/// A time as `YYYY-MM-DD HH:MM`; a number that is out of the range of dates is printed as it is.
fn date(seconds: u64) -> String {
    let time =
        i64::try_from(seconds).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.map_or_else(
        || seconds.to_string(),
        |time| {
            let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
            format!("{year}-{month:02}-{day:02} {:02}:{:02}", time.hour(), time.minute())
        },
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn course() -> Course {
        Course::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
    }

    fn completed(course: &Course) -> Completed {
        let done = |lab: &Lab| LabDone {
            steps: lab.steps.len(),
            skipped: 1,
            hints: 2,
            passed: Some(1_764_000_000),
            kept_out: None,
        };
        Completed {
            iat: 1_764_000_100,
            labs: course.labs.iter().map(|lab| (lab.id.clone(), done(lab))).collect(),
        }
    }

    fn code(completed: &Completed) -> String {
        jwt::sign(KEY, HEADER, &serde_json::to_string(completed).unwrap())
    }

    fn why(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn a_code_says_what_was_put_into_it_also_where_a_mail_broke_its_line() {
        let course = course();
        let completed = completed(&course);
        let code = code(&completed);
        assert!(code.len() < 1024, "{}", code.len());
        assert_eq!(read(&code).unwrap(), completed);
        let (start, end) = code.split_at(76);
        assert_eq!(read(&format!(" {start}\r\n{end}\n")).unwrap(), completed);
        assert_eq!(missing(&completed, &course), Vec::<String>::new());
    }

    #[test]
    fn a_code_that_was_changed_cut_or_signed_with_another_key_is_refused_with_its_reason() {
        let completed = completed(&course());
        let code = code(&completed);
        assert!(why(&code[..code.len() - 1]).contains("not a completion code"));
        assert!(why(code.rsplit_once('.').unwrap().0).contains("copy all of it"));
        let other = jwt::sign(b"another", HEADER, &serde_json::to_string(&completed).unwrap());
        assert!(why(&other).contains("signature is not valid"));
        let payload = code.split('.').nth(1).unwrap();
        let promoted = code.replace(payload, &jwt::encode(br#"{"iat":1,"labs":{}}"#));
        assert!(why(&promoted).contains("signature is not valid"));
        assert!(
            why(&jwt::sign(KEY, HEADER, r#"{"role":"admin"}"#))
                .contains("are not those of a completion code")
        );
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_unread_and_one_that_is_just_short_enough_is_read() {
        assert!(why(&"a".repeat(MAX_BYTES + 1)).contains("at most 4096 bytes"));
        assert!(why(&"a".repeat(MAX_BYTES)).contains("three parts"));
    }

    #[test]
    fn a_code_that_lacks_a_step_or_a_lab_names_the_lab() {
        let course = course();
        let mut completed = completed(&course);
        completed.labs.get_mut("session").unwrap().steps -= 1;
        completed.labs.remove("hybrid");
        assert_eq!(missing(&completed, &course), ["session", "hybrid"]);
    }

    #[test]
    fn a_moment_is_a_date_and_a_number_beyond_all_dates_is_itself() {
        assert_eq!(date(1_764_000_000), "2025-11-24 16:00");
        assert_eq!(date(u64::MAX), u64::MAX.to_string());
    }
}
