//! Projections in two dimensions, as a map with the same scale on both axes.

use super::axes::{axis_name, ticks};
use super::drawing::{Anchor, Drawing, Ink};
use super::font;
use super::labels::Frame;
use super::markers::{Classes, Shown, by_count};
use crate::explore::projection::Projection;

/// Free space around the points, as a share of the area.
const MARGIN: f64 = 0.05;
/// Segments of constant strength that a trail is drawn in.
const SEGMENTS: usize = 8;
/// The text size of axis names.
const NAME: f64 = 13.0;

/// Draws axes, trails and markers into `area`, and returns the markers' positions.
pub fn draw(drawing: &mut Drawing, projection: &Projection, classes: &Classes, area: Frame) -> Vec<Shown> {
    let scale = Scale::fitting(projection, area);
    axes(drawing, projection, &scale, area);
    for (word, trail) in projection.trails.iter().enumerate() {
        let points: Vec<[f64; 2]> = trail.points.rows().map(|row| scale.to_page(row)).collect();
        self::trail(drawing, &points, Ink::Class(classes.index(word)));
    }
    let radius = by_count(projection.words.len(), [5.5, 4.5, 3.5, 2.2]);
    let shown: Vec<Shown> =
        projection.points.rows().map(|row| Shown { at: scale.to_page(row), radius, opacity: 1.0 }).collect();
    // The first words matter most, so they are drawn last, on top.
    for (word, shown) in shown.iter().enumerate().rev() {
        drawing.marker(shown.at, radius, classes.index(word), 1.0);
    }
    shown
}

/// A line that grows from thin and pale to thick and full. It has few segments because it would be darker where two overlap.
pub fn trail(drawing: &mut Drawing, points: &[[f64; 2]], ink: Ink) {
    let length = points.len().div_ceil(SEGMENTS).max(1);
    for (nth, first) in (0..points.len().saturating_sub(1)).step_by(length).enumerate() {
        let share = (nth + 1) as f64 / SEGMENTS as f64;
        let segment = &points[first..=(first + length).min(points.len() - 1)];
        drawing.line(segment, 1.0 + 1.4 * share, ink, 0.2 + 0.6 * share);
    }
}

/// Grid lines with their values, a stronger one at zero, and the axes' names with their shares of the variance. The axes of t-SNE
/// and UMAP mean nothing, so none are drawn.
fn axes(drawing: &mut Drawing, projection: &Projection, scale: &Scale, area: Frame) {
    let (Some(across), Some(down)) = (axis_name(projection, 0), axis_name(projection, 1)) else { return };
    let [(left, right), (low, high)] = scale.ranges;
    // The axis name takes the right end; tick values stop before it.
    let name_begins = area.right - font::width(&across, NAME) - 24.0;
    for x in ticks(left, right, 8.0) {
        let at = scale.to_page(&[x, 0.0])[0];
        drawing.line(&[[at, area.top], [at, area.bottom]], weight(x), Ink::Grid, 1.0);
        if at < name_begins {
            drawing.text([at, area.bottom + 17.0], 11.0, Anchor::Middle, Ink::Quiet, &tick_text(x));
        }
    }
    for y in ticks(low, high, 6.0) {
        let at = scale.to_page(&[0.0, y])[1];
        drawing.line(&[[area.left, at], [area.right, at]], weight(y), Ink::Grid, 1.0);
        drawing.text([area.left - 5.0, at + 4.0], 11.0, Anchor::End, Ink::Quiet, &tick_text(y));
    }
    drawing.text([area.right, area.bottom + 17.0], NAME, Anchor::End, Ink::Text, &across);
    drawing.text([area.left, area.top - 7.0], NAME, Anchor::Start, Ink::Text, &down);
}

fn weight(value: f64) -> f64 {
    if value == 0.0 { 1.6 } else { 0.8 }
}

/// A tick value in few characters.
fn tick_text(value: f64) -> String {
    match value.abs() {
        size if size != 0.0 && !(1e-3..1e5).contains(&size) => format!("{value:.0e}"),
        _ => format!("{}", (value * 1e6).round() / 1e6).replace('-', "–"),
    }
}

/// Maps coordinates of the projection to the page.
struct Scale {
    /// Pixels per unit of the projection.
    factor: f64,
    /// The coordinates drawn in the middle of the area.
    middle: [f64; 2],
    /// The middle of the area on the page.
    at: [f64; 2],
    /// The coordinates at the edges of the area, per axis.
    ranges: [(f64, f64); 2],
}

impl Scale {
    /// The largest scale at which all points and trails fit.
    fn fitting(projection: &Projection, area: Frame) -> Self {
        let rows = || projection.points.rows().chain(projection.trails.iter().flat_map(|trail| trail.points.rows()));
        let range = |axis: usize| {
            let bounds = (f64::INFINITY, f64::NEG_INFINITY);
            rows().map(|row| row[axis]).fold(bounds, |(low, high), x| (low.min(x), high.max(x)))
        };
        let data = [range(0), range(1)];
        let lengths = [area.width(), area.height()];
        let fits = |axis: usize| (1.0 - 2.0 * MARGIN) * lengths[axis] / (data[axis].1 - data[axis].0);
        let factor = Some(fits(0).min(fits(1))).filter(|factor| factor.is_finite()).unwrap_or(1.0);
        let middle = [0, 1].map(|axis| (data[axis].0 + data[axis].1) / 2.0);
        let at = [(area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0];
        let ranges = [0, 1].map(|axis| {
            let half = lengths[axis] / 2.0 / factor;
            (middle[axis] - half, middle[axis] + half)
        });
        Self { factor, middle, at, ranges }
    }

    fn to_page(&self, row: &[f64]) -> [f64; 2] {
        [self.at[0] + (row[0] - self.middle[0]) * self.factor, self.at[1] - (row[1] - self.middle[1]) * self.factor]
    }
}
