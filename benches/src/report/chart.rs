//! Charts as SVG, without a library: bars for costs, lines for changes.
//!
//! Colours, fonts and the dark version are defined by the page, so an SVG contains classes and no colours (`s0`, `s1`,
//! …). A series has a marker as well as a colour. A chart is 460 units wide and is shown at about as many pixels, on a
//! phone too, so that its text stays readable. It has a title for screen readers, and each format must print the table
//! of the chart's figures below it.

mod axis;
mod bars;
mod lines;

pub use axis::{Axis, Scale};
pub use bars::{Bar, Bars};
pub use lines::{Lines, Point, Series};

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
    pub fn svg(&self, title: &str) -> String {
        match self {
            Self::Bars(bars) => bars.svg(title),
            Self::Lines(lines) => lines.svg(title),
        }
    }

    /// The legend: the number and the meaning of each colour and marker.
    pub fn legend(&self) -> Vec<(usize, &str)> {
        match self {
            Self::Bars(bars) => bars.parts.iter().map(String::as_str).enumerate().collect(),
            Self::Lines(lines) if lines.is_labelled => Vec::new(),
            Self::Lines(lines) => {
                lines.series.iter().map(|series| (series.mark, series.name.as_str())).collect()
            }
        }
    }

    /// The marker of a legend entry, as an `<svg>` element.
    pub fn sign(&self, index: usize) -> String {
        let inside = match self {
            Self::Bars(_) => format!(r#"<rect class="s{index}" width="12" height="12" y="1" rx="2"/>"#),
            Self::Lines(_) => marker(index, 7.0, 7.0, false),
        };
        format!(r#"<svg class="sign" viewBox="0 0 14 14" aria-hidden="true">{inside}</svg>"#)
    }
}

/// The width of every chart, in SVG units.
const WIDTH: f64 = 460.0;

/// An `<svg>` element around the given content.
fn frame(height: f64, title: &str, inside: &str) -> String {
    let title = escaped(title);
    format!(
        r#"<svg class="chart" viewBox="0 0 {WIDTH} {height:.0}" role="img" aria-label="{title}"><title>{title}</title>{inside}</svg>"#
    )
}

/// The marker of series `index`: a different shape for each, so that colour is not the only difference. It is hollow for
/// a doubted figure.
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

/// The text, escaped for use in an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
