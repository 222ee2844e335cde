//! Bars that lie, because names are long; each may be made of parts.

use std::fmt::Write;

use super::axis::{Scale, Stretch};
use super::{WIDTH, escaped, frame};
use crate::report::number;

/// A chart of bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// What their parts are.
    pub parts: Vec<String>,
    /// The bars, from above.
    pub bars: Vec<Bar>,
    /// What stands behind each sum, such as ` µs`.
    pub unit: String,
}

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Its name.
    pub label: String,
    /// The length of each part.
    pub parts: Vec<f64>,
}

/// Where bars begin, how much is left for the sum behind them, and their height with the gap.
const LEFT: f64 = 132.0;
const RIGHT: f64 = 74.0;
const PITCH: f64 = 30.0;
const THICK: f64 = 18.0;

impl Bars {
    pub(super) fn svg(&self, title: &str) -> String {
        let sum = |bar: &Bar| bar.parts.iter().sum::<f64>();
        let stretch = Stretch::over(Scale::Linear, self.bars.iter().map(sum));
        let mut inside = String::new();
        for (row, bar) in self.bars.iter().enumerate() {
            let top = row as f64 * PITCH + 6.0;
            let middle = top + THICK / 2.0 + 4.5;
            let label = escaped(&bar.label);
            // Writing to a String cannot fail.
            let _ = write!(inside, r#"<text x="{}" y="{middle:.1}" class="end">{label}</text>"#, LEFT - 8.0);
            let mut x = LEFT;
            for (part, length) in bar.parts.iter().enumerate() {
                let width = stretch.place(*length) * (WIDTH - LEFT - RIGHT);
                let _ = write!(
                    inside,
                    r#"<rect class="s{part}" x="{x:.1}" y="{top:.1}" width="{width:.1}" height="{THICK}"/>"#
                );
                x += width;
            }
            let said = format!("{}{}", number::short(sum(bar)), self.unit);
            let _ = write!(
                inside,
                r#"<text x="{:.1}" y="{middle:.1}" class="strong">{}</text>"#,
                x + 6.0,
                escaped(&said)
            );
        }
        frame(self.bars.len() as f64 * PITCH + 8.0, title, &inside)
    }
}
