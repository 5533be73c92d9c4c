//! Labels beside points: no label covers another label, a point or the page's edge.
//!
//! Labels are placed greedily, each at its first free position: next to the point on one of eight sides, else farther away with a
//! leader line. This repeats a few times, the labels that found no position going first. Labels that still have none are tried in
//! a smaller size and then left out; the caller is told how many.

use super::drawing::{Anchor, Drawing, Ink, Shape};
use super::font;

/// Allowance for viewers' fonts that are wider than the measured one.
const MARGIN: f64 = 1.14;
/// The side of a cell of the grid that finds overlaps.
const CELL: f64 = 32.0;
/// Lengths of leader lines.
const LEADERS: [f64; 6] = [16.0, 27.0, 40.0, 54.0, 70.0, 88.0];
/// Directions of leader lines that are tried.
const DIRECTIONS: usize = 24;
/// Passes over all labels.
const PASSES: usize = 16;
/// The size of labels that found no position at full size, as a share of it.
const SMALLER: f64 = 0.8;

/// A label to be placed.
pub struct Label {
    pub at: [f64; 2],
    /// The radius of the marker it belongs to.
    pub radius: f64,
    pub text: String,
    pub size: f64,
    pub opacity: f64,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Frame {
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    fn around([x, y]: [f64; 2], radius: f64) -> Self {
        Self { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius }
    }

    fn contains(&self, other: &Self) -> bool {
        self.left <= other.left && self.top <= other.top && self.right >= other.right && self.bottom >= other.bottom
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

/// Draws the labels that fit inside `page`, and returns how many do not.
pub fn place(drawing: &mut Drawing, labels: &[Label], page: Frame) -> usize {
    let before = Occupied::by(drawing, labels, page);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    let mut best = Layout::new(labels, &order, &before);
    for _ in 1..PASSES {
        let latest = Layout::new(labels, &order, &before);
        order.sort_by_key(|&nth| latest.positions[nth].is_some());
        if latest.left_out() < best.left_out() {
            best = latest;
        }
        if best.left_out() == 0 {
            break;
        }
    }
    best.place_smaller(labels);
    let placed = || best.positions.iter().zip(labels).filter_map(|(position, label)| Some((position.as_ref()?, label)));
    placed().for_each(|(position, _)| position.draw_leader(drawing));
    placed().for_each(|(position, label)| position.draw_label(drawing, label));
    best.left_out()
}

/// Labels at their positions.
struct Layout {
    occupied: Occupied,
    positions: Vec<Option<Position>>,
}

impl Layout {
    /// Places the labels in the order given.
    fn new(labels: &[Label], order: &[usize], before: &Occupied) -> Self {
        let mut layout = Self { occupied: before.clone(), positions: labels.iter().map(|_| None).collect() };
        for &nth in order {
            layout.positions[nth] = layout.occupied.find(&labels[nth], labels[nth].size);
        }
        layout
    }

    fn place_smaller(&mut self, labels: &[Label]) {
        for (position, label) in self.positions.iter_mut().zip(labels).filter(|(position, _)| position.is_none()) {
            *position = self.occupied.find(label, label.size * SMALLER);
        }
    }

    fn left_out(&self) -> usize {
        self.positions.iter().filter(|position| position.is_none()).count()
    }
}

/// A position that a label might take.
struct Position {
    frame: Frame,
    size: f64,
    /// The ends of its leader line, if it has one.
    leader: Option<[[f64; 2]; 2]>,
}

/// The candidate positions of a label written in `size`, the best first.
fn positions(label: &Label, size: f64) -> impl Iterator<Item = Position> {
    let (width, height) = (font::width(&label.text, size) * MARGIN, size * 0.95);
    let ([x, y], gap) = (label.at, label.radius + 3.0);
    let (w, h) = (width / 2.0, height / 2.0);
    let slant = gap * 0.6;
    let near = [
        [gap + w, 0.0],
        [-gap - w, 0.0],
        [0.0, -gap - h],
        [0.0, gap + h],
        [slant + w, -slant - h],
        [slant + w, slant + h],
        [-slant - w, -slant - h],
        [-slant - w, slant + h],
    ];
    let frame =
        move |[dx, dy]: [f64; 2]| Frame { left: x + dx - w, top: y + dy - h, right: x + dx + w, bottom: y + dy + h };
    let radius = label.radius;
    let far = LEADERS.into_iter().flat_map(move |leader| (0..DIRECTIONS).map(move |side| (leader, side)));
    let far = far.map(move |(leader, side)| {
        let (sine, cosine) = (std::f64::consts::TAU * side as f64 / DIRECTIONS as f64).sin_cos();
        let at = |length: f64| [x + length * cosine, y + length * sine];
        // The leader line ends at the label's edge, not at its middle.
        let offset = [(leader + 2.0 + w * cosine.abs()) * cosine, (leader + 2.0 + h * sine.abs()) * sine];
        Position { frame: frame(offset), size, leader: Some([at(radius + 1.0), at(leader)]) }
    });
    near.into_iter().map(move |offset| Position { frame: frame(offset), size, leader: None }).chain(far)
}

impl Position {
    fn draw_leader(&self, drawing: &mut Drawing) {
        if let Some(leader) = self.leader {
            drawing.line(&leader, 0.8, Ink::Quiet, 0.7);
        }
    }

    fn draw_label(&self, drawing: &mut Drawing, label: &Label) {
        let (middle, line) = ((self.frame.left + self.frame.right) / 2.0, self.frame.bottom - self.size * 0.22);
        drawing.shapes.push(Shape::Text {
            at: [middle, line],
            size: self.size,
            anchor: Anchor::Middle,
            ink: Ink::Text,
            opacity: label.opacity,
            text: label.text.clone(),
        });
    }
}

/// The rectangles that are occupied already, in the cells of a grid.
#[derive(Clone)]
struct Occupied {
    page: Frame,
    across: usize,
    cells: Vec<Vec<Frame>>,
}

impl Occupied {
    /// The texts that `drawing` has already, and the markers of the labels' points.
    fn by(drawing: &Drawing, labels: &[Label], page: Frame) -> Self {
        let count = |length: f64| (length / CELL).ceil().max(1.0) as usize;
        let (across, down) = (count(page.width()), count(page.height()));
        let mut occupied = Self { page, across, cells: vec![Vec::new(); across * down] };
        drawing.shapes.iter().filter_map(text_frame).for_each(|frame| occupied.occupy(frame));
        labels.iter().for_each(|label| occupied.occupy(Frame::around(label.at, label.radius + 1.0)));
        occupied
    }

    /// The first free position of a label written in `size`, which it then occupies.
    fn find(&mut self, label: &Label, size: f64) -> Option<Position> {
        let fits = |position: &Position| self.page.contains(&position.frame) && self.is_free(position, label);
        let position = positions(label, size).find(fits)?;
        self.occupy(position.frame);
        position.leader.into_iter().flat_map(points_along).for_each(|at| self.occupy(Frame::around(at, 1.0)));
        Some(position)
    }

    fn occupy(&mut self, frame: Frame) {
        for cell in self.cells_of(&frame) {
            self.cells[cell].push(frame);
        }
    }

    /// Whether neither the label nor its leader line covers anything but its own point.
    fn is_free(&self, position: &Position, label: &Label) -> bool {
        let own = Frame::around(label.at, label.radius + 1.0);
        let is_free = |frame: &Frame| {
            let mut others = self.cells_of(frame).flat_map(|cell| &self.cells[cell]);
            !others.any(|other| *other != own && other.overlaps(frame))
        };
        // Other markers may overlap the one where the leader line starts.
        let is_own = |at: &[f64; 2]| Frame::around(*at, 0.0).overlaps(&own);
        let is_free_line = |leader| points_along(leader).skip_while(is_own).all(|at| is_free(&Frame::around(at, 1.0)));
        is_free(&position.frame) && position.leader.is_none_or(is_free_line)
    }

    fn cells_of(&self, frame: &Frame) -> impl Iterator<Item = usize> + use<> {
        let (across, down) = (self.across, self.cells.len() / self.across);
        let cell = |x: f64, count: usize| ((x / CELL).max(0.0) as usize).min(count - 1);
        let columns = cell(frame.left - self.page.left, across)..=cell(frame.right - self.page.left, across);
        let rows = cell(frame.top - self.page.top, down)..=cell(frame.bottom - self.page.top, down);
        rows.flat_map(move |row| columns.clone().map(move |column| row * across + column))
    }
}

/// The rectangle that a text covers.
fn text_frame(shape: &Shape) -> Option<Frame> {
    let Shape::Text { at: [x, line], size, anchor, text, .. } = shape else { return None };
    let width = font::width(text, *size) * MARGIN;
    let left = match anchor {
        Anchor::Start => *x,
        Anchor::Middle => x - width / 2.0,
        Anchor::End => x - width,
    };
    Some(Frame { left, top: line - size * 0.75, right: left + width, bottom: line + size * 0.2 })
}

/// Points along a line, dense enough to find what it crosses.
fn points_along([from, to]: [[f64; 2]; 2]) -> impl Iterator<Item = [f64; 2]> {
    let count = 2 + ((to[0] - from[0]).hypot(to[1] - from[1]) / 2.0) as usize;
    let at = move |nth: usize, axis: usize| from[axis] + (to[axis] - from[axis]) * nth as f64 / (count - 1) as f64;
    (0..count).map(move |nth| [at(nth, 0), at(nth, 1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Frame = Frame { left: 0.0, top: 0.0, right: 600.0, bottom: 400.0 };

    fn labels(points: &[[f64; 2]]) -> Vec<Label> {
        let label = |(nth, &at): (usize, &[f64; 2])| Label {
            at,
            radius: 4.0,
            text: format!("word {nth}"),
            size: 13.0,
            opacity: 1.0,
        };
        points.iter().enumerate().map(label).collect()
    }

    /// The rectangle around a centred text's letters.
    fn letters(shape: &Shape) -> Option<Frame> {
        let Shape::Text { at: [x, y], size, text, .. } = shape else { return None };
        let (w, line) = (font::width(text, *size) / 2.0, y + size * 0.2);
        Some(Frame { left: x - w, top: line - size * 0.9, right: x + w, bottom: line })
    }

    /// The frames of the labels that were drawn, and how many were left out.
    fn placed(points: &[[f64; 2]]) -> (Vec<Frame>, usize) {
        let mut drawing = Drawing::new(600.0, 400.0, String::new());
        let left_out = place(&mut drawing, &labels(points), PAGE);
        (drawing.shapes.iter().filter_map(letters).collect(), left_out)
    }

    #[test]
    fn a_label_stands_right_of_its_point_but_left_of_it_at_the_edge() {
        assert!(placed(&[[100.0, 100.0]]).0[0].left > 104.0);
        assert!(placed(&[[597.0, 100.0]]).0[0].right < 593.0);
    }

    #[test]
    fn labels_cover_neither_each_other_nor_points_nor_the_edge() {
        let points: Vec<[f64; 2]> = (0..150)
            .map(|i| [300.0 + 280.0 * ((i * i) as f64).sin(), 200.0 + 190.0 * ((7 * i) as f64).sin()])
            .collect();
        let (frames, left_out) = placed(&points);
        assert_eq!(frames.len() + left_out, 150);
        assert!(frames.len() > 100, "{left_out} of 150 labels were left out");
        for (nth, frame) in frames.iter().enumerate() {
            assert!(PAGE.contains(frame));
            assert!(!frames[..nth].iter().any(|other| other.overlaps(frame)));
            assert!(!points.iter().any(|&at| Frame::around(at, 4.0).overlaps(frame)));
        }
    }

    #[test]
    fn labels_leave_earlier_texts_free() {
        let mut drawing = Drawing::new(600.0, 400.0, String::new());
        drawing.text([106.0, 104.0], 13.0, Anchor::Start, Ink::Text, "an axis");
        assert_eq!(place(&mut drawing, &labels(&[[100.0, 100.0]]), PAGE), 0);
        assert!(letters(&drawing.shapes[2]).unwrap().right < 96.0);
    }

    #[test]
    fn labels_of_coinciding_points_are_counted_as_left_out() {
        let (frames, left_out) = placed(&[[300.0, 200.0]; 200]);
        assert!(!frames.is_empty() && left_out > 100 && frames.len() + left_out == 200);
    }
}
