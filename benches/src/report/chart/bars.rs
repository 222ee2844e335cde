//! Horizontal bars, because names are long; a bar may consist of several parts.

use maud::{Markup, html};

use super::axis::{Scale, Stretch};
use super::svg::{WIDTH, frame, tenths};
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
    pub(super) fn svg(&self, title: &str) -> Markup {
        let stretch = Stretch::over(Scale::Linear, self.bars.iter().map(Bar::sum));
        let bars = html! {
            @for (row, bar) in self.bars.iter().enumerate() { (self.bar(bar, row as f64 * PITCH + 6.0, &stretch)) }
        };
        frame(self.bars.len() as f64 * PITCH + 8.0, title, &bars)
    }

    /// One bar between its name and its sum.
    fn bar(&self, bar: &Bar, top: f64, stretch: &Stretch) -> Markup {
        let middle = tenths(top + THICK / 2.0 + 4.5);
        let width = |length: &f64| stretch.place(*length) * (WIDTH - LEFT - RIGHT);
        let end = |parts: &[f64]| parts.iter().map(width).fold(LEFT, |x, width| x + width);
        html! {
            text x=(LEFT - 8.0) y=(middle) class="end" { (bar.label) }
            @for (part, length) in bar.parts.iter().enumerate() {
                rect class={ "s" (part) } x=(tenths(end(&bar.parts[..part]))) y=(tenths(top))
                    width=(tenths(width(length))) height=(THICK) {}
            }
            text x=(tenths(end(&bar.parts) + 6.0)) y=(middle) class="strong" {
                (number::short(bar.sum())) (self.unit)
            }
        }
    }
}

impl Bar {
    fn sum(&self) -> f64 {
        self.parts.iter().sum()
    }
}
