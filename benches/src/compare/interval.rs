//! Estimates by which factor a figure changed, with a confidence interval for that factor.
//!
//! Rounds are few and not normally distributed, so the only assumption is that both runs have the same distribution,
//! stretched by a factor. Each pair of a new round and an old one gives a factor; the median of these factors is the
//! estimate (Hodges and Lehmann, 1963). The interval is the pair of factors that the exact null distribution of Mann and
//! Whitney's U (1947) cuts off at each end. The method needs no random numbers, so the same two files always give the
//! same result.

/// The probability outside of the interval on each side: 95 % are inside.
const TAIL: f64 = 0.025;
/// The largest number of rounds that is used. The counting below grows with its square, and further rounds add little.
const MOST_ROUNDS: usize = 60;

/// A factor with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factor {
    /// The estimate: 1.1 is ten per cent more.
    pub estimate: f64,
    /// The 95 % confidence interval; `None` when there are too few rounds for one, for example three old and three new
    /// ones.
    pub interval: Option<(f64, f64)>,
}

/// The factor from the old rounds to the new ones. `None` without rounds, and when a figure is zero or negative, because
/// such figures have no factor.
pub fn factor(old: &[f64], new: &[f64]) -> Option<Factor> {
    let (old, new) = (&old[..old.len().min(MOST_ROUNDS)], &new[..new.len().min(MOST_ROUNDS)]);
    if old.is_empty()
        || new.is_empty()
        || old.iter().chain(new).any(|value| value.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater))
    {
        return None;
    }
    let mut factors: Vec<f64> = new.iter().flat_map(|new| old.iter().map(move |old| new / old)).collect();
    factors.sort_by(f64::total_cmp);
    let count = factors.len();
    // For an even count the mean of the two middle factors: the geometric mean, because they are factors.
    let estimate = (factors[(count - 1) / 2] * factors[count / 2]).sqrt();
    let interval = cut_off(old.len(), new.len()).map(|cut| (factors[cut], factors[count - 1 - cut]));
    Some(Factor { estimate, interval })
}

/// How many of the sorted factors are outside of the interval on each side; `None` when even the outermost factors are
/// more probable than the tail allows.
fn cut_off(old: usize, new: usize) -> Option<usize> {
    let ways = ways(old, new);
    let all: f64 = ways.iter().sum();
    let mut cumulated = 0.0;
    let mut cut = None;
    for (u, ways) in ways.iter().enumerate() {
        cumulated += ways;
        if cumulated / all > TAIL {
            break;
        }
        cut = Some(u);
    }
    cut
}

/// The distribution of U: element `u` is the number of orders of `one` and `other` values in which U is `u`, where U
/// counts the pairs whose second value is the smaller one. The recurrence is Mann and Whitney's: the largest value of
/// all belongs to either side.
fn ways(one: usize, other: usize) -> Vec<f64> {
    // For the sizes (i, j), row by row: N(i, j, u) = N(i-1, j, u-j) + N(i, j-1, u).
    let mut row: Vec<Vec<f64>> = (0..=other).map(|_| vec![1.0]).collect();
    for i in 1..=one {
        let mut next: Vec<Vec<f64>> = vec![vec![1.0]];
        for j in 1..=other {
            let counts = (0..=i * j).map(|u| {
                let with = u.checked_sub(j).and_then(|u| row[j].get(u)).copied().unwrap_or_default();
                with + next[j - 1].get(u).copied().unwrap_or_default()
            });
            let counts = counts.collect();
            next.push(counts);
        }
        row = next;
    }
    row.pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_null_distribution_is_the_published_one() {
        assert_eq!(ways(2, 2), [1.0, 1.0, 2.0, 1.0, 1.0]);
        assert_eq!(ways(3, 2), [1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0]);
        // Critical values of U, two-sided at five per cent, from published tables: 2 for 5 and 5, 17 for 9 and 9.
        assert_eq!([cut_off(5, 5), cut_off(9, 9), cut_off(4, 4)], [Some(2), Some(17), Some(0)]);
        assert_eq!(cut_off(3, 3), None);
    }

    #[test]
    fn what_grew_by_a_tenth_has_its_interval_around_a_tenth_and_not_around_nothing() {
        let old = [100.0, 101.0, 99.0, 100.5, 99.5];
        let new = old.map(|value| value * 1.1);
        let factor = factor(&old, &new).unwrap();
        assert!((factor.estimate - 1.1).abs() < 1e-9, "{factor:?}");
        let (from, to) = factor.interval.unwrap();
        assert!(from > 1.08 && from < 1.1 && to > 1.1 && to < 1.12, "{factor:?}");
    }

    #[test]
    fn the_same_rounds_twice_are_no_change_and_few_rounds_say_nothing_for_sure() {
        let same = [10.0, 12.0, 11.0, 10.5, 11.5];
        let factor_of_same = factor(&same, &same).unwrap();
        let (from, to) = factor_of_same.interval.unwrap();
        assert!(from < 1.0 && to > 1.0 && (factor_of_same.estimate - 1.0).abs() < 1e-9);
        assert_eq!(factor(&[1.0, 1.0], &[9.0, 9.0]).unwrap().interval, None);
        assert_eq!(factor(&[0.0], &[1.0]), None);
        assert_eq!(factor(&[], &[1.0]), None);
    }
}
