//! Red until the lab is solved: every check, as `cargo lab learn` plays them.

use lab1_exercise::answers::answer;
use lab1_token::judge::{CHECKS, Verdict, play};

#[test]
fn every_part_is_written_and_does_what_it_must() {
    for check in CHECKS {
        let verdict = play(check, |question| answer(&question.to_string()));
        assert_eq!(verdict, Verdict::Passed, "{}: {}", check.id, check.title);
    }
}
