//! Maps values to positions on an axis, and finds the round values that label it.

use crate::report::number;

/// How values map to distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equal distances, and the axis starts at zero.
    Linear,
    /// Equal ratios are equal distances. Values of zero and below are drawn at the start of the axis.
    Log,
}

/// One axis of a chart.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What the axis counts, with the unit.
    pub label: String,
    /// How values map to distances on it.
    pub scale: Scale,
    /// How the numbers on it are written.
    pub write: fn(f64) -> String,
}

impl Axis {
    /// A linear axis; numbers are written with commas or few digits.
    pub fn linear(label: &str) -> Self {
        Self { label: label.to_owned(), scale: Scale::Linear, write: plain }
    }

    /// A logarithmic axis; numbers are written with commas or few digits.
    pub fn log(label: &str) -> Self {
        Self { scale: Scale::Log, ..Self::linear(label) }
    }
}

/// A number on an axis: whole where possible, and millions as `M`, since longer numbers do not fit beside an axis.
fn plain(value: f64) -> String {
    if value >= 1e6 {
        return format!("{} M", plain(value / 1e6));
    }
    if value == 0.0 || (value.abs() >= 1.0 && value.fract() == 0.0) {
        number::thousands(value)
    } else {
        let text = format!("{value:.3}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// The range of values that an axis covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch {
    from: f64,
    to: f64,
    scale: Scale,
}

impl Stretch {
    /// A range with round ends that contains all values.
    pub(super) fn over(scale: Scale, values: impl Iterator<Item = f64>) -> Self {
        match scale {
            Scale::Linear => {
                let largest = values.fold(0.0, f64::max);
                let step = step(largest);
                Self { from: 0.0, to: (largest / step).ceil().max(1.0) * step, scale }
            }
            Scale::Log => {
                let (mut from, mut to) = (f64::INFINITY, 0.0_f64);
                for value in values.filter(|value| *value > 0.0) {
                    (from, to) = (from.min(value), to.max(value));
                }
                if !from.is_finite() {
                    (from, to) = (1.0, 10.0);
                }
                let (from, to) = (from.log10().floor(), to.log10().ceil());
                Self { from: 10_f64.powf(from), to: 10_f64.powf(to.max(from + 1.0)), scale }
            }
        }
    }

    /// The position of a value on the axis, from 0 at the start to 1 at the end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = match self.scale {
            Scale::Linear => (value - self.from) / (self.to - self.from),
            Scale::Log => (value.max(self.from) / self.from).log10() / (self.to / self.from).log10(),
        };
        place.clamp(0.0, 1.0)
    }

    /// The values at which the axis is labelled.
    pub(super) fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => {
                let step = step(self.to);
                let count = (self.to / step).round() as usize;
                (0..=count).map(|index| index as f64 * step).collect()
            }
            Scale::Log => {
                let decades = (self.to / self.from).log10().round() as i32;
                // More than seven labels would not fit under a chart.
                let every = (decades / 7 + 1).max(1);
                (0..=decades / every).map(|index| self.from * 10_f64.powi(index * every)).collect()
            }
        }
    }
}

/// A step of 1, 2, 2.5 or 5 times a power of ten, so that four to seven steps reach `largest`.
fn step(largest: f64) -> f64 {
    if largest <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf((largest / 4.0).log10().floor());
    let fits = [5.0, 2.5, 2.0, 1.0].into_iter().map(|digit| digit * power).find(|step| largest / step >= 3.5);
    fits.unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_begins_at_zero_and_ends_at_a_round_value() {
        let stretch = Stretch::over(Scale::Linear, [3.0, 18.7].into_iter());
        assert_eq!(stretch.ticks(), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!((stretch.place(0.0), stretch.place(10.0), stretch.place(20.0)), (0.0, 0.5, 1.0));
    }

    #[test]
    fn a_logarithmic_axis_has_powers_of_ten_and_puts_zero_at_its_beginning() {
        let stretch = Stretch::over(Scale::Log, [0.0, 3.0, 4_000.0].into_iter());
        assert_eq!(stretch.ticks(), [1.0, 10.0, 100.0, 1_000.0, 10_000.0]);
        assert_eq!((stretch.place(0.0), stretch.place(100.0)), (0.0, 0.5));
    }

    #[test]
    fn a_number_on_an_axis_is_short() {
        assert_eq!(
            [plain(0.25), plain(250_000.0), plain(2.5e6), plain(1e9)],
            ["0.25", "250,000", "2.5 M", "1,000 M"]
        );
    }

    #[test]
    fn an_axis_without_values_is_an_axis() {
        assert_eq!(Stretch::over(Scale::Linear, [].into_iter()).ticks(), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(Stretch::over(Scale::Log, [].into_iter()).ticks(), [1.0, 10.0]);
    }
}
