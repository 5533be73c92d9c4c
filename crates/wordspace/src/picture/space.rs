//! Projections in three dimensions: a box in perspective, drawn from the viewpoint that separates the points best. A line leads from
//! each point to the floor, and near points are larger and stronger than far ones.

use super::axes::{axis_name, ticks};
use super::drawing::{Anchor, Drawing, Ink, Shape};
use super::labels::Frame;
use super::map::trail;
use super::markers::{Classes, Shown, by_count};
use crate::explore::projection::Projection;

/// The distance of the eye from the middle, in half diagonals of the box.
const EYE: f64 = 4.0;
/// The shortest side of the box, as a share of its longest.
const LEAST_SIDE: f64 = 0.45;
/// Viewpoints that are tried: directions around the upright axis, and elevations in degrees.
const DIRECTIONS: usize = 36;
const ELEVATIONS: [f64; 3] = [16.0, 22.0, 28.0];
/// The points that the choice of a viewpoint looks at.
const DECIDING: usize = 200;
/// Pixels between two points beyond which more distance counts no more.
const FAR_ENOUGH: f64 = 90.0;

/// Draws the box, trails and markers into `area`, and returns the markers' positions.
pub fn draw(drawing: &mut Drawing, projection: &Projection, classes: &Classes, area: Frame) -> Vec<Shown> {
    let view = View::best(projection, area);
    frame(drawing, projection, &view);
    for (word, way) in projection.trails.iter().enumerate() {
        let points: Vec<[f64; 2]> = way.points.rows().map(|row| view.project(at(row)).0).collect();
        trail(drawing, &points, Ink::Class(classes.index(word)));
    }
    let largest = by_count(projection.words.len(), [7.0, 5.5, 4.5, 3.0]);
    let placed: Vec<([f64; 2], f64)> = projection.points.rows().map(|row| view.project(at(row))).collect();
    let (nearest, farthest) = placed
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(near, far), (_, depth)| (near.min(*depth), far.max(*depth)));
    let nearness = |depth: f64| if farthest > nearest { (farthest - depth) / (farthest - nearest) } else { 1.0 };
    let shown: Vec<Shown> = placed
        .iter()
        .map(|&(at, depth)| {
            let near = nearness(depth);
            Shown { at, radius: largest * (0.55 + 0.45 * near), opacity: 0.6 + 0.4 * near }
        })
        .collect();
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by(|&a, &b| placed[b].1.total_cmp(&placed[a].1));
    // With many points, full lines would hide the markers.
    let strength = by_count(projection.words.len(), [1.0, 0.9, 0.45, 0.2]);
    for &word in &order {
        let ink = Ink::Class(classes.index(word));
        let [x, y, _] = at(projection.points.row(word));
        let foot = view.project([x, y, view.low[2]]).0;
        drawing.line(&[shown[word].at, foot], 0.9, ink, 0.3 * strength * shown[word].opacity);
        drawing.shapes.push(Shape::Circle { at: foot, radius: 1.6, ink, opacity: 0.45 * strength });
    }
    for word in order {
        let Shown { at, radius, opacity } = shown[word];
        drawing.marker(at, radius, classes.index(word), opacity);
    }
    shown
}

/// The floor and the two walls behind the points with their grid lines, and the axes' names.
fn frame(drawing: &mut Drawing, projection: &Projection, view: &View) {
    let (low, high) = (view.low, view.high);
    let back = view.back();
    let ends = |axis: usize| [low[axis], high[axis]];
    // On the face where axis `fixed` is at its back end, grid lines run along axis `along`, one for each tick of axis `stepped`.
    for (fixed, stepped, along) in [(2, 0, 1), (2, 1, 0), (0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0)] {
        let inner = ticks(low[stepped], high[stepped], 5.0);
        for (value, weight) in inner.into_iter().map(|value| (value, 0.7)).chain(ends(stepped).map(|end| (end, 1.4))) {
            let line = ends(along).map(|end| {
                let mut corner = [0.0; 3];
                (corner[fixed], corner[stepped], corner[along]) = (back[fixed], value, end);
                view.project(corner).0
            });
            drawing.line(&line, weight, Ink::Grid, 0.9);
        }
    }
    let front = [0, 1].map(|axis| low[axis] + high[axis] - back[axis]);
    let middle = [0, 1, 2].map(|axis| (low[axis] + high[axis]) / 2.0);
    let sideways = |corner: [f64; 3]| view.project(corner).0[0];
    // The leftmost upright edge has nothing behind its name.
    let upright = [[front[0], back[1]], [back[0], front[1]]].map(|[x, y]| [x, y, middle[2]]);
    let upright = if sideways(upright[0]) < sideways(upright[1]) { upright[0] } else { upright[1] };
    let names = [[middle[0], front[1], low[2]], [front[0], middle[1], low[2]], upright];
    for (axis, corner) in names.into_iter().enumerate() {
        let Some(name) = axis_name(projection, axis) else { continue };
        let [x, y] = view.project(corner).0;
        let [centre, _] = view.project([middle[0], middle[1], corner[2]]).0;
        let (anchor, aside) = if x < centre { (Anchor::End, -10.0) } else { (Anchor::Start, 10.0) };
        drawing.text([x + aside, y + if axis == 2 { 4.0 } else { 16.0 }], 13.0, anchor, Ink::Text, &name);
    }
}

