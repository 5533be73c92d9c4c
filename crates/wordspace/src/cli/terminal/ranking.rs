//! Words in the order of their similarity.

use unicode_width::UnicodeWidthStr;

use super::{columns, left, shown, wrapped};

/// Cells of the bar of a cosine of 1, where there is room.
const LONGEST_BAR: usize = 24;

/// Cells of a line beside its word and its bar.
const OTHERS: usize = 17;

/// `heading`, and one line per word: its rank, the word, its cosine as a number and as a bar.
pub fn ranking(heading: &str, found: &[(&str, f32)]) -> String {
    let words: Vec<String> = found.iter().map(|(word, _)| shown(word)).collect();
    let width = words.iter().map(|word| word.width()).max().unwrap_or(0);
    let longest = LONGEST_BAR.min(columns().saturating_sub(width + OTHERS));
    let lines = found.iter().zip(&words).enumerate().map(|(nth, ((_, cosine), word))| {
        let bar = "━".repeat((cosine.max(0.0) * longest as f32).round() as usize);
        format!("{:>4}  {}  {cosine:+.4}  {bar}", nth + 1, left(word, width)).trim_end().to_string() + "\n"
    });
    wrapped(heading, columns()) + "\n" + &lines.collect::<String>()
}
