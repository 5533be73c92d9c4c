//! Rasterises a drawing, for programs that show no SVG.
//!
//! Antialiasing is exact: a pixel takes a colour in proportion to the area that the shape covers of it. As in the font renderers
//! of FreeType and stb, each edge adds its signed area to the pixels it crosses, and a running sum along the row fills the inside.

use super::drawing::{Anchor, Drawing, INKS, Ink, Shape};
use super::font;

/// Painted pixels per pixel of the drawing, so that it stays sharp on dense screens.
pub const SCALE: f64 = 2.0;
/// The width of the rim of paper around letters.
const RIM: f64 = 3.0;

/// Rows of pixels, three bytes each: red, green, blue.
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    pub bytes: Vec<u8>,
    is_dark: bool,
}

/// `drawing` in light or dark colours, [`SCALE`] times as large.
pub fn paint(drawing: &Drawing, is_dark: bool) -> Pixels {
    let size = |length: f64| (length * SCALE).round() as usize;
    let (width, height) = (size(drawing.width), size(drawing.height));
    let mut pixels = Pixels { width, height, bytes: vec![255; width * height * 3], is_dark };
    for shape in &drawing.shapes {
        match shape {
            Shape::Line { points, width, ink, opacity } => pixels.fill(&stroke(points, *width), *ink, *opacity),
            Shape::Polygon { points, ink, opacity } => pixels.fill(std::slice::from_ref(points), *ink, *opacity),
            Shape::Circle { at, radius, ink, opacity } => pixels.fill(&[circle(*at, *radius)], *ink, *opacity),
            Shape::Text { at, size, anchor, ink, opacity, text } => {
                let back = match anchor {
                    Anchor::Start => 0.0,
                    Anchor::Middle => font::width(text, *size) / 2.0,
                    Anchor::End => font::width(text, *size),
                };
                let letters = font::outlines(text, *size, [at[0] - back, at[1]]);
                let closed = letters.iter().map(|outline| [outline.as_slice(), &outline[..1]].concat());
                let rim: Vec<Vec<[f64; 2]>> = closed.flat_map(|outline| stroke(&outline, RIM)).collect();
                pixels.fill(&rim, Ink::Paper, *opacity);
                pixels.fill(&letters, *ink, *opacity);
            }
        }
    }
    pixels
}

impl Pixels {
    /// Paints the inside of `outlines`, which may overlap if they have the same orientation.
    fn fill(&mut self, outlines: &[Vec<[f64; 2]>], ink: Ink, opacity: f64) {
        let Some(mut coverage) = Coverage::of(outlines, self.width, self.height) else { return };
        for outline in outlines {
            let next = outline.iter().skip(1).chain(outline.first());
            outline.iter().zip(next).for_each(|(from, to)| coverage.add_edge(*from, *to));
        }
        let colour = INKS[ink.index()].2[usize::from(self.is_dark)].to_be_bytes();
        for (row, sums) in coverage.sums.chunks_exact(coverage.width + 1).enumerate() {
            let mut sum = 0.0;
            for (column, more) in sums[..coverage.width].iter().enumerate() {
                sum += more;
                let share = sum.abs().min(1.0) * opacity;
                if share > 0.0 {
                    let at = ((coverage.top + row) * self.width + coverage.left + column) * 3;
                    for (byte, &wanted) in self.bytes[at..at + 3].iter_mut().zip(&colour[1..]) {
                        *byte = (*byte as f64 + (wanted as f64 - *byte as f64) * share).round() as u8;
                    }
                }
            }
        }
    }
}

/// The bounding box of a shape in pixels. Each entry holds what the edges in a pixel add to the coverage of that pixel and all to
/// its right.
struct Coverage {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    /// One column wider than the box, for what is right of it.
    sums: Vec<f64>,
}

impl Coverage {
    /// None if the shape is outside the page.
    fn of(outlines: &[Vec<[f64; 2]>], width: usize, height: usize) -> Option<Self> {
        let range = |axis: usize, limit: usize| {
            let all = outlines.iter().flatten().map(|point| point[axis] * SCALE);
            let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
            // The conversion saturates, so negative and infinite values end at the page's edge.
            (low.floor() as usize, (high.ceil() as usize).min(limit))
        };
        let ((left, right), (top, bottom)) = (range(0, width), range(1, height));
        let is_there = left < right && top < bottom;
        is_there.then(|| {
            let (width, height) = (right - left, bottom - top);
            Self { left, top, width, height, sums: vec![0.0; (width + 1) * height] }
        })
    }

    /// Adds an edge, split at row boundaries.
    fn add_edge(&mut self, from: [f64; 2], to: [f64; 2]) {
        let local = |[x, y]: [f64; 2]| [x * SCALE - self.left as f64, y * SCALE - self.top as f64];
        let (from, to) = (local(from), local(to));
        let (sign, [x0, y0], [x1, y1]) = if from[1] <= to[1] { (1.0, from, to) } else { (-1.0, to, from) };
        let slope = if y1 > y0 { (x1 - x0) / (y1 - y0) } else { return };
        let limit = self.width as f64;
        for row in y0.max(0.0) as usize..(y1.ceil().max(0.0) as usize).min(self.height) {
            let (top, bottom) = (y0.max(row as f64), y1.min((row + 1) as f64));
            let x = |y: f64| (x0 + (y - y0) * slope).clamp(0.0, limit);
            if bottom > top {
                self.add_in_row(row, x(top), x(bottom), sign * (bottom - top));
            }
        }
    }

