//! A part that a server needs and that does not work.

use std::fmt;

/// A part that the server needs and that does not work. Any client can read the text at `/health/ready`, so it contains a
/// name and a plain description and nothing internal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// The failing part, such as `redis`.
    pub part: &'static str,
    /// What is wrong with the part, in words for an operator.
    pub problem: String,
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_the_part_and_its_problem() {
        let redis = NotReady { part: "redis", problem: "no answer".into() };
        assert_eq!(redis.to_string(), "redis: no answer");
    }
}
