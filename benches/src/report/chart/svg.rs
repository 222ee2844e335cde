//! What every chart is drawn with: the element around it, and the markers.

use maud::{Markup, html};

/// The width of every chart, in SVG units.
pub(super) const WIDTH: f64 = 460.0;

/// A length or a position with one decimal place.
pub(super) fn tenths(length: f64) -> String {
    format!("{length:.1}")
}

/// The positions of a line or a polygon as an attribute's value.
pub(super) fn points(places: impl IntoIterator<Item = (f64, f64)>) -> String {
    let places: Vec<String> = places.into_iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    places.join(" ")
}

/// An `<svg>` element around the given content.
pub(super) fn frame(height: f64, title: &str, inside: &Markup) -> Markup {
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {height:.0}")) role="img" aria-label=(title) {
            title { (title) }
            (inside)
        }
    }
}

/// The marker of series `index`: a different shape for each, so that colour is not the only difference. It is hollow for
/// a doubted figure.
pub(super) fn marker(index: usize, x: f64, y: f64, is_hollow: bool) -> Markup {
    let r = 4.0;
    let class = if is_hollow { format!("s{index} hollow") } else { format!("s{index}") };
    let corners: &[(f64, f64)] = match index % 6 {
        0 => return html! { circle class=(class) cx=(tenths(x)) cy=(tenths(y)) r=(r) {} },
        1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        2 => &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
        3 => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        4 => &[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
        _ => &[(-1.2, -0.4), (1.2, -0.4), (1.2, 0.4), (-1.2, 0.4)],
    };
    let corners = corners.iter().map(|(dx, dy)| (x + dx * r, y + dy * r));
    html! { polygon class=(class) points=(points(corners)) {} }
}
