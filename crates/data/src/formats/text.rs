//! Words and numbers as text, a row a line: word2vec's text form and fastText's `.vec` with a first line `V C`, GloVe's
//! without. Fields are separated by spaces or tabs, and the last C of a line are the numbers: what stands before them is
//! the word, spaces and all, unless its last part is a number too, for then the line could be read in two ways.

use std::io::Write;
use std::path::Path;

use super::input::Input;
use super::output::Table;
use super::recognize::{guess_dimension, sample};
use super::rows::Rows;
use super::word2vec::counts;
use super::{Dtype, Loaded, Reading, Reason};
use crate::Result;

/// Reads the file at `path`.
pub(super) fn read(path: &Path, has_header: bool, how: &Reading<'_>) -> Result<Loaded> {
    let mut input = Input::open(path, how)?;
    let mut line = Vec::new();
    let (promised, dimension) = match has_header {
        true => {
            input.line(&mut line)?;
            let header = counts(without_mark(&line));
            header.ok_or_else(|| input.bad("it does not begin with a line of two numbers, V and C"))?
        }
        false => (u64::MAX, guess_dimension(&sample(path)?.lines()) as u64),
    };
    // A number takes two bytes or more.
    if dimension == 0 || dimension > input.left() / 2 {
        return Err(
            input.bad(format!("its first line promises {dimension} numbers a row, but {} bytes follow", input.left()))
        );
    }
    let dimension = dimension as usize;
    let can_hold = input.left() / (2 * dimension as u64 + 1);
    let mut rows = Rows::new(dimension, promised.min(can_hold), how);
    let mut numbers = vec![0.0; dimension];
    while !rows.is_full() {
        let Some((offset, row)) = next_row(&mut input, &mut line)? else { break };
        match parse(row, &mut numbers) {
            Ok(word) => rows.add(word, &numbers, offset),
            Err((reason, detail)) => rows.skip(reason, offset, || detail),
        }
    }
    if has_header {
        rows.expect(promised);
    }
    rows.finish(path, Dtype::Float32, how)
}

/// The word of `line`, its numbers into `numbers`; or what is wrong with it.
fn parse<'a>(line: &'a [u8], numbers: &mut [f32]) -> std::result::Result<&'a [u8], (Reason, String)> {
    let dimension = numbers.len();
    let mut rest = trim_end(line);
    for slot in numbers.iter_mut().rev() {
        let start = rest.iter().rposition(|&byte| is_separator(byte)).map_or(0, |at| at + 1);
        match number(&rest[start..]) {
            Some(number) if start > 0 => *slot = number,
            _ => return Err(wrong(line, dimension, &rest[start..])),
        }
        rest = trim_end(&rest[..start]);
    }
    // Another number before the numbers: a row that is too long, or a word that ends in a number.
    match rest.iter().rposition(|&byte| is_separator(byte)) {
        Some(at) if number(&rest[at + 1..]).is_some() => Err(wrong(line, dimension, &[])),
        _ => Ok(rest),
    }
}

fn wrong(line: &[u8], dimension: usize, field: &[u8]) -> (Reason, String) {
    let fields = trim_end(line).split(|&byte| is_separator(byte)).filter(|field| !field.is_empty()).count();
    match fields == dimension + 1 {
        true => (Reason::NotANumber, format!("expected a number, found {:?}", shown(field))),
        false => {
            let found = fields.saturating_sub(1);
            (Reason::Width, format!("expected a word and {dimension} numbers, found a word and {found}"))
        }
    }
}

/// The beginning of `bytes`, as a message can hold it.
pub(super) fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
    text.chars().take(40).collect()
}

/// A decimal number, correctly rounded.
pub(super) fn number(field: &[u8]) -> Option<f32> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// The next line that is not blank, without a mark before it, and where it begins; `line` is what it is read into.
pub(super) fn next_row<'a>(input: &mut Input<'_>, line: &'a mut Vec<u8>) -> Result<Option<(u64, &'a [u8])>> {
    loop {
        let offset = input.offset();
        if !input.line(line)? {
            return Ok(None);
        }
        if offset == 0 {
            let mark = line.len() - without_mark(line).len();
            line.drain(..mark);
        }
        if !trim_end(line).is_empty() {
            return Ok(Some((offset, line)));
        }
    }
}

pub(super) fn is_separator(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

pub(super) fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
    &line[..end.map_or(0, |at| at + 1)]
}

/// `line` without the mark that some editors put before UTF-8.
pub(super) fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
}

/// Writes `table`, each number with the fewest digits that give it back exactly.
pub(super) fn write(table: &Table<'_>, has_header: bool, out: &mut impl Write) -> std::io::Result<()> {
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
        let mut numbers = [0.0; 3];
        assert_eq!(parse(line.as_bytes(), &mut numbers), Ok(word.as_bytes()));
        assert_eq!(numbers, expected);
    }

    #[track_caller]
    fn refuses(line: &str, reason: Reason) {
        assert_eq!(parse(line.as_bytes(), &mut [0.0; 3]).unwrap_err().0, reason, "{line:?}");
    }

    #[test]
    fn the_last_fields_are_the_numbers_and_the_rest_is_the_word() {
        parses("cat 1 -2.5 3e-2", "cat", [1.0, -2.5, 0.03]);
        parses("cat\t1\t2\t3 \r", "cat", [1.0, 2.0, 3.0]);
        parses(". . . 1 2 3", ". . .", [1.0, 2.0, 3.0]);
        parses("at name@domain.com 1 2 3", "at name@domain.com", [1.0, 2.0, 3.0]);
        parses("1984 1 2 3", "1984", [1.0, 2.0, 3.0]);
        parses(" 1 2 3", "", [1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_row_that_can_be_read_in_two_ways_or_in_none_is_refused() {
        refuses("cat 1 2", Reason::Width);
        refuses("1 2 3", Reason::Width);
        refuses("cat 1 2 3 4", Reason::Width);
        refuses("cat 1 2,5 3", Reason::NotANumber);
        refuses("cat", Reason::Width);
    }
}
