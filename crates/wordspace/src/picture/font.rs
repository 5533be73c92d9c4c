//! The letters: how wide they are, and their outlines. The font is Ubuntu Light, which comes in a crate of its own.

use std::sync::LazyLock;

use epaint_default_fonts::UBUNTU_LIGHT;
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// Straight pieces a curve is drawn with.
const PIECES: usize = 5;

static FACE: LazyLock<Face<'static>> = LazyLock::new(|| Face::parse(UBUNTU_LIGHT, 0).expect("the font is a constant"));

/// How wide `text` is at `size`.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| advance(glyph(c))).sum::<f64>() * scale(size)
}

/// The outlines of `text` at `size`, its base line beginning at `at`; inner outlines run against the outer ones.
pub fn outlines(text: &str, size: f64, at: [f64; 2]) -> Vec<Vec<[f64; 2]>> {
    let mut pen = Pen { outlines: Vec::new(), at, scale: scale(size) };
    for character in text.chars() {
        FACE.outline_glyph(glyph(character), &mut pen);
        pen.at[0] += advance(glyph(character)) * pen.scale;
    }
    pen.outlines
}

/// The glyph of a character; one that the font lacks has the empty box.
fn glyph(character: char) -> GlyphId {
    FACE.glyph_index(character).unwrap_or_default()
}

/// Whether the font has no form for a character, as it has for Latin, Greek and Cyrillic ones.
pub fn lacks(character: char) -> bool {
    FACE.glyph_index(character).is_none()
}

fn advance(glyph: GlyphId) -> f64 {
    FACE.glyph_hor_advance(glyph).unwrap_or_default() as f64
}

fn scale(size: f64) -> f64 {
    size / FACE.units_per_em() as f64
}

/// Follows a glyph's outline. Fonts count upwards, drawings downwards.
struct Pen {
    outlines: Vec<Vec<[f64; 2]>>,
    at: [f64; 2],
    scale: f64,
}

impl Pen {
    fn place(&self, x: f32, y: f32) -> [f64; 2] {
        [self.at[0] + x as f64 * self.scale, self.at[1] - y as f64 * self.scale]
    }

    fn last(&self) -> [f64; 2] {
        self.outlines.last().and_then(|outline| outline.last()).copied().unwrap_or(self.at)
    }

    fn go(&mut self, to: [f64; 2]) {
        if let Some(outline) = self.outlines.last_mut() {
            outline.push(to);
        }
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let start = self.place(x, y);
        self.outlines.push(vec![start]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.go(self.place(x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (from, by, to) = (self.last(), self.place(x1, y1), self.place(x, y));
        for piece in 1..=PIECES {
            let t = piece as f64 / PIECES as f64;
            let at =
                |axis: usize| (1.0 - t) * (1.0 - t) * from[axis] + 2.0 * t * (1.0 - t) * by[axis] + t * t * to[axis];
            self.go([at(0), at(1)]);
        }
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (from, by, near, to) = (self.last(), self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        for piece in 1..=PIECES {
            let t = piece as f64 / PIECES as f64;
            let u = 1.0 - t;
            let at = |axis: usize| {
                u * u * u * from[axis]
                    + 3.0 * u * u * t * by[axis]
                    + 3.0 * u * t * t * near[axis]
                    + t * t * t * to[axis]
            };
            self.go([at(0), at(1)]);
        }
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_word_is_wider_and_letters_stand_on_the_line() {
        assert!(width("mmm", 10.0) > width("iii", 10.0) && width("", 10.0) == 0.0);
        assert!((width("cat", 20.0) - 2.0 * width("cat", 10.0)).abs() < 1e-9);
        let points: Vec<[f64; 2]> = outlines("xo", 10.0, [5.0, 50.0]).concat();
        assert!(points.iter().all(|[x, y]| (5.0..16.0).contains(x) && (44.0..50.3).contains(y)), "{points:?}");
    }

    #[test]
    fn what_pictures_say_is_in_the_font() {
        for character in "abcäßñŁπЖ0123456789 .,:-%()·–".chars() {
            assert!(!lacks(character), "{character}");
        }
        assert!(lacks('日') && lacks('م'));
    }
}
