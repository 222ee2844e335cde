//! What every chart is drawn with: the element around it, and the markers.

use crate::report::escape::escaped;

/// The width of every chart, in SVG units.
pub(super) const WIDTH: f64 = 460.0;

/// An `<svg>` element around the given content.
pub(super) fn frame(height: f64, title: &str, inside: &str) -> String {
    let title = escaped(title);
    format!(
        r#"<svg class="chart" viewBox="0 0 {WIDTH} {height:.0}" role="img" aria-label="{title}"><title>{title}</title>{inside}</svg>"#
    )
}

/// The marker of series `index`: a different shape for each, so that colour is not the only difference. It is hollow for
/// a doubted figure.
pub(super) fn marker(index: usize, x: f64, y: f64, is_hollow: bool) -> String {
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
