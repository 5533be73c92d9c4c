//! Two dimensions: a map, one unit as long across as down.

use wordspace::explore::projection::Projection;

use super::drawing::{Anchor, Drawing, Ink};
use super::font;
use super::labels::Frame;
use super::projection::{Classes, Shown, axis_name, by_count, ticks};

/// How much of the page is left free around the points.
const MARGIN: f64 = 0.05;
/// Into how many stretches of one strength a trail is cut.
const STRETCHES: usize = 8;
/// The size of the axes' names.
const NAME: f64 = 13.0;

/// Draws axes, trails and marks into `room`, and says where the marks lie.
pub fn draw(drawing: &mut Drawing, projection: &Projection, classes: &Classes, room: Frame) -> Vec<Shown> {
    let scale = Scale::fitting(projection, room);
    axes(drawing, projection, &scale, room);
    for (word, trail) in projection.trails.iter().enumerate() {
        let points: Vec<[f64; 2]> = trail.points.rows().map(|row| scale.place(row)).collect();
        self::trail(drawing, &points, Ink::Class(classes.number(word)));
    }
    let radius = by_count(projection.words.len(), [5.5, 4.5, 3.5, 2.2]);
    let shown: Vec<Shown> =
        projection.points.rows().map(|row| Shown { at: scale.place(row), radius, opacity: 1.0 }).collect();
    // The first words are the most important: they lie on top.
    for (word, shown) in shown.iter().enumerate().rev() {
        drawing.mark(shown.at, radius, classes.number(word), 1.0);
    }
    shown
}

/// A line that grows from pale and thin to full, in a few stretches: where a line meets itself it would be darker.
pub fn trail(drawing: &mut Drawing, points: &[[f64; 2]], ink: Ink) {
    let length = points.len().div_ceil(STRETCHES).max(1);
    for (nth, first) in (0..points.len().saturating_sub(1)).step_by(length).enumerate() {
        let share = (nth + 1) as f64 / STRETCHES as f64;
        let stretch = &points[first..=(first + length).min(points.len() - 1)];
        drawing.line(stretch, 1.0 + 1.4 * share, ink, 0.2 + 0.6 * share);
    }
}

/// The axes' zero, round numbers along them, and how much of the variance each shows. A layout's axes mean nothing, so it
/// has none.
fn axes(drawing: &mut Drawing, projection: &Projection, scale: &Scale, room: Frame) {
    let (Some(across), Some(down)) = (axis_name(projection, 0), axis_name(projection, 1)) else { return };
    let [(left, right), (low, high)] = scale.seen;
    // The name stands at the end of the numbers, which leave it room.
    let name_begins = room.right - font::width(&across, NAME) - 24.0;
    for x in ticks(left, right, 8.0) {
        let at = scale.place(&[x, 0.0])[0];
        drawing.line(&[[at, room.top], [at, room.bottom]], weight(x), Ink::Grid, 1.0);
        if at < name_begins {
            drawing.text([at, room.bottom + 17.0], 11.0, Anchor::Middle, Ink::Quiet, &number(x));
        }
    }
    for y in ticks(low, high, 6.0) {
        let at = scale.place(&[0.0, y])[1];
        drawing.line(&[[room.left, at], [room.right, at]], weight(y), Ink::Grid, 1.0);
        drawing.text([room.left - 5.0, at + 4.0], 11.0, Anchor::End, Ink::Quiet, &number(y));
    }
    drawing.text([room.right, room.bottom + 17.0], NAME, Anchor::End, Ink::Text, &across);
    drawing.text([room.left, room.top - 7.0], NAME, Anchor::Start, Ink::Text, &down);
}

fn weight(value: f64) -> f64 {
    if value == 0.0 { 1.6 } else { 0.8 }
}

/// A round number as short as it can be.
fn number(value: f64) -> String {
    match value.abs() {
        size if size != 0.0 && !(1e-3..1e5).contains(&size) => format!("{value:.0e}"),
        _ => format!("{}", (value * 1e6).round() / 1e6).replace('-', "–"),
    }
}

/// Where coordinates lie on the page.
struct Scale {
    /// Page units for one of the points'.
    factor: f64,
    /// What is in the middle of the room, and the middle.
    middle: [f64; 2],
    at: [f64; 2],
    /// The coordinates at the edges of the room.
    seen: [(f64, f64); 2],
}

impl Scale {
    /// The largest at which all points and trails have room.
    fn fitting(projection: &Projection, room: Frame) -> Self {
        let rows = || projection.points.rows().chain(projection.trails.iter().flat_map(|trail| trail.points.rows()));
        let range = |axis: usize| {
            let bounds = (f64::INFINITY, f64::NEG_INFINITY);
            rows().map(|row| row[axis]).fold(bounds, |(low, high), x| (low.min(x), high.max(x)))
        };
        let ranges = [range(0), range(1)];
        let lengths = [room.width(), room.height()];
        let fits = |axis: usize| (1.0 - 2.0 * MARGIN) * lengths[axis] / (ranges[axis].1 - ranges[axis].0);
        let factor = Some(fits(0).min(fits(1))).filter(|factor| factor.is_finite()).unwrap_or(1.0);
        let middle = [0, 1].map(|axis| (ranges[axis].0 + ranges[axis].1) / 2.0);
        let at = [(room.left + room.right) / 2.0, (room.top + room.bottom) / 2.0];
        let seen = [0, 1].map(|axis| {
            let half = lengths[axis] / 2.0 / factor;
            (middle[axis] - half, middle[axis] + half)
        });
        Self { factor, middle, at, seen }
    }

    fn place(&self, row: &[f64]) -> [f64; 2] {
        [self.at[0] + (row[0] - self.middle[0]) * self.factor, self.at[1] - (row[1] - self.middle[1]) * self.factor]
    }
}
