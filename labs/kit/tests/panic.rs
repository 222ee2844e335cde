//! A panic becomes a line of the log. This is the only test of its program, because a program has one panic hook.

use std::sync::Arc;

use serde_json::Value;

#[test]
fn a_panic_is_one_line_of_json_that_says_where_it_happened() {
    let kept = tempfile::NamedTempFile::new().unwrap();
    kit::log::log_panics(Arc::new(kept.reopen().unwrap()));
    let panics = std::thread::spawn(|| panic!("the first line\nand the second")).join();
    let _rusts_own = std::panic::take_hook();
    assert!(panics.is_err());

    let text = std::fs::read_to_string(kept.path()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["message"], "panicked: the first line\nand the second");
    assert!(line["at"].as_str().unwrap().contains("tests/panic.rs:"), "{line}");
}
