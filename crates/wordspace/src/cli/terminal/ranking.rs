//! Words in the order of their similarity.

use unicode_width::UnicodeWidthStr;

use super::{left, shown};
use crate::explore::Neighbour;

/// Characters in the bar of a cosine of 1.
const LONGEST_BAR: f32 = 24.0;

/// One line per word: its rank, the word, its cosine as a number and as a bar.
pub fn ranking(neighbours: &[Neighbour]) -> String {
    let words: Vec<String> = neighbours.iter().map(|near| shown(&near.word)).collect();
    let width = words.iter().map(|word| word.width()).max().unwrap_or(0);
    let lines = neighbours.iter().zip(&words).enumerate().map(|(nth, (near, word))| {
        let bar = "━".repeat((near.cosine.max(0.0) * LONGEST_BAR).round() as usize);
        format!("{:>4}  {}  {:+.4}  {bar}", nth + 1, left(word, width), near.cosine).trim_end().to_string() + "\n"
    });
    lines.collect()
}