/// A viewpoint, and where the box is on the page.
struct View {
    low: [f64; 3],
    high: [f64; 3],
    /// Sine and cosine of the angle around the upright axis.
    azimuth: (f64, f64),
    /// Sine and cosine of the angle above the floor.
    elevation: (f64, f64),
    /// The distance of the eye from the middle of the box.
    eye: f64,
    /// Pixels per unit of the projection, in the middle of the box.
    factor: f64,
    /// The middle of the box on the page.
    shift: [f64; 2],
}

impl View {
    /// The view with the largest sum of distances on the page from each point to its nearest.
    fn best(projection: &Projection, area: Frame) -> Self {
        let (low, high) = bounds(projection);
        let views = ELEVATIONS.into_iter().flat_map(|elevation| (0..DIRECTIONS).map(move |nth| (nth, elevation)));
        let views = views.map(|(nth, elevation)| {
            let azimuth = std::f64::consts::TAU * (nth as f64 + 0.5) / DIRECTIONS as f64;
            Self::fitting(low, high, azimuth, elevation.to_radians(), area)
        });
        let apart = |view: &Self| -> f64 {
            let points: Vec<[f64; 2]> =
                projection.points.rows().take(DECIDING).map(|row| view.project(at(row)).0).collect();
            let distance = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).hypot((a[1] - b[1]) * 1.5);
            let nearest = |nth: usize| {
                let others = points.iter().enumerate().filter(|(other, _)| *other != nth);
                others.map(|(_, other)| distance(&points[nth], other)).fold(FAR_ENOUGH, f64::min)
            };
            (0..points.len()).map(nearest).sum()
        };
        // The first of equally good views wins.
        let scored = views.map(|view| (apart(&view), view));
        scored.reduce(|best, other| if other.0 > best.0 { other } else { best }).expect("there are views").1
    }

    /// The view from one direction, as large as the area allows; angles in radians.
    fn fitting(low: [f64; 3], high: [f64; 3], azimuth: f64, elevation: f64, area: Frame) -> Self {
        let diagonal = (0..3).map(|axis| (high[axis] - low[axis]).powi(2)).sum::<f64>().sqrt();
        let eye = EYE * diagonal / 2.0;
        let (azimuth, elevation) = (azimuth.sin_cos(), elevation.sin_cos());
        let mut view = Self { low, high, azimuth, elevation, eye, factor: 1.0, shift: [0.0; 2] };
        let corner = |nth: usize| [0, 1, 2].map(|axis| if nth >> axis & 1 == 0 { low[axis] } else { high[axis] });
        let corners: Vec<[f64; 2]> = (0..8).map(|nth| view.project(corner(nth)).0).collect();
        let range = |axis: usize| {
            let bounds = (f64::INFINITY, f64::NEG_INFINITY);
            corners.iter().map(|at| at[axis]).fold(bounds, |(low, high), x| (low.min(x), high.max(x)))
        };
        let [(left, right), (top, bottom)] = [range(0), range(1)];
        // Axis names need space below the box.
        let (wide, tall) = (area.width() - 40.0, area.height() - 34.0);
        view.factor = (wide / (right - left)).min(tall / (bottom - top));
        view.shift = [
            (area.left + area.right) / 2.0 - (left + right) / 2.0 * view.factor,
            area.top + 6.0 + (tall - (bottom - top) * view.factor) / 2.0 - top * view.factor,
        ];
        view
    }

    /// A point's position on the page, and its depth behind the middle of the box.
    fn project(&self, point: [f64; 3]) -> ([f64; 2], f64) {
        let [x, y, z] = [0, 1, 2].map(|axis| point[axis] - (self.low[axis] + self.high[axis]) / 2.0);
        let (sine, cosine) = self.azimuth;
        let (right, away) = (x * cosine + y * sine, y * cosine - x * sine);
        let (sine, cosine) = self.elevation;
        let (up, depth) = (z * cosine + away * sine, away * cosine - z * sine);
        let nearer = self.eye / (self.eye + depth) * self.factor;
        ([self.shift[0] + right * nearer, self.shift[1] - up * nearer], depth)
    }

    /// The corner of the floor that is farthest away.
    fn back(&self) -> [f64; 3] {
        let middle = [0, 1, 2].map(|axis| (self.low[axis] + self.high[axis]) / 2.0);
        let farther = |axis: usize| {
            let depth = |end: f64| {
                let mut point = middle;
                point[axis] = end;
                self.project(point).1
            };
            if depth(self.low[axis]) > depth(self.high[axis]) { self.low[axis] } else { self.high[axis] }
        };
        [farther(0), farther(1), self.low[2]]
    }
}

/// The box around all points and trails: the same scale on every axis, no side very short.
fn bounds(projection: &Projection) -> ([f64; 3], [f64; 3]) {
    let rows = || projection.points.rows().chain(projection.trails.iter().flat_map(|way| way.points.rows()));
    let ranges = [0, 1, 2].map(|axis| {
        let bounds = (f64::INFINITY, f64::NEG_INFINITY);
        rows().map(|row| row[axis]).fold(bounds, |(low, high), x| (low.min(x), high.max(x)))
    });
    let longest = ranges.iter().map(|(low, high)| high - low).fold(0.0, f64::max);
    // Coinciding points need a box too.
    let longest = if longest > 0.0 { longest } else { 1.0 };
    let half = |axis: usize| (ranges[axis].1 - ranges[axis].0).max(LEAST_SIDE * longest) * 0.54;
    let middle = |axis: usize| (ranges[axis].0 + ranges[axis].1) / 2.0;
    ([0, 1, 2].map(|axis| middle(axis) - half(axis)), [0, 1, 2].map(|axis| middle(axis) + half(axis)))
}

fn at(row: &[f64]) -> [f64; 3] {
    [row[0], row[1], row[2]]
}