    /// Adds the part of an edge inside one row, from x `a` to `b` and `height` high, split at column boundaries.
    fn add_in_row(&mut self, row: usize, a: f64, b: f64, height: f64) {
        let (left, right) = (a.min(b), a.max(b));
        let sums = &mut self.sums[row * (self.width + 1)..][..self.width + 1];
        let mut x = left;
        loop {
            let column = (x as usize).min(self.width - 1);
            let end = right.min((column + 1) as f64);
            let share = if right > left { height * (end - x) / (right - left) } else { height };
            // This pixel is covered to the right of the edge, the pixels after it entirely.
            let beside = (x + end) / 2.0 - column as f64;
            sums[column] += share * (1.0 - beside);
            sums[column + 1] += share * beside;
            if end >= right || column + 1 >= self.width {
                return;
            }
            x = end;
        }
    }
}

/// A thick line as polygons of the same orientation: a rectangle for each segment, a circle for each point.
fn stroke(points: &[[f64; 2]], width: f64) -> Vec<Vec<[f64; 2]>> {
    let radius = width / 2.0;
    let rectangle = |pair: &[[f64; 2]]| {
        let [[ax, ay], [bx, by]] = [pair[0], pair[1]];
        let length = (bx - ax).hypot(by - ay);
        let (x, y) = (-(by - ay) / length * radius, (bx - ax) / length * radius);
        (length > 0.0).then(|| vec![[ax + x, ay + y], [bx + x, by + y], [bx - x, by - y], [ax - x, ay - y]])
    };
    points.windows(2).filter_map(rectangle).chain(points.iter().map(|&at| circle(at, radius))).collect()
}

fn circle([x, y]: [f64; 2], radius: f64) -> Vec<[f64; 2]> {
    let corners = (8.0 + 4.0 * radius) as usize;
    let corner = |nth: usize| {
        let (sine, cosine) = (std::f64::consts::TAU * nth as f64 / corners as f64).sin_cos();
        // Counter-clockwise, like the rectangles of `stroke`.
        [x + radius * cosine, y - radius * sine]
    };
    (0..corners).map(corner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn painted(shape: Shape) -> Pixels {
        let mut drawing = Drawing::new(10.0, 8.0, String::new());
        drawing.shapes.push(shape);
        paint(&drawing, false)
    }

    /// The sum of darkness over the page, in pixels of full ink.
    fn darkness(pixels: &Pixels) -> f64 {
        let full = (255 - 0x1c) as f64;
        pixels.bytes.chunks_exact(3).map(|pixel| (255 - pixel[0]) as f64 / full).sum()
    }

    #[test]
    fn a_shape_paints_as_many_pixels_as_its_area() {
        let area = |points: Vec<[f64; 2]>| darkness(&painted(Shape::Polygon { points, ink: Ink::Text, opacity: 1.0 }));
        assert!((area(vec![[1.1, 1.3], [6.4, 1.3], [6.4, 4.9], [1.1, 4.9]]) - 4.0 * 5.3 * 3.6).abs() < 0.5);
        assert!((area(vec![[1.0, 1.0], [9.0, 2.0], [3.0, 7.0]]) - 4.0 * 23.0).abs() < 0.5);
        // Clipped at the page's edges.
        assert!((area(vec![[-5.0, -5.0], [50.0, -5.0], [50.0, 4.0], [-5.0, 4.0]]) - 4.0 * 40.0).abs() < 0.5);
        assert_eq!(area(vec![[-5.0, -5.0], [-1.0, -5.0], [-1.0, 4.0]]), 0.0);
    }

    #[test]
    fn paper_is_white_in_the_light_theme_only() {
        let corner = |is_dark| paint(&Drawing::new(10.0, 8.0, String::new()), is_dark).bytes[..3].to_vec();
        assert_eq!((corner(false), corner(true)), (vec![0xff; 3], vec![0x14, 0x17, 0x1c]));
    }

    #[test]
    fn a_line_is_painted_once_where_segments_meet() {
        let points = vec![[2.0, 4.0], [5.0, 4.0], [8.0, 4.0]];
        let line = painted(Shape::Line { points, width: 2.0, ink: Ink::Text, opacity: 1.0 });
        let expected = 4.0 * (12.0 + std::f64::consts::PI);
        assert!((darkness(&line) - expected).abs() < 1.5, "{}", darkness(&line));
    }

    #[test]
    fn letters_are_painted() {
        let letters = |text: &str| {
            let text = text.to_string();
            painted(Shape::Text {
                at: [1.0, 7.0],
                size: 8.0,
                anchor: Anchor::Start,
                ink: Ink::Text,
                opacity: 1.0,
                text,
            })
        };
        assert!(darkness(&letters("m")) > darkness(&letters("i")) && darkness(&letters("i")) > 1.0);
        assert_eq!(darkness(&letters(" ")), 0.0);
    }
}
