//! What a part of the measurement found.

use harness::Failure;
use kit::visible::visible;
use measure::report::Skipped;

/// What a part found until it ended: at the end of its plan, by Ctrl-C, or because it failed.
#[derive(Default)]
pub(crate) struct Found<T> {
    pub(crate) value: T,
    skipped: Vec<Skipped>,
    failure: Option<Failure>,
}

impl<T: Default> Found<T> {
    /// What `part` has put into the value when it ends, even if it fails.
    pub(crate) async fn by(part: impl AsyncFnOnce(&mut Self) -> Result<(), Failure>) -> Self {
        let mut found = Self::default();
        found.failure = part(&mut found).await.err();
        found
    }

    /// Notes what cannot be measured, and why; the reason may be the output of another program.
    pub(crate) fn skip(&mut self, what: &str, why: &str) {
        self.skipped.push(Skipped { what: what.to_owned(), why: visible(why).into_owned() });
    }
}

impl<T> Found<T> {
    /// The value, and how the part ended. What it skipped is added to `skipped`.
    pub(crate) fn parted(self, skipped: &mut Vec<Skipped>) -> (T, Result<(), Failure>) {
        skipped.extend(self.skipped);
        (self.value, self.failure.map_or(Ok(()), Err))
    }

    /// Puts the value into its place in the report, and returns how the part ended.
    pub(crate) fn put(self, place: &mut T, skipped: &mut Vec<Skipped>) -> Result<(), Failure> {
        let (value, ended) = self.parted(skipped);
        *place = value;
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_fails_leaves_what_it_had_found() {
        let found = Found::by(async |found: &mut Found<Vec<u32>>| {
            found.value.push(1);
            found.skip("the second", "It was left out.");
            Err(Failure::new("the third failed"))
        });
        let (mut value, mut skipped) = (Vec::new(), Vec::new());
        let ended = found.await.put(&mut value, &mut skipped);
        assert_eq!((value, skipped.len()), (vec![1], 1));
        assert_eq!(ended.unwrap_err().to_string(), "the third failed");
    }

    #[tokio::test]
    async fn a_part_that_ends_well_has_no_failure() {
        let found = Found::by(async |found: &mut Found<Vec<u32>>| {
            found.value.push(1);
            Ok(())
        });
        let mut value = Vec::new();
        assert!(found.await.put(&mut value, &mut Vec::new()).is_ok());
        assert_eq!(value, [1]);
    }
}
