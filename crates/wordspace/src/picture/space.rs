//! Three dimensions, seen from where the points stand apart most: a box with a floor, a line from each point down to it,
//! and what is near larger and stronger than what is far.

use wordspace::explore::projection::Projection;

use super::drawing::{Anchor, Drawing, Ink, Shape};
use super::labels::Frame;
use super::map::trail;
use super::projection::{Classes, Shown, axis_name, by_count, ticks};

/// How far the eye is from the middle, in half diagonals of the box.
const EYE: f64 = 4.0;
/// The least height and depth of the box as a share of its width.
const LEAST_SIDE: f64 = 0.45;
/// From where it is looked at: this many places around, these heights in degrees.
const AROUND: usize = 36;
const HEIGHTS: [f64; 3] = [16.0, 22.0, 28.0];
/// So many points decide on the view, and how far apart on the page is far enough.
const DECIDING: usize = 200;
const FAR_ENOUGH: f64 = 90.0;

/// Draws the box, trails and marks into `room`, and says where the marks lie.
pub fn draw(drawing: &mut Drawing, projection: &Projection, classes: &Classes, room: Frame) -> Vec<Shown> {
    let view = View::best(projection, room);
    frame(drawing, projection, &view);
    for (word, way) in projection.trails.iter().enumerate() {
        let points: Vec<[f64; 2]> = way.points.rows().map(|row| view.place(at(row)).0).collect();
        trail(drawing, &points, Ink::Class(classes.number(word)));
    }
    let largest = by_count(projection.words.len(), [7.0, 5.5, 4.5, 3.0]);
    let placed: Vec<([f64; 2], f64)> = projection.points.rows().map(|row| view.place(at(row))).collect();
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
    // The lines of many would hide what they lead to.
    let strength = by_count(projection.words.len(), [1.0, 0.9, 0.45, 0.2]);
    for &word in &order {
        let ink = Ink::Class(classes.number(word));
        let [x, y, _] = at(projection.points.row(word));
        let foot = view.place([x, y, view.low[2]]).0;
        drawing.line(&[shown[word].at, foot], 0.9, ink, 0.3 * strength * shown[word].opacity);
        drawing.shapes.push(Shape::Disc { at: foot, radius: 1.6, ink, opacity: 0.45 * strength });
    }
    for word in order {
        let Shown { at, radius, opacity } = shown[word];
        drawing.mark(at, radius, classes.number(word), opacity);
    }
    shown
}

/// The floor and the two walls behind the points, with lines at round numbers, and the axes' names along the floor.
fn frame(drawing: &mut Drawing, projection: &Projection, view: &View) {
    let (low, high) = (view.low, view.high);
    let back = view.back();
    let ends = |axis: usize| [low[axis], high[axis]];
    // On the face where `fixed` is as far back as it goes, lines of constant `stepped` run along `along`.
    for (fixed, stepped, along) in [(2, 0, 1), (2, 1, 0), (0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0)] {
        let inner = ticks(low[stepped], high[stepped], 5.0);
        for (value, weight) in inner.into_iter().map(|value| (value, 0.7)).chain(ends(stepped).map(|end| (end, 1.4))) {
            let line = ends(along).map(|end| {
                let mut corner = [0.0; 3];
                (corner[fixed], corner[stepped], corner[along]) = (back[fixed], value, end);
                view.place(corner).0
            });
            drawing.line(&line, weight, Ink::Grid, 0.9);
        }
    }
    let front = [0, 1].map(|axis| low[axis] + high[axis] - back[axis]);
    let middle = [0, 1, 2].map(|axis| (low[axis] + high[axis]) / 2.0);
    let sideways = |corner: [f64; 3]| view.place(corner).0[0];
    // The upright edge that is farthest to a side has nothing behind its name.
    let upright = [[front[0], back[1]], [back[0], front[1]]].map(|[x, y]| [x, y, middle[2]]);
    let upright = if sideways(upright[0]) < sideways(upright[1]) { upright[0] } else { upright[1] };
    let names = [[middle[0], front[1], low[2]], [front[0], middle[1], low[2]], upright];
    for (axis, corner) in names.into_iter().enumerate() {
        let Some(name) = axis_name(projection, axis) else { continue };
        let [x, y] = view.place(corner).0;
        let [centre, _] = view.place([middle[0], middle[1], corner[2]]).0;
        let (anchor, aside) = if x < centre { (Anchor::End, -10.0) } else { (Anchor::Start, 10.0) };
        drawing.text([x + aside, y + if axis == 2 { 4.0 } else { 16.0 }], 13.0, anchor, Ink::Text, &name);
    }
}

/// From where the box is looked at, and where it lies on the page.
struct View {
    low: [f64; 3],
    high: [f64; 3],
    /// Sine and cosine of the turn around the upright axis and of the height above the floor.
    turn: (f64, f64),
    height: (f64, f64),
    /// The distance of the eye.
    eye: f64,
    factor: f64,
    /// What is put on the page's left and top edge.
    shift: [f64; 2],
}

