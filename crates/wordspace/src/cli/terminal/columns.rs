//! Text in columns, by the width it has on a terminal: Chinese characters and emoji take two cells, accents none.

use terminal_size::{Width, terminal_size_of};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Tables are made for so many cells, and shrink to a terminal that has fewer; below the second number they do not.
const WIDTHS: [usize; 2] = [80, 40];

/// How many cells a line of a table may take: as many as the terminal has, or `COLUMNS` says where the result goes elsewhere.
pub fn columns() -> usize {
    let [most, least] = WIDTHS;
    let terminal = terminal_size_of(std::io::stdout()).map(|(Width(cells), _)| cells.into());
    let told = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.or_else(told).unwrap_or(most).clamp(least, most)
}

/// Between the name of a row and its numbers: nothing, or a line break where 80 cells do not fit.
pub fn row_break() -> &'static str {
    if columns() < WIDTHS[0] { "\n    " } else { "" }
}

/// `text` with line breaks where a line has more than `width` cells; what follows a break is indented as the line is.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let indent = &line[..line.len() - line.trim_start_matches(' ').len()];
        let mut cells = indent.len();
        out += indent;
        for (nth, word) in line[indent.len()..].split(' ').enumerate() {
            let wide = word.trim_end().width();
            if nth > 0 && cells + 1 + wide > width {
                out.truncate(out.trim_end_matches(' ').len());
                out = out + "\n" + indent;
                cells = indent.len();
            } else if nth > 0 {
                out.push(' ');
                cells += 1;
            }
            out += word;
            cells += wide;
        }
    }
    out
}

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
    fn lines_break_at_spaces_and_keep_their_indent() {
        let text = "a b\n  one two three\n\nwide   gaps stay\n";
        assert_eq!(wrapped(text, 9), "a b\n  one two\n  three\n\nwide\ngaps stay\n");
        assert_eq!(wrapped(text, 80), text);
        assert_eq!(wrapped("unbreakable word", 4), "unbreakable\nword");
    }

    #[test]
    fn shortened_text_fits_its_column() {
        assert_eq!(shortened(" cat\n", 7), "cat");
        assert_eq!(shortened("elephants", 7), "elepha…");
        assert_eq!(shortened("日本語日本語", 7), "日本語…");
    }
}
