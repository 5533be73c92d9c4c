//! A word and its numbers a line, separated by commas. Fields may be quoted as RFC 4180 says, and so hold commas, quotes and
//! line breaks. A first line whose numbers are none is taken as names of columns.

use std::io::Write;
use std::path::Path;

use super::input::Input;
use super::output::Table;
use super::recognize::{most_common, sample};
use super::rows::Rows;
use super::text::{number, shown, without_mark};
use super::{Dtype, Loaded, Reading, Reason};
use crate::Result;

/// Reads the file at `path`.
pub(super) fn read(path: &Path, how: &Reading<'_>) -> Result<Loaded> {
    let dimension = guess_dimension(&sample(path)?.lines());
    let mut input = Input::open(path, how)?;
    if dimension == 0 {
        return Err(input.bad("expected a word and its numbers on each line, separated by commas"));
    }
    let mut rows = Rows::new(dimension, input.left() / (2 * dimension as u64 + 1), how);
    let (mut line, mut numbers) = (Vec::new(), Vec::with_capacity(dimension));
    while !rows.is_full() {
        let offset = input.offset();
        if !input.line(&mut line)? {
            break;
        }
        while is_open(&line) {
            if !input.append_line(&mut line)? {
                return Err(input.bad(format!("the quotation mark in the line at byte {offset} is never closed")));
            }
        }
        let record = if offset == 0 { without_mark(&line) } else { &line };
        let record = record.strip_suffix(b"\r").unwrap_or(record);
        if record.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let fields = fields(record);
        if offset == 0 && names_columns(&fields) {
            continue;
        }
        if fields.len() != dimension + 1 {
            let found = fields.len() - 1;
            rows.skip(Reason::Width, offset, || {
                format!("expected a word and {dimension} numbers, found a word and {found}")
            });
            continue;
        }
        numbers.clear();
        numbers.extend(fields[1..].iter().map_while(|field| number(field.trim_ascii())));
        match fields.get(numbers.len() + 1) {
            None => rows.add(&fields[0], &numbers, offset),
            Some(field) => {
                rows.skip(Reason::NotANumber, offset, || format!("expected a number, found {:?}", shown(field)));
            }
        }
    }
    rows.finish(path, Dtype::Float32, how)
}

/// C of a file with these lines: on most of them so many numbers follow a word and a comma.
pub(super) fn guess_dimension(lines: &[&[u8]]) -> usize {
    let mut records: Vec<Vec<u8>> = Vec::new();
    for line in lines {
        match records.last_mut().filter(|record| is_open(record)) {
            Some(record) => record.extend([b"\n", *line].concat()),
            None => records.push(line.to_vec()),
        }
    }
    let rows = records.iter().map(|record| fields(record)).filter(|fields| !names_columns(fields));
    most_common(rows.map(|fields| {
        let numbers = fields.iter().rev().take_while(|field| number(field.trim_ascii()).is_some()).count();
        numbers.min(fields.len() - 1)
    }))
}

fn names_columns(fields: &[Vec<u8>]) -> bool {
    fields.len() > 1 && fields[1..].iter().all(|field| number(field.trim_ascii()).is_none())
}

/// Whether a quotation mark is open at the end of `line`. A mark inside quotes is written twice, so that their number tells.
fn is_open(line: &[u8]) -> bool {
    line.iter().filter(|&&byte| byte == b'"').count() % 2 == 1
}

/// The fields of a record, at least one; quotation marks around a field are taken off.
fn fields(record: &[u8]) -> Vec<Vec<u8>> {
    let (mut all, mut field, mut quoted) = (Vec::new(), Vec::new(), false);
    let mut bytes = record.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted && bytes.next_if_eq(&b'"').is_some() => field.push(b'"'),
            b'"' if quoted => quoted = false,
            b'"' if field.is_empty() => quoted = true,
            b',' if !quoted => all.push(std::mem::take(&mut field)),
            byte => field.push(byte),
        }
    }
    all.push(field);
    all
}

/// Writes `table`, with names of columns first.
pub(super) fn write(table: &Table<'_>, out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(b"word")?;
    (1..=table.dimension()).try_for_each(|nth| write!(out, ",x{nth}"))?;
    out.write_all(b"\n")?;
    table.each_row(|word, row| {
        match word.contains([',', '"', '\r', '\n']) || word.trim() != word {
            true => write!(out, "\"{}\"", word.replace('"', "\"\""))?,
            false => out.write_all(word.as_bytes())?,
        }
        row.iter().try_for_each(|x| write!(out, ",{x:?}"))?;
        out.write_all(b"\n")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn splits(record: &str, expected: &[&str]) {
        let expected: Vec<Vec<u8>> = expected.iter().map(|field| field.as_bytes().to_vec()).collect();
        assert_eq!(fields(record.as_bytes()), expected);
    }

    #[test]
    fn fields_are_quoted_as_rfc_4180_says() {
        splits("cat,1,2", &["cat", "1", "2"]);
        splits("\"1,000\",1", &["1,000", "1"]);
        splits("\"say \"\"hi\"\"\",1", &["say \"hi\"", "1"]);
        splits("\"two\nlines\",1", &["two\nlines", "1"]);
        splits("\"\",1", &["", "1"]);
        splits("5\",1", &["5\"", "1"]);
        splits("", &[""]);
    }

    #[test]
    fn a_quotation_mark_that_is_open_goes_on_to_the_next_line() {
        assert!(is_open(b"\"two") && !is_open(b"\"one\"\"two\"") && !is_open(b"plain"));
    }
}
