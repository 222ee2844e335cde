//! The A/A control: what a comparison says about two equal servers.
//!
//! A second server of the baseline takes part in the same rounds. Whatever differs between the two is a difference that
//! the measurement makes, so no difference of that size means anything elsewhere in the same comparison.

use super::{Comparison, Median};

/// The smallest difference that is ever called one, as a share: two processes of one program differ by as much, because
/// the system placed their memory differently.
const LEAST: f64 = 0.01;

/// The smallest differences that a comparison can see, as shares of the baseline: 0.02 is 2 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resolution {
    /// Of throughput.
    pub throughput: f64,
    /// Of server CPU time; `None` when it is not known.
    pub server_cpu: Option<f64>,
}

impl Comparison {
    /// The smallest differences that the comparison can see; `None` without a control.
    pub fn resolution(&self) -> Option<Resolution> {
        let control = self.control.as_ref()?;
        Some(Resolution {
            throughput: off_one(control.ratio?),
            server_cpu: control.server_cpu_ratio.map(off_one),
        })
    }

    /// Whether the comparison calls a difference between two equal servers. It should in one of twenty runs.
    pub fn is_biased(&self) -> bool {
        let ratios = self.control.iter().flat_map(|control| [control.ratio, control.server_cpu_ratio]);
        ratios.flatten().any(|ratio| is_different(ratio, LEAST))
    }
}

/// Whether a ratio to the baseline is a difference that a comparison with this resolution can see: its interval does not
/// contain 1, and its distance from 1 is larger than the control's.
pub fn is_different(ratio: Median, resolution: f64) -> bool {
    !ratio.likely().contains(1.0) && (ratio.median - 1.0).abs() > resolution
}

/// How far the interval of a ratio reaches from 1.
fn off_one(ratio: Median) -> f64 {
    let interval = ratio.likely();
    (1.0 - interval.low).max(interval.high - 1.0).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratios(of: impl Fn(u32) -> f64) -> Median {
        Median::of((0..60).map(of)).unwrap()
    }

    #[test]
    fn a_difference_smaller_than_that_between_two_equal_servers_is_none() {
        let control = ratios(|round| 0.98 + 0.001 * f64::from(round));
        let resolution = off_one(control);
        assert!((0.012..0.03).contains(&resolution), "{resolution}");
        let small = ratios(|round| 1.005 + 0.0001 * f64::from(round));
        assert!(!small.likely().contains(1.0), "certainly above 1, and still not seen: {small:?}");
        assert!(!is_different(small, resolution));
        assert!(is_different(ratios(|round| 1.10 + 0.0001 * f64::from(round)), resolution));
        assert!(is_different(ratios(|round| 0.80 + 0.0001 * f64::from(round)), resolution));
    }

    #[test]
    fn a_ratio_whose_interval_contains_one_is_no_difference_however_far_its_median_is() {
        let unsure = ratios(|round| if round % 2 == 0 { 0.5 } else { 1.7 });
        assert!((unsure.median - 1.0).abs() > 0.05 && !is_different(unsure, 0.01), "{unsure:?}");
    }
}
