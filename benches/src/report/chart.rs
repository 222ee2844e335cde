//! Charts as SVG, without a library: bars for costs, lines for changes.
//!
//! Colours, fonts and the dark version are defined by the page, so an SVG contains classes and no colours (`s0`, `s1`,
//! …). A series has a marker as well as a colour. A chart is 460 units wide and is shown at about as many pixels, on a
//! phone too, so that its text stays readable. It has a title for screen readers, and each format must print the table
//! of the chart's figures below it.

mod axis;
mod bars;
mod lines;
mod svg;

pub use axis::{Axis, Scale};
pub use bars::{Bar, Bars};
pub use lines::{Lines, Point, Series};
use maud::{Markup, html};
use svg::marker;

/// A bar chart or a line chart.
#[derive(Debug, Clone)]
pub enum Chart {
    /// A bar chart.
    Bars(Bars),
    /// A chart of points, connected or not.
    Lines(Lines),
}

impl Chart {
    /// The chart as an `<svg>` element. `title` describes it for screen readers.
    pub fn svg(&self, title: &str) -> Markup {
        match self {
            Self::Bars(bars) => bars.svg(title),
            Self::Lines(lines) => lines.svg(title),
        }
    }

    /// The legend: the marker and the meaning of each colour, as a list; nothing for a chart without a legend.
    pub fn legend(&self) -> Markup {
        let entries = self.entries();
        html! {
            @if !entries.is_empty() {
                ul.legend { @for (mark, name) in entries { li { (self.sign(mark)) (name) } } }
            }
        }
    }

    /// The number of each colour and marker, and what it means.
    fn entries(&self) -> Vec<(usize, &str)> {
        match self {
            Self::Bars(bars) => bars.parts.iter().map(String::as_str).enumerate().collect(),
            Self::Lines(lines) if lines.is_labelled => Vec::new(),
            Self::Lines(lines) => {
                lines.series.iter().map(|series| (series.mark, series.name.as_str())).collect()
            }
        }
    }

    /// The marker of a legend entry, as an `<svg>` element.
    fn sign(&self, index: usize) -> Markup {
        html! {
            svg.sign viewBox="0 0 14 14" aria-hidden="true" {
                @match self {
                    Self::Bars(_) => { rect class={ "s" (index) } width="12" height="12" y="1" rx="2" {} }
                    Self::Lines(_) => { (marker(index, 7.0, 7.0, false)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
