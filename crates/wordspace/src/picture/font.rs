//! Glyph widths and outlines of Ubuntu Light, the font of PNG pictures; its crate holds the file.

use std::sync::LazyLock;

use epaint_default_fonts::UBUNTU_LIGHT;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::outline::{DrawSettings, OutlineGlyphCollection, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider, charmap::Charmap};

/// Straight segments that a curve is drawn with.
const SEGMENTS: usize = 5;

static FONT: LazyLock<Font> = LazyLock::new(Font::ubuntu_light);

/// The tables of the font that pictures need, all in font units.
struct Font {
    characters: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
    glyphs: OutlineGlyphCollection<'static>,
    units_per_em: f64,
}

impl Font {
    fn ubuntu_light() -> Self {
        let font = FontRef::new(UBUNTU_LIGHT).expect("the font is compiled in");
        let (size, location) = (Size::unscaled(), LocationRef::default());
        Self {
            characters: font.charmap(),
            metrics: font.glyph_metrics(size, location),
            glyphs: font.outline_glyphs(),
            units_per_em: font.metrics(size, location).units_per_em.into(),
        }
    }

    /// The glyph of a character, or the empty box where the font has none.
    fn glyph(&self, character: char) -> GlyphId {
        self.characters.map(character).unwrap_or(GlyphId::NOTDEF)
    }

    fn advance(&self, glyph: GlyphId) -> f64 {
        self.metrics.advance_width(glyph).unwrap_or_default().into()
    }
}

/// The width of `text` at `size`.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| FONT.advance(FONT.glyph(c))).sum::<f64>() * scale(size)
}

/// The closed outlines of `text` at `size`, its baseline starting at `at`. Inner outlines run against the outer ones.
pub fn outlines(text: &str, size: f64, at: [f64; 2]) -> Vec<Vec<[f64; 2]>> {
    let mut pen = Pen { outlines: Vec::new(), origin: at, scale: scale(size) };
    for character in text.chars() {
        let glyph = FONT.glyph(character);
        if let Some(outline) = FONT.glyphs.get(glyph) {
            let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
            outline.draw(settings, &mut pen).expect("the font is valid");
        }
        pen.origin[0] += FONT.advance(glyph) * pen.scale;
    }
    pen.outlines
}

/// Whether the font has no glyph for a character. It covers Latin, Greek and Cyrillic.
pub fn lacks(character: char) -> bool {
    FONT.characters.map(character).is_none()
}

/// Pixels per font unit.
fn scale(size: f64) -> f64 {
    size / FONT.units_per_em
}

/// Turns a glyph's curves into points of the drawing. The y axis of fonts points up, that of drawings down.
struct Pen {
    outlines: Vec<Vec<[f64; 2]>>,
    /// Where the glyph's own origin is in the drawing.
    origin: [f64; 2],
    scale: f64,
}

impl Pen {
    fn to_drawing(&self, x: f32, y: f32) -> [f64; 2] {
        [self.origin[0] + x as f64 * self.scale, self.origin[1] - y as f64 * self.scale]
    }

    fn last(&self) -> [f64; 2] {
        self.outlines.last().and_then(|outline| outline.last()).copied().unwrap_or(self.origin)
    }

    fn push(&mut self, point: [f64; 2]) {
        if let Some(outline) = self.outlines.last_mut() {
            outline.push(point);
        }
    }

    /// Adds the points of a curve, which is given by its point at `t` from 0 to 1 on one axis.
    fn push_curve(&mut self, at: impl Fn(f64, usize) -> f64) {
        for segment in 1..=SEGMENTS {
            let t = segment as f64 / SEGMENTS as f64;
            self.push([at(t, 0), at(t, 1)]);
        }
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let start = self.to_drawing(x, y);
        self.outlines.push(vec![start]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.push(self.to_drawing(x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (a, b, c) = (self.last(), self.to_drawing(x1, y1), self.to_drawing(x, y));
        self.push_curve(|t, axis| {
            let u = 1.0 - t;
            u * u * a[axis] + 2.0 * t * u * b[axis] + t * t * c[axis]
        });
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (a, b, c, d) = (self.last(), self.to_drawing(x1, y1), self.to_drawing(x2, y2), self.to_drawing(x, y));
        self.push_curve(|t, axis| {
            let u = 1.0 - t;
            u * u * u * a[axis] + 3.0 * u * u * t * b[axis] + 3.0 * u * t * t * c[axis] + t * t * t * d[axis]
        });
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_grows_with_the_letters_and_the_size() {
        assert!(width("mmm", 10.0) > width("iii", 10.0) && width("", 10.0) == 0.0);
        assert!((width("cat", 20.0) - 2.0 * width("cat", 10.0)).abs() < 1e-9);
    }

    #[test]
    fn letters_stand_on_the_baseline() {
        let points: Vec<[f64; 2]> = outlines("xo", 10.0, [5.0, 50.0]).concat();
        assert!(points.iter().all(|[x, y]| (5.0..16.0).contains(x) && (44.0..50.3).contains(y)), "{points:?}");
    }

    #[test]
    fn the_font_covers_what_pictures_write() {
        for character in "abcäßñŁπЖ0123456789 .,:-%()·–".chars() {
            assert!(!lacks(character), "{character}");
        }
        assert!(lacks('日') && lacks('م'));
    }
}
