//! Text with a row on each line: word2vec's text format and fastText's `.vec` with a first line `V C`, GloVe's without.
//!
//! Fields are separated by spaces or tabs. The last C fields are the values and everything before them is the word, even if
//! it contains spaces. If the word itself ends in a number the line is ambiguous, and the row is left out.

use std::io::Write;
use std::path::Path;

use super::dtype::Dtype;
use super::fields::{excerpt, guess_dimension, is_separator, parse_value, split, trim_end, without_bom};
use super::input::Input;
use super::output_table::OutputTable;
use super::reading::{Loaded, Reading};
use super::report::Reason;
use super::rows::Rows;
use super::sample::Sample;
use crate::Result;
use crate::word2vec_header::parse_word2vec_header;

/// Reads the file at `path`.
pub(super) fn read(path: &Path, has_header: bool, how: &Reading<'_>) -> Result<Loaded> {
    let mut input = Input::open(path, how)?;
    let mut line = Vec::new();
    let (promised, dimension) = match has_header {
        true => {
            input.line(&mut line)?;
            let header = parse_word2vec_header(without_bom(&line));
            header.ok_or_else(|| input.bad("it does not begin with a line of two integers, V and C"))?
        }
        false => (u64::MAX, guess_dimension(&Sample::of(path)?.lines()) as u64),
    };
    // A value and its separator take at least two bytes.
    if dimension == 0 || dimension > input.left() / 2 {
        return Err(
            input.bad(format!("its first line promises {dimension} values a row, but {} bytes follow", input.left()))
        );
    }
    let dimension = dimension as usize;
    let can_hold = input.left() / (2 * dimension as u64 + 1);
    let mut rows = Rows::new(dimension, promised.min(can_hold), how);
    let mut values = vec![0.0; dimension];
    while !rows.is_full() {
        let Some((offset, row)) = input.row(&mut line)? else { break };
        match parse_row(row, &mut values) {
            Ok(word) => rows.add(word, &values, offset),
            Err((reason, detail)) => rows.skip(reason, offset, || detail),
        }
    }
    if has_header {
        rows.expect(promised);
    }
    rows.finish(path, Dtype::Float32, how)
}

/// The word of `line`, and its values in `values`; or the problem with the line.
fn parse_row<'a>(line: &'a [u8], values: &mut [f32]) -> std::result::Result<&'a [u8], (Reason, String)> {
    let dimension = values.len();
    let mut rest = trim_end(line);
    for value in values.iter_mut().rev() {
        let start = rest.iter().rposition(|&byte| is_separator(byte)).map_or(0, |at| at + 1);
        match parse_value(&rest[start..]) {
            Some(parsed) if start > 0 => *value = parsed,
            _ => return Err(reason(line, dimension, &rest[start..])),
        }
        rest = trim_end(&rest[..start]);
    }
    // A number before the values: the row is too long, or its word ends in a number.
    match rest.iter().rposition(|&byte| is_separator(byte)) {
        Some(at) if parse_value(&rest[at + 1..]).is_some() => Err(reason(line, dimension, &[])),
        _ => Ok(rest),
    }
}

/// Why `line` is not a row; `field` is the first field that could not be parsed.
fn reason(line: &[u8], dimension: usize, field: &[u8]) -> (Reason, String) {
    let fields = split(trim_end(line)).count();
    match fields == dimension + 1 {
        true => (Reason::NotANumber, format!("expected a number, found {:?}", excerpt(field))),
        false => {
            let found = fields.saturating_sub(1);
            (Reason::Width, format!("expected a word and {dimension} values, found a word and {found}"))
        }
    }
}

/// Writes `table`, each value with the fewest digits that identify it.
pub(super) fn write(table: &OutputTable<'_>, has_header: bool, out: &mut impl Write) -> std::io::Result<()> {
    if has_header {
        writeln!(out, "{} {}", table.len(), table.dimension())?;
    }
    table.each_row(|word, row| {
        out.write_all(word.as_bytes())?;
        row.iter().try_for_each(|x| write!(out, " {x:?}"))?;
        out.write_all(b"\n")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parses(line: &str, word: &str, expected: [f32; 3]) {
        let mut values = [0.0; 3];
        assert_eq!(parse_row(line.as_bytes(), &mut values), Ok(word.as_bytes()));
        assert_eq!(values, expected);
    }

    #[track_caller]
    fn refuses(line: &str, reason: Reason) {
        assert_eq!(parse_row(line.as_bytes(), &mut [0.0; 3]).unwrap_err().0, reason, "{line:?}");
    }

    #[test]
    fn the_last_fields_are_the_values_and_the_rest_is_the_word() {
        parses("cat 1 -2.5 3e-2", "cat", [1.0, -2.5, 0.03]);
        parses("cat\t1\t2\t3 \r", "cat", [1.0, 2.0, 3.0]);
        parses(". . . 1 2 3", ". . .", [1.0, 2.0, 3.0]);
        parses("at name@domain.com 1 2 3", "at name@domain.com", [1.0, 2.0, 3.0]);
        parses("1984 1 2 3", "1984", [1.0, 2.0, 3.0]);
        parses(" 1 2 3", "", [1.0, 2.0, 3.0]);
    }

    #[test]
    fn ambiguous_and_malformed_rows_are_refused() {
        refuses("cat 1 2", Reason::Width);
        refuses("1 2 3", Reason::Width);
        refuses("cat 1 2 3 4", Reason::Width);
        refuses("cat 1 2,5 3", Reason::NotANumber);
        refuses("cat", Reason::Width);
    }
}
