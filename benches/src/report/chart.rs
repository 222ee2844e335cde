//! Charts as SVG, made here: bars for what something costs, lines for how it changes.
//!
//! Colours, fonts and the dark version belong to the page, so an SVG carries classes and no colours (`s0`, `s1`, …). A
//! series is told by its marker as well as by its colour. A chart is 460 units wide and is shown at about as many pixels,
//! on a telephone too, so that its letters stay letters. It has a title for who cannot see it, and whoever shows it puts
//! the table of its figures beneath.

mod axis;
mod bars;
mod lines;

pub use axis::{Axis, Scale};
pub use bars::{Bar, Bars};
pub use lines::{Lines, Point, Series};

/// A chart.
#[derive(Debug, Clone)]
pub enum Chart {
    /// Lengths side by side.
    Bars(Bars),
    /// Points, connected or not.
    Lines(Lines),
}

impl Chart {
    /// The chart as an `<svg>` element. `title` is what it shows, for who cannot see it.
    pub fn svg(&self, title: &str) -> String {
        match self {
            Self::Bars(bars) => bars.svg(title),
            Self::Lines(lines) => lines.svg(title),
        }
    }

    /// What its colours and markers stand for, each with its number.
    pub fn legend(&self) -> Vec<(usize, &str)> {
        match self {
            Self::Bars(bars) => bars.parts.iter().map(String::as_str).enumerate().collect(),
            Self::Lines(lines) if lines.is_labelled => Vec::new(),
            Self::Lines(lines) => {
                lines.series.iter().map(|series| (series.mark, series.name.as_str())).collect()
            }
        }
    }

    /// The sign of a legend's entry, as an `<svg>` element.
    pub fn sign(&self, index: usize) -> String {
        let inside = match self {
            Self::Bars(_) => format!(r#"<rect class="s{index}" width="12" height="12" y="1" rx="2"/>"#),
            Self::Lines(_) => marker(index, 7.0, 7.0, false),
        };
        format!(r#"<svg class="sign" viewBox="0 0 14 14" aria-hidden="true">{inside}</svg>"#)
    }
}

/// The width of every chart.
const WIDTH: f64 = 460.0;

/// An `<svg>` element around what was drawn.
fn frame(height: f64, title: &str, inside: &str) -> String {
    let title = escaped(title);
    format!(
        r#"<svg class="chart" viewBox="0 0 {WIDTH} {height:.0}" role="img" aria-label="{title}"><title>{title}</title>{inside}</svg>"#
    )
}

/// The sign of series `index`: another shape for each, so that colour is never alone. Hollow where there is doubt.
fn marker(index: usize, x: f64, y: f64, is_hollow: bool) -> String {
    let r = 4.0;
    let class = if is_hollow { format!("s{index} hollow") } else { format!("s{index}") };
    let polygon = |points: &[(f64, f64)]| {
        let points: Vec<String> =
            points.iter().map(|(dx, dy)| format!("{:.1},{:.1}", x + dx * r, y + dy * r)).collect();
        format!(r#"<polygon class="{class}" points="{}"/>"#, points.join(" "))
    };
    match index % 6 {
        0 => format!(r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="{r}"/>"#),
        1 => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        2 => polygon(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
        3 => polygon(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
        4 => polygon(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)]),
        _ => polygon(&[(-1.2, -0.4), (1.2, -0.4), (1.2, 0.4), (-1.2, 0.4)]),
    }
}

/// Text that may stand in an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
