//! The board's data: which learner has done which steps, within limits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kit::Clock;
use serde::{Deserialize, Serialize};

use crate::course::Course;

/// The most characters of a nickname.
pub(super) const NICKNAME_CHARS: usize = 24;

/// The most learners on one board: more than fit in a room.
const LEARNERS: usize = 200;

/// A learner's report: the whole body of a post.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) nickname: Nickname,
    /// The names of the steps that are done.
    pub(super) steps: Vec<String>,
}

/// A nickname: one line of 1 to 24 visible characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Nickname(String);

/// The error for a text that is not a valid nickname.
#[derive(Debug)]
pub(crate) struct NoNickname;

impl fmt::Display for NoNickname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a nickname has 1 to {NICKNAME_CHARS} characters, and all of them are visible")
    }
}

impl std::error::Error for NoNickname {}

impl TryFrom<String> for Nickname {
    type Error = NoNickname;

    fn try_from(text: String) -> Result<Self, NoNickname> {
        let text = text.trim();
        let is_long = text.chars().count() > NICKNAME_CHARS;
        // Characters that change the direction of writing would garble the lines around them.
        let turns = |character: char| matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if text.is_empty()
            || is_long
            || text.chars().any(|character| character.is_control() || turns(character))
        {
            return Err(NoNickname);
        }
        Ok(Self(text.to_owned()))
    }
}

impl std::str::FromStr for Nickname {
    type Err = NoNickname;

    fn from_str(text: &str) -> Result<Self, NoNickname> {
        Self::try_from(text.to_owned())
    }
}

impl fmt::Display for Nickname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a report was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The board has the most learners that it allows.
    Full,
    /// The report has more than twice as many steps as the course.
    TooManySteps,
}

/// A learner, as the board shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Learner {
    pub(super) nickname: Nickname,
    pub(super) steps: BTreeSet<String>,
    /// Minutes since the learner's last report.
    pub(super) minutes: u64,
}

/// All reports: the latest of each nickname.
pub(super) struct Wall {
    clock: Clock,
    learners: BTreeMap<Nickname, Seen>,
}

struct Seen {
    steps: BTreeSet<String>,
    at_ms: u64,
}

impl Wall {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, learners: BTreeMap::new() }
    }

    /// Replaces the earlier report of this nickname. Steps that the course does not have are left out, because the
    /// learner's clone may be older or newer than the leader's.
    pub(super) fn write(&mut self, report: Report, course: &Course) -> Result<(), Refusal> {
        let Report { nickname, steps } = report;
        if steps.len() > course.steps().count() * 2 {
            return Err(Refusal::TooManySteps);
        }
        if self.learners.len() >= LEARNERS && !self.learners.contains_key(&nickname) {
            return Err(Refusal::Full);
        }
        let known = steps.into_iter().filter(|step| course.step(step).is_some());
        let seen = Seen { steps: known.collect(), at_ms: self.clock.now_ms() };
        self.learners.insert(nickname, seen);
        Ok(())
    }

    /// The learners, those with the most steps first; learners with equally many steps are sorted by name.
    pub(super) fn learners(&self) -> Vec<Learner> {
        let now_ms = self.clock.now_ms();
        let learner = |(nickname, seen): (&Nickname, &Seen)| Learner {
            nickname: nickname.clone(),
            steps: seen.steps.clone(),
            minutes: now_ms.saturating_sub(seen.at_ms) / 60_000,
        };
        let mut learners: Vec<Learner> = self.learners.iter().map(learner).collect();
        learners.sort_by_key(|learner| std::cmp::Reverse(learner.steps.len()));
        learners
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn course() -> Course {
        Course::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
    }

    fn report(nickname: &str, steps: &[&str]) -> Report {
        Report {
            nickname: nickname.parse().unwrap(),
            steps: steps.iter().map(|&step| step.to_owned()).collect(),
        }
    }

    #[test]
    fn the_last_report_of_a_name_counts_and_who_is_furthest_comes_first() {
        let (course, mut wall) = (course(), Wall::new(Clock::system()));
        wall.write(report("bob", &["token.base64url"]), &course).unwrap();
        wall.write(report("ann", &["token.base64url", "token.hmac", "of.another-course"]), &course).unwrap();
        wall.write(report("cid", &["token.base64url"]), &course).unwrap();
        wall.write(report("bob", &[]), &course).unwrap();
        let learners = wall.learners();
        let told: Vec<_> =
            learners.iter().map(|learner| (learner.nickname.to_string(), learner.steps.len())).collect();
        assert_eq!(told, [("ann".into(), 2), ("cid".into(), 1), ("bob".into(), 0)]);
    }

    #[test]
    fn there_is_room_for_so_many_and_those_who_are_there_may_go_on() {
        let (course, mut wall) = (course(), Wall::new(Clock::system()));
        for number in 0..LEARNERS {
            wall.write(report(&number.to_string(), &[]), &course).unwrap();
        }
        assert_eq!(wall.write(report("one more", &[]), &course), Err(Refusal::Full));
        assert_eq!(wall.write(report("7", &["token.hmac"]), &course), Ok(()));
        assert_eq!(wall.learners().len(), LEARNERS);
    }

    #[test]
    fn a_report_with_more_steps_than_a_course_has_is_refused() {
        let (course, mut wall) = (course(), Wall::new(Clock::system()));
        let many = vec!["token.hmac"; course.steps().count() * 2 + 1];
        assert_eq!(wall.write(report("ann", &many), &course), Err(Refusal::TooManySteps));
        assert_eq!(wall.write(report("ann", &many[1..]), &course), Ok(()));
    }

    #[test]
    fn a_nickname_is_a_short_line_that_can_be_seen() {
        for good in ["ann", " ann ", "山田 太郎", "<b>", &"x".repeat(NICKNAME_CHARS), "🦀"] {
            assert!(good.parse::<Nickname>().is_ok(), "{good}");
        }
        for bad in ["", "  ", "a\nb", "a\u{7}", "\u{202e}nna", "a\u{200b}b", &"x".repeat(NICKNAME_CHARS + 1)]
        {
            assert!(bad.parse::<Nickname>().is_err(), "{bad:?}");
        }
    }
}
