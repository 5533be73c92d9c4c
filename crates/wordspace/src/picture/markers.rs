//! The points' markers, and the legend that says which marker is which class.

use std::collections::BTreeMap;

use super::drawing::{Anchor, Drawing, Ink};
use super::font;
use crate::explore::projection::Projection;

/// A drawn marker.
pub struct Shown {
    pub at: [f64; 2],
    pub radius: f64,
    pub opacity: f64,
}

/// Picks a size by the number of words: up to 40, 120, 400, or more.
pub fn by_count(words: usize, [few, some, many, most]: [f64; 4]) -> f64 {
    match words {
        0..=40 => few,
        41..=120 => some,
        121..=400 => many,
        _ => most,
    }
}

/// The classes' names in order, and each word's index into them.
pub struct Classes {
    names: Vec<String>,
    of_words: Vec<Option<usize>>,
}

impl Classes {
    pub fn of(projection: &Projection) -> Self {
        let mut indices: BTreeMap<&str, usize> =
            projection.classes.iter().flatten().map(|class| (class.as_str(), 0)).collect();
        indices.values_mut().enumerate().for_each(|(nth, index)| *index = nth);
        let of_words = projection.classes.iter().map(|class| Some(indices[class.as_ref()?.as_str()])).collect();
        Self { names: indices.keys().map(|name| name.to_string()).collect(), of_words }
    }

    /// The class index that a word's marker is drawn with. A word without a class takes the index after the last class.
    pub fn index(&self, word: usize) -> usize {
        self.of_words[word].unwrap_or(self.names.len())
    }

    /// Draws the legend on the right side of the page, `edge` from it, and returns the legend's left edge.
    pub fn legend(&self, drawing: &mut Drawing, edge: f64) -> f64 {
        let right = drawing.width - edge;
        if self.names.is_empty() {
            return right;
        }
        let row = ((drawing.height - 150.0) / self.names.len() as f64).min(23.0);
        let size = (row * 0.6).clamp(7.0, 13.0);
        let widest = self.names.iter().map(|name| font::width(name, size)).fold(0.0, f64::max).min(240.0);
        let left = right - widest * 1.05 - 20.0;
        for (class, name) in self.names.iter().enumerate() {
            let y = 110.0 + row * class as f64;
            drawing.marker([left, y], size * 0.38, class, 1.0);
            drawing.text([left + 14.0, y + size * 0.34], size, Anchor::Start, Ink::Text, name);
        }
        left - 24.0
    }
}
