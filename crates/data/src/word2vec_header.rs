//! The first line of a word2vec file, text or binary: `V C`.

/// V and C of a header line, which may have white space around it and spaces or tabs between its numbers.
pub(crate) fn parse_word2vec_header(line: &[u8]) -> Option<(u64, u64)> {
    let line = std::str::from_utf8(line).ok()?.trim_matches(['\r', '\n', ' ', '\t']);
    let (rows, dimension) = line.split_once([' ', '\t'])?;
    let integer = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?;
    Some((integer(rows)?, integer(dimension.trim_start_matches([' ', '\t']))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_two_integers() {
        for line in ["3 2", " 3\t 2\r\n", "3 2 "] {
            assert_eq!(parse_word2vec_header(line.as_bytes()), Some((3, 2)), "{line:?}");
        }
        for line in ["", "3", "3 2 1", "+3 2", "-3 2", "3\r 2", "3 \u{b}2", "3.0 2", "18446744073709551616 2"] {
            assert_eq!(parse_word2vec_header(line.as_bytes()), None, "{line:?}");
        }
    }
}