impl View {
    /// The view in which the points stand farthest apart, as seen by the distances to their nearest.
    fn best(projection: &Projection, room: Frame) -> Self {
        let (low, high) = bounds(projection);
        let views = HEIGHTS.into_iter().flat_map(|height| (0..AROUND).map(move |nth| (nth, height)));
        let views = views.map(|(nth, height)| {
            let around = std::f64::consts::TAU * (nth as f64 + 0.5) / AROUND as f64;
            Self::fitting(low, high, around, height.to_radians(), room)
        });
        let apart = |view: &Self| -> f64 {
            let points: Vec<[f64; 2]> =
                projection.points.rows().take(DECIDING).map(|row| view.place(at(row)).0).collect();
            let distance = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).hypot((a[1] - b[1]) * 1.5);
            let nearest = |nth: usize| {
                let others = points.iter().enumerate().filter(|(other, _)| *other != nth);
                others.map(|(_, other)| distance(&points[nth], other)).fold(FAR_ENOUGH, f64::min)
            };
            (0..points.len()).map(nearest).sum()
        };
        // Of equally good views the first.
        let scored = views.map(|view| (apart(&view), view));
        scored.reduce(|best, other| if other.0 > best.0 { other } else { best }).expect("there are views").1
    }

    /// The view from one place, as large as the room allows.
    fn fitting(low: [f64; 3], high: [f64; 3], around: f64, height: f64, room: Frame) -> Self {
        let diagonal = (0..3).map(|axis| (high[axis] - low[axis]).powi(2)).sum::<f64>().sqrt();
        let eye = EYE * diagonal / 2.0;
        let (turn, height) = (around.sin_cos(), height.sin_cos());
        let mut view = Self { low, high, turn, height, eye, factor: 1.0, shift: [0.0; 2] };
        let corner = |nth: usize| [0, 1, 2].map(|axis| if nth >> axis & 1 == 0 { low[axis] } else { high[axis] });
        let corners: Vec<[f64; 2]> = (0..8).map(|nth| view.place(corner(nth)).0).collect();
        let range = |axis: usize| {
            let bounds = (f64::INFINITY, f64::NEG_INFINITY);
            corners.iter().map(|at| at[axis]).fold(bounds, |(low, high), x| (low.min(x), high.max(x)))
        };
        let [(left, right), (top, bottom)] = [range(0), range(1)];
        // Below the box its axes' names need room.
        let (wide, tall) = (room.width() - 40.0, room.height() - 34.0);
        view.factor = (wide / (right - left)).min(tall / (bottom - top));
        view.shift = [
            (room.left + room.right) / 2.0 - (left + right) / 2.0 * view.factor,
            room.top + 6.0 + (tall - (bottom - top) * view.factor) / 2.0 - top * view.factor,
        ];
        view
    }

    /// Where a place in space lies on the page, and how far it is from the eye.
    fn place(&self, place: [f64; 3]) -> ([f64; 2], f64) {
        let [x, y, z] = [0, 1, 2].map(|axis| place[axis] - (self.low[axis] + self.high[axis]) / 2.0);
        let (sine, cosine) = self.turn;
        let (right, away) = (x * cosine + y * sine, y * cosine - x * sine);
        let (sine, cosine) = self.height;
        let (up, depth) = (z * cosine + away * sine, away * cosine - z * sine);
        let nearer = self.eye / (self.eye + depth) * self.factor;
        ([self.shift[0] + right * nearer, self.shift[1] - up * nearer], depth)
    }

    /// The corner of the floor that is farthest away.
    fn back(&self) -> [f64; 3] {
        let middle = [0, 1, 2].map(|axis| (self.low[axis] + self.high[axis]) / 2.0);
        let farther = |axis: usize| {
            let depth = |end: f64| {
                let mut place = middle;
                place[axis] = end;
                self.place(place).1
            };
            if depth(self.low[axis]) > depth(self.high[axis]) { self.low[axis] } else { self.high[axis] }
        };
        [farther(0), farther(1), self.low[2]]
    }
}

/// The box around all points and trails, one unit as long on every axis, no side very short.
fn bounds(projection: &Projection) -> ([f64; 3], [f64; 3]) {
    let rows = || projection.points.rows().chain(projection.trails.iter().flat_map(|way| way.points.rows()));
    let ranges = [0, 1, 2].map(|axis| {
        let bounds = (f64::INFINITY, f64::NEG_INFINITY);
        rows().map(|row| row[axis]).fold(bounds, |(low, high), x| (low.min(x), high.max(x)))
    });
    let longest = ranges.iter().map(|(low, high)| high - low).fold(0.0, f64::max);
    // Points that are all one have a box too.
    let longest = if longest > 0.0 { longest } else { 1.0 };
    let half = |axis: usize| (ranges[axis].1 - ranges[axis].0).max(LEAST_SIDE * longest) * 0.54;
    let middle = |axis: usize| (ranges[axis].0 + ranges[axis].1) / 2.0;
    ([0, 1, 2].map(|axis| middle(axis) - half(axis)), [0, 1, 2].map(|axis| middle(axis) + half(axis)))
}

fn at(row: &[f64]) -> [f64; 3] {
    [row[0], row[1], row[2]]
}
