//! The confidence interval of a median, by the bootstrap (Efron, 1979).
//!
//! The rounds of a measurement are no sample of a known distribution: most are near one value, and some are disturbed.
//! The bootstrap assumes nothing but that the rounds are exchangeable. It draws as many rounds as there are, with
//! replacement, thousands of times, and takes the median of each draw; 95 % of these medians are inside the interval.
//! The random numbers start from a fixed seed, so the same rounds always have the same interval.

use super::median::Interval;

/// The fewest values that have an interval: of five, even the smallest and the largest enclose the median with 94 % only.
pub const LEAST: usize = 6;

const DRAWS: usize = 2_000;
/// The share of the medians that is outside of the interval on each side.
const TAIL: f64 = 0.025;
const SEED: u64 = 95;

/// The 95 % confidence interval of the median of these values, which are sorted.
pub(super) fn interval(sorted: &[f64]) -> Option<Interval> {
    if sorted.len() < LEAST {
        return None;
    }
    let mut random = fastrand::Rng::with_seed(SEED);
    let (lower, upper) = ((sorted.len() - 1) / 2, sorted.len() / 2);
    let mut drawn = vec![0; sorted.len()];
    let mut medians: Vec<f64> = (0..DRAWS)
        .map(|_| {
            // Places instead of values: they are sorted in the same order and compared faster.
            drawn.fill_with(|| random.usize(..sorted.len()));
            let (below, middle, _) = drawn.select_nth_unstable(upper);
            let upper_value = sorted[*middle];
            let lower_value = match lower == upper {
                true => upper_value,
                // The largest of those below the upper middle is the lower middle.
                false => below.iter().max().map_or(upper_value, |place| sorted[*place]),
            };
            (lower_value + upper_value) / 2.0
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    let cut = (DRAWS as f64 * TAIL) as usize;
    Some(Interval { low: medians[cut], high: medians[DRAWS - 1 - cut] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn five_values_have_no_interval_and_six_equal_ones_have_one_without_width() {
        assert_eq!(interval(&[1.0; 5]), None);
        assert_eq!(interval(&[1.0; 6]), Some(Interval { low: 1.0, high: 1.0 }));
    }

    #[test]
    fn the_same_values_always_have_the_same_interval_around_their_median() {
        let values: Vec<f64> = (0..60).map(f64::from).collect();
        let found = interval(&values).unwrap();
        assert_eq!(interval(&values), Some(found));
        assert!(found.contains(29.5), "{found:?}");
        // The exact interval by order statistics goes from the 22nd to the 39th of 60 values.
        assert!((20.0..=24.0).contains(&found.low) && (35.0..=39.0).contains(&found.high), "{found:?}");
    }

    #[test]
    fn of_a_thousand_measurements_of_one_value_about_950_have_it_inside_their_interval() {
        let mut random = fastrand::Rng::with_seed(1);
        // Noise as rounds have it: most near the true value of 1, one in eight disturbed and too high.
        let mut round = || {
            let noise = (0..4).map(|_| random.f64() - 0.5).sum::<f64>() * 0.05;
            let disturbed = if random.usize(..8) == 0 { random.f64() * 0.5 } else { 0.0 };
            1.0 + noise + disturbed
        };
        // The median of this noise, from very many rounds.
        let truth = sorted((0..200_001).map(|_| round()).collect())[100_000];
        let inside = (0..1_000)
            .filter(|_| interval(&sorted((0..30).map(|_| round()).collect())).unwrap().contains(truth))
            .count();
        assert!((920..=985).contains(&inside), "{inside} of 1,000");
    }
}
