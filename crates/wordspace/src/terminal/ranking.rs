//! Words by how near they are.

use wordspace::explore::Neighbour;

/// How many characters a cosine of 1 is drawn with.
const LONGEST_BAR: f32 = 24.0;

/// One line a word: its place, the word, its cosine as a number and as a line.
pub fn ranking(neighbours: &[Neighbour]) -> String {
    let words: Vec<String> = neighbours.iter().map(|near| shown(&near.word)).collect();
    let width = words.iter().map(|word| word.chars().count()).max().unwrap_or(0);
    let lines = neighbours.iter().zip(&words).enumerate().map(|(nth, (near, word))| {
        let bar = "━".repeat((near.cosine.max(0.0) * LONGEST_BAR).round() as usize);
        format!("{:>4}  {word:<width$}  {:+.4}  {bar}", nth + 1, near.cosine).trim_end().to_string() + "\n"
    });
    lines.collect()
}

/// A word as it can be told from others on a terminal: in quotes where it has spaces around it or cannot be seen.
pub fn shown(word: &str) -> String {
    let is_plain = !word.is_empty() && word.trim() == word && !word.chars().any(char::is_control);
    if is_plain { word.to_string() } else { format!("{word:?}") }
}
