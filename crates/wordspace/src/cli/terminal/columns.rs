//! Text in columns, by the width it has on a terminal: Chinese characters and emoji take two cells, accents none.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` at the left of a column of `width` cells.
pub fn left(text: &str, width: usize) -> String {
    text.to_string() + &padding(text, width)
}

/// `text` at the right of a column of `width` cells.
pub fn right(text: &str, width: usize) -> String {
    padding(text, width) + text
}

/// `text` in at most `width` cells: trimmed, without control characters, its end replaced by … if it is too long.
pub fn shortened(text: &str, width: usize) -> String {
    let visible: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if visible.width() <= width {
        return visible;
    }
    let mut cells = 1; // for the …
    let fits = |c: &char| {
        cells += c.width().unwrap_or(0);
        cells <= width
    };
    visible.chars().take_while(fits).chain(['…']).collect()
}

/// A word as it can be told from others on a terminal: in quotes if spaces surround it or it has control characters.
pub fn shown(word: &str) -> String {
    let is_plain = !word.is_empty() && word.trim() == word && !word.chars().any(char::is_control);
    if is_plain { word.to_string() } else { format!("{word:?}") }
}

fn padding(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(text.width()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_whatever_the_script() {
        assert_eq!(left("cat", 6) + "|", "cat   |");
        assert_eq!(left("日本", 6) + "|", "日本  |");
        assert_eq!(right("e\u{301}", 3), "  e\u{301}");
        assert_eq!(left("longer than it", 6), "longer than it");
    }

    #[test]
    fn shortened_text_fits_its_column() {
        assert_eq!(shortened(" cat\n", 7), "cat");
        assert_eq!(shortened("elephants", 7), "elepha…");
        assert_eq!(shortened("日本語日本語", 7), "日本語…");
    }
}
