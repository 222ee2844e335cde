//! Horizontal bars, because names are long; a bar may consist of several parts.

use std::fmt::Write;

use super::axis::{Scale, Stretch};
use super::svg::{WIDTH, frame};
use crate::report::escape::escaped;
use crate::report::number;

/// A bar chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// The names of the parts that each bar consists of.
    pub parts: Vec<String>,
    /// The bars, from top to bottom.
    pub bars: Vec<Bar>,
    /// The unit that is written after each sum, such as ` µs`.
    pub unit: String,
}

/// One bar of the chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// The name beside the bar.
    pub label: String,
    /// The length of each part, in the chart's unit.
    pub parts: Vec<f64>,
}

/// Layout in SVG units: where bars begin, the room for the sum after a bar, the distance between bars, and their height.
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
