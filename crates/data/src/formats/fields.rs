//! Lines of text and their fields.

/// The longest word of a binary file. `word2vec.c` cuts words at 100 bytes; a longer stretch without a space is values.
pub(super) const MAX_WORD: u64 = 4096;

/// The longest word that can be written there: with the newline before it and the space behind it, it can be read.
pub(super) const LONGEST_WORD: usize = MAX_WORD as usize - 2;

/// The value in `field`, correctly rounded.
pub(super) fn parse_value(field: &[u8]) -> Option<f32> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// The fields of a line that are separated by spaces and tabs.
pub(super) fn split(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&byte| is_separator(byte)).filter(|field| !field.is_empty())
}

/// Whether `byte` separates fields.
pub(super) fn is_separator(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// The number of values at the end of `line`, not counting the first field, which is the word.
pub(super) fn trailing_values(line: &[u8]) -> usize {
    let fields: Vec<&[u8]> = split(line).collect();
    let values = fields.iter().rev().take_while(|field| parse_value(field).is_some()).count();
    values.min(fields.len().saturating_sub(1))
}

/// C of a text without a header: the number of values behind the word on most of its lines.
pub(super) fn guess_dimension(lines: &[&[u8]]) -> usize {
    most_common(lines.iter().map(|line| trailing_values(line)))
}

/// The most common of `counts`; the smallest if there are several.
pub(super) fn most_common(counts: impl Iterator<Item = usize>) -> usize {
    let mut counts: Vec<usize> = counts.collect();
    counts.sort_unstable();
    let runs = counts.chunk_by(|a, b| a == b);
    runs.rev().max_by_key(|run| run.len()).map_or(0, |run| run[0])
}

/// `line` without spaces, tabs and carriage returns at its end.
pub(super) fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
    &line[..end.map_or(0, |at| at + 1)]
}

/// The byte order mark that some editors put before UTF-8 text.
pub(super) const BOM: &str = "\u{feff}";

/// `line` without a byte order mark.
pub(super) fn without_bom(line: &[u8]) -> &[u8] {
    line.strip_prefix(BOM.as_bytes()).unwrap_or(line)
}

/// The first characters of `bytes`, for a message.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
    text.chars().take(40).collect()
}
