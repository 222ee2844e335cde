//! Points over two axes, connected by a line or each labelled with its name.

use maud::{Markup, html};

use super::axis::{Axis, Stretch};
use super::svg::{WIDTH, frame, marker, points, tenths};

/// A chart of several series.
#[derive(Debug, Clone)]
pub struct Lines {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The series that the chart shows.
    pub series: Vec<Series>,
    /// Whether each name is written beside its last point; no line then connects the points.
    pub is_labelled: bool,
}

/// One series of points.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The name of the series.
    pub name: String,
    /// The number of its colour and marker: the same for the same design in every chart.
    pub mark: usize,
    /// The points, from left to right.
    pub points: Vec<Point>,
}

/// One point of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The value on the horizontal axis.
    pub x: f64,
    /// The value on the vertical axis.
    pub y: f64,
    /// Whether the figure is doubted: the point is drawn hollow.
    pub is_doubted: bool,
}

const HEIGHT: f64 = 300.0;
const LEFT: f64 = 58.0;
/// Half the width of the longest number below the right end of the axis.
const RIGHT: f64 = 24.0;
const TOP: f64 = 24.0;
const BOTTOM: f64 = 44.0;
/// Keeps points away from the vertical axis when names are written beside them.
const INSET: f64 = 14.0;
/// The smallest vertical distance between two names.
const LINE: f64 = 14.0;

/// Both axes, and the position of a point on them.
struct Plane {
    x: Stretch,
    y: Stretch,
    inset: f64,
}

impl Plane {
    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let left = LEFT + self.inset;
        let along = left + self.x.place(x) * (WIDTH - left - RIGHT);
        let up = HEIGHT - BOTTOM - self.y.place(y) * (HEIGHT - TOP - BOTTOM);
        (along, up)
    }
}

impl Lines {
    pub(super) fn svg(&self, title: &str) -> Markup {
        let all = || self.series.iter().flat_map(|series| &series.points);
        let plane = Plane {
            x: Stretch::over(self.x.scale, all().map(|point| point.x)),
            y: Stretch::over(self.y.scale, all().map(|point| point.y)),
            inset: if self.is_labelled { INSET } else { 0.0 },
        };
        let inside = html! {
            (self.grid(&plane))
            @for series in &self.series { (self.series(series, &plane)) }
            @if self.is_labelled { (self.names(&plane)) }
        };
        frame(HEIGHT, title, &inside)
    }

    /// The points of a series, and the line through them.
    fn series(&self, series: &Series, plane: &Plane) -> Markup {
        let places: Vec<(f64, f64)> =
            series.points.iter().map(|point| plane.place((point.x, point.y))).collect();
        html! {
            @if !self.is_labelled {
                polyline class={ "line s" (series.mark) } points=(points(places.iter().copied())) {}
            }
            @for (point, &(x, y)) in series.points.iter().zip(&places) {
                (marker(series.mark, x, y, point.is_doubted))
            }
        }
    }

    /// Grid lines at round values, their numbers, and the labels of the axes.
    fn grid(&self, plane: &Plane) -> Markup {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        html! {
            @for tick in plane.y.ticks() {
                @let y = plane.place((0.0, tick)).1;
                path class="grid" d=(format!("M{LEFT} {y:.1}H{right}")) {}
                text class="end" x=(LEFT - 6.0) y=(tenths(y + 4.0)) { ((self.y.write)(tick)) }
            }
            @for tick in plane.x.ticks() {
                @let x = plane.place((tick, 0.0)).0;
                path class="grid" d=(format!("M{x:.1} {bottom}v4")) {}
                text class="middle" x=(tenths(x)) y=(bottom + 17.0) { ((self.x.write)(tick)) }
            }
            text class="soft" x="4" y="13" { (self.y.label) }
            text class="soft end" x=(right) y=(HEIGHT - 8.0) { (self.x.label) }
        }
    }

    /// Writes each name beside its last point, on the side with room, so that no name covers another.
    fn names(&self, plane: &Plane) -> Markup {
        let mut labels: Vec<(f64, f64, &str)> = self
            .series
            .iter()
            .filter_map(|series| {
                let last = series.points.last()?;
                let (x, y) = plane.place((last.x, last.y));
                Some((x, y, series.name.as_str()))
            })
            .collect();
        labels.sort_by(|a, b| a.1.total_cmp(&b.1));
        let mut taken: Vec<(bool, f64)> = Vec::new();
        let mut free = |is_right: bool, y: f64| {
            let lowest = taken.iter().filter(|(side, _)| *side == is_right).map(|(_, at)| at + LINE);
            let at = lowest.fold(y + 4.0, f64::max);
            taken.push((is_right, at));
            at
        };
        html! {
            @for (x, y, name) in labels {
                @let is_right = x < WIDTH * 0.6;
                @let (x, class) = if is_right { (x + 9.0, "strong") } else { (x - 9.0, "strong end") };
                text class=(class) x=(tenths(x)) y=(tenths(free(is_right, y))) { (name) }
            }
        }
    }
}
