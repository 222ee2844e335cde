//! A panic is a line of the log. The only test of its program, since a program has one hook for panics.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_is_one_line_of_json_that_says_where_it_happened() {
    let kept = Kept::default();
    let writer = kept.clone();
    kit::log::log_panics(move || writer.clone());
    let panics = std::thread::spawn(|| panic!("the first line\nand the second")).join();
    let _rusts_own = std::panic::take_hook();
    assert!(panics.is_err());

    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["message"], "panicked: the first line\nand the second");
    assert!(line["at"].as_str().unwrap().contains("tests/panic.rs:"), "{line}");
}
