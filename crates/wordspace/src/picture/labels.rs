//! Names beside points, so that no name covers another name, a point or the page's edge.
//!
//! Names are placed one after the other, each at the first free place: close by on eight sides, else farther off with a line
//! that leads to it. Then all is done again, those first that found no place, a few times; what still finds none is written
//! smaller, or else left out, and how many were is told.

use super::drawing::{Anchor, Drawing, Ink, Shape};
use super::font;

/// The share by which fonts other than the measured one may be wider.
const MARGIN: f64 = 1.14;
/// How far apart the cells of the grid are in which neighbours are looked for.
const CELL: f64 = 32.0;
/// How far off a name may be.
const LEADS: [f64; 6] = [16.0, 27.0, 40.0, 54.0, 70.0, 88.0];
/// From how many sides it is tried there.
const SIDES: usize = 24;
/// In how many orders the names are placed.
const ORDERS: usize = 16;
/// How much smaller a name is written that finds no place.
const SMALLER: f64 = 0.8;

/// A name to be placed.
pub struct Label {
    pub at: [f64; 2],
    /// How large the mark is that it belongs to.
    pub radius: f64,
    pub text: String,
    pub size: f64,
    pub opacity: f64,
}

/// Left, top, right, bottom.
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

    fn holds(&self, other: &Self) -> bool {
        self.left <= other.left && self.top <= other.top && self.right >= other.right && self.bottom >= other.bottom
    }

    fn touches(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

/// Draws the names that find a place inside `page`, and returns how many did not.
pub fn place(drawing: &mut Drawing, labels: &[Label], page: Frame) -> usize {
    let empty = Taken::by(drawing, labels, page);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    let mut best = Placed::new(labels, &order, &empty);
    for _ in 1..ORDERS {
        let latest = Placed::new(labels, &order, &empty);
        order.sort_by_key(|&nth| latest.places[nth].is_some());
        if latest.left_out() < best.left_out() {
            best = latest;
        }
        if best.left_out() == 0 {
            break;
        }
    }
    best.write_smaller(labels);
    let placed = || best.places.iter().zip(labels).filter_map(|(place, label)| Some((place.as_ref()?, label)));
    placed().for_each(|(place, _)| place.draw_lead(drawing));
    placed().for_each(|(place, label)| place.draw_name(drawing, label));
    best.left_out()
}

/// Names at their places.
struct Placed {
    taken: Taken,
    places: Vec<Option<Place>>,
}

impl Placed {
    /// The first of `order` chooses first.
    fn new(labels: &[Label], order: &[usize], empty: &Taken) -> Self {
        let mut placed = Self { taken: empty.clone(), places: labels.iter().map(|_| None).collect() };
        for &nth in order {
            placed.places[nth] = placed.taken.find(&labels[nth], labels[nth].size);
        }
        placed
    }

    fn write_smaller(&mut self, labels: &[Label]) {
        for (place, label) in self.places.iter_mut().zip(labels).filter(|(place, _)| place.is_none()) {
            *place = self.taken.find(label, label.size * SMALLER);
        }
    }

    fn left_out(&self) -> usize {
        self.places.iter().filter(|place| place.is_none()).count()
    }
}

/// Where a name might stand.
struct Place {
    frame: Frame,
    size: f64,
    /// Where its line begins and ends, if it stands off.
    lead: Option<[[f64; 2]; 2]>,
}

/// The places for a name written in `size`, the best first.
fn places(label: &Label, size: f64) -> impl Iterator<Item = Place> {
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
    let far = LEADS.into_iter().flat_map(move |lead| (0..SIDES).map(move |side| (lead, side)));
    let far = far.map(move |(lead, side)| {
        let (sine, cosine) = (std::f64::consts::TAU * side as f64 / SIDES as f64).sin_cos();
        let at = |length: f64| [x + length * cosine, y + length * sine];
        // The name's edge, not its middle, stands at the end of the line.
        let offset = [(lead + 2.0 + w * cosine.abs()) * cosine, (lead + 2.0 + h * sine.abs()) * sine];
        Place { frame: frame(offset), size, lead: Some([at(radius + 1.0), at(lead)]) }
    });
    near.into_iter().map(move |offset| Place { frame: frame(offset), size, lead: None }).chain(far)
}

impl Place {
    fn draw_lead(&self, drawing: &mut Drawing) {
        if let Some(lead) = self.lead {
            drawing.line(&lead, 0.8, Ink::Quiet, 0.7);
        }
    }

    fn draw_name(&self, drawing: &mut Drawing, label: &Label) {
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

/// What is covered already, by cells so that few are looked at.
#[derive(Clone)]
struct Taken {
    page: Frame,
    across: usize,
    cells: Vec<Vec<Frame>>,
}

impl Taken {
    /// By what is written in `drawing` already, and by the marks.
    fn by(drawing: &Drawing, labels: &[Label], page: Frame) -> Self {
        let count = |length: f64| (length / CELL).ceil().max(1.0) as usize;
        let (across, down) = (count(page.width()), count(page.height()));
        let mut taken = Self { page, across, cells: vec![Vec::new(); across * down] };
        drawing.shapes.iter().filter_map(written).for_each(|frame| taken.take(frame));
        labels.iter().for_each(|label| taken.take(Frame::around(label.at, label.radius + 1.0)));
        taken
    }

    /// The first free place for a name written in `size`, which is then taken.
    fn find(&mut self, label: &Label, size: f64) -> Option<Place> {
        let place = places(label, size).find(|place| self.page.holds(&place.frame) && self.is_free(place, label))?;
        self.take(place.frame);
        place.lead.into_iter().flat_map(steps).for_each(|at| self.take(Frame::around(at, 1.0)));
        Some(place)
    }

    fn take(&mut self, frame: Frame) {
        for cell in self.cells_of(&frame) {
            self.cells[cell].push(frame);
        }
    }

    /// Whether neither a name nor its line covers anything but its own point.
    fn is_free(&self, place: &Place, label: &Label) -> bool {
        let own = Frame::around(label.at, label.radius + 1.0);
        let is_free = |frame: &Frame| {
            let mut others = self.cells_of(frame).flat_map(|cell| &self.cells[cell]);
            !others.any(|other| *other != own && other.touches(frame))
        };
        // Where its line begins, other marks may lie over its own.
        let is_own = |at: &[f64; 2]| Frame::around(*at, 0.0).touches(&own);
        let is_free_line = |lead| steps(lead).skip_while(is_own).all(|at| is_free(&Frame::around(at, 1.0)));
        is_free(&place.frame) && place.lead.is_none_or(is_free_line)
    }

    fn cells_of(&self, frame: &Frame) -> impl Iterator<Item = usize> + use<> {
        let (across, down) = (self.across, self.cells.len() / self.across);
        let cell = |x: f64, count: usize| ((x / CELL).max(0.0) as usize).min(count - 1);
        let columns = cell(frame.left - self.page.left, across)..=cell(frame.right - self.page.left, across);
        let rows = cell(frame.top - self.page.top, down)..=cell(frame.bottom - self.page.top, down);
        rows.flat_map(move |row| columns.clone().map(move |column| row * across + column))
    }
}

/// What a text covers.
fn written(shape: &Shape) -> Option<Frame> {
    let Shape::Text { at: [x, line], size, anchor, text, .. } = shape else { return None };
    let width = font::width(text, *size) * MARGIN;
    let left = match anchor {
        Anchor::Start => *x,
        Anchor::Middle => x - width / 2.0,
        Anchor::End => x - width,
    };
    Some(Frame { left, top: line - size * 0.75, right: left + width, bottom: line + size * 0.2 })
}

/// Points along a line, close enough to see what it crosses.
fn steps([from, to]: [[f64; 2]; 2]) -> impl Iterator<Item = [f64; 2]> {
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

    /// What the letters of a text in the middle of its place cover.
    fn letters(shape: &Shape) -> Option<Frame> {
        let Shape::Text { at: [x, y], size, text, .. } = shape else { return None };
        let (w, line) = (font::width(text, *size) / 2.0, y + size * 0.2);
        Some(Frame { left: x - w, top: line - size * 0.9, right: x + w, bottom: line })
    }

    /// The frames of the names that were drawn.
    fn placed(points: &[[f64; 2]]) -> (Vec<Frame>, usize) {
        let mut drawing = Drawing::new(600.0, 400.0, String::new());
        let left_out = place(&mut drawing, &labels(points), PAGE);
        (drawing.shapes.iter().filter_map(letters).collect(), left_out)
    }

    #[test]
    fn a_name_alone_stands_to_the_right_of_its_point_and_at_the_edge_to_the_left() {
        assert!(placed(&[[100.0, 100.0]]).0[0].left > 104.0);
        assert!(placed(&[[597.0, 100.0]]).0[0].right < 593.0);
    }

    #[test]
    fn names_cover_neither_each_other_nor_points_and_stay_on_the_page() {
        let points: Vec<[f64; 2]> = (0..150)
            .map(|i| [300.0 + 280.0 * ((i * i) as f64).sin(), 200.0 + 190.0 * ((7 * i) as f64).sin()])
            .collect();
        let (frames, left_out) = placed(&points);
        assert_eq!(frames.len() + left_out, 150);
        assert!(frames.len() > 100, "{left_out} of 150 names were left out");
        for (nth, frame) in frames.iter().enumerate() {
            assert!(PAGE.holds(frame));
            assert!(!frames[..nth].iter().any(|other| other.touches(frame)));
            assert!(!points.iter().any(|&at| Frame::around(at, 4.0).touches(frame)));
        }
    }

    #[test]
    fn names_leave_what_is_written_already() {
        let mut drawing = Drawing::new(600.0, 400.0, String::new());
        drawing.text([106.0, 104.0], 13.0, Anchor::Start, Ink::Text, "an axis");
        assert_eq!(place(&mut drawing, &labels(&[[100.0, 100.0]]), PAGE), 0);
        assert!(letters(&drawing.shapes[2]).unwrap().right < 96.0);
    }

    #[test]
    fn where_all_points_are_one_names_that_find_no_place_are_counted() {
        let (frames, left_out) = placed(&[[300.0, 200.0]; 200]);
        assert!(!frames.is_empty() && left_out > 100 && frames.len() + left_out == 200);
    }
}
