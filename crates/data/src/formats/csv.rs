//! Comma-separated values: a word and its values a line, quoted as in RFC 4180, so that words may contain commas, quotes and
//! line breaks. A first line whose fields are not numbers is a header.

use std::io::Write;
use std::path::Path;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::dtype::Dtype;
use super::fields::{excerpt, most_common, parse_value};
use super::input::{Input, MAX_LINE};
use super::output_table::OutputTable;
use super::reading::{Loaded, Reading};
use super::report::Reason;
use super::rows::Rows;
use super::sample::Sample;
use crate::Result;

/// Reads the file at `path`.
pub(super) fn read(path: &Path, how: &Reading<'_>) -> Result<Loaded> {
    let dimension = guess_dimension(&Sample::of(path)?.lines());
    let mut input = Input::open(path, how)?;
    if dimension == 0 {
        return Err(input.bad("expected a word and its values on each line, separated by commas"));
    }
    let mut rows = Rows::new(dimension, input.left() / (2 * dimension as u64 + 1), how);
    let (mut record, mut values) = (Record::new(), Vec::with_capacity(dimension));
    while !rows.is_full() {
        let Some(offset) = record.read(&mut input)? else { break };
        if offset == 0 && record.is_header() {
            continue;
        }
        if record.len() != dimension + 1 {
            let found = record.len() - 1;
            let detail = || format!("expected a word and {dimension} values, found a word and {found}");
            rows.skip(Reason::Width, offset, detail);
            continue;
        }
        values.clear();
        values.extend(record.fields().skip(1).map_while(|field| parse_value(field.trim_ascii())));
        match record.fields().nth(values.len() + 1) {
            None => rows.add(record.word(), &values, offset),
            Some(field) => {
                rows.skip(Reason::NotANumber, offset, || format!("expected a number, found {:?}", excerpt(field)));
            }
        }
    }
    rows.finish(path, Dtype::Float32, how)
}

/// C of a file with these lines: the number of values behind the word in most of its records.
pub(super) fn guess_dimension(lines: &[&[u8]]) -> usize {
    let mut record = Record::new();
    let counts = lines.iter().filter_map(|line| {
        let is_row = record.push_line(line) && !record.is_header();
        is_row.then(|| {
            let fields: Vec<&[u8]> = record.fields().collect();
            let values = fields.iter().rev().take_while(|field| parse_value(field.trim_ascii()).is_some()).count();
            values.min(fields.len() - 1)
        })
    });
    most_common(counts.collect::<Vec<_>>().into_iter())
}

/// A record, collected line by line.
struct Record {
    reader: Reader,
    /// The unquoted fields, one behind the other, in the first `length` bytes.
    bytes: Vec<u8>,
    length: usize,
    /// The end of each field, in the first `count` elements.
    ends: Vec<usize>,
    count: usize,
    is_complete: bool,
}

impl Record {
    fn new() -> Self {
        let reader = ReaderBuilder::new().terminator(Terminator::Any(b'\n')).build();
        let mut record = Self { reader, bytes: Vec::new(), length: 0, ends: vec![0; 64], count: 0, is_complete: true };
        // At its start the reader drops a byte order mark. The one of the file is gone already, any other is part of a word.
        record.feed(b"\n");
        record
    }

    /// Reads the next record that is not blank, and returns its offset; none at the end of the file.
    ///
    /// # Errors
    ///
    /// If a quotation mark is never closed.
    fn read(&mut self, input: &mut Input<'_>) -> Result<Option<u64>> {
        let mut line = Vec::new();
        let Some((offset, first)) = input.row(&mut line)? else { return Ok(None) };
        let mut is_complete = self.push_line(first);
        while !is_complete {
            if self.length as u64 > MAX_LINE || !input.line(&mut line)? {
                return Err(input.bad(format!("the quotation mark in the line at byte {offset} is never closed")));
            }
            is_complete = self.push_line(&line);
        }
        Ok(Some(offset))
    }

    /// Adds a line to the record, or starts a new record if this one is complete. True if the line completes it; false if it
    /// ends within quotation marks.
    fn push_line(&mut self, line: &[u8]) -> bool {
        if self.is_complete {
            (self.length, self.count) = (0, 0);
        }
        // Fields have no more bytes than the line.
        self.bytes.resize(self.length + line.len() + 1, 0);
        // The reader takes an empty input for the end of the file.
        self.is_complete = !line.is_empty() && self.feed(line) || self.feed(b"\n");
        if self.is_complete && self.fields().last().is_some_and(|field| field.ends_with(b"\r")) {
            self.ends[self.count - 1] -= 1;
        }
        self.is_complete
    }

    /// Hands `input` to the reader. True at the end of a record.
    fn feed(&mut self, mut input: &[u8]) -> bool {
        loop {
            let (bytes, ends) = (&mut self.bytes[self.length..], &mut self.ends[self.count..]);
            let (result, read, written, ended) = self.reader.read_record(input, bytes, ends);
            input = &input[read..];
            self.length += written;
            self.count += ended;
            match result {
                ReadRecordResult::InputEmpty => return false,
                ReadRecordResult::OutputFull => self.bytes.resize(self.bytes.len() + input.len() + 1, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::Record | ReadRecordResult::End => return true,
            }
        }
    }

    /// The number of fields, at least one.
    fn len(&self) -> usize {
        self.count
    }

    fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends[..self.count].iter().copied());
        starts.zip(&self.ends[..self.count]).map(|(start, &end)| &self.bytes[start..end])
    }

    fn word(&self) -> &[u8] {
        &self.bytes[..self.ends[0]]
    }

    /// Whether the record names columns.
    fn is_header(&self) -> bool {
        self.len() > 1 && self.fields().skip(1).all(|field| parse_value(field.trim_ascii()).is_none())
    }
}

/// Writes `table` with a header.
pub(super) fn write(table: &OutputTable<'_>, out: &mut impl Write) -> std::io::Result<()> {
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
        let mut found = Record::new();
        let complete: Vec<bool> = record.split('\n').map(|line| found.push_line(line.as_bytes())).collect();
        assert_eq!(complete.iter().position(|&complete| complete), Some(complete.len() - 1), "{record:?}");
        let expected: Vec<&[u8]> = expected.iter().map(|field| field.as_bytes()).collect();
        assert_eq!(found.fields().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn fields_are_quoted_as_in_rfc_4180() {
        splits("cat,1,2", &["cat", "1", "2"]);
        splits("\"1,000\",1", &["1,000", "1"]);
        splits("\"say \"\"hi\"\"\",1", &["say \"hi\"", "1"]);
        splits("\"two\nlines\",1", &["two\nlines", "1"]);
        splits("\"two\n\nlines\",1\r", &["two\n\nlines", "1"]);
        splits("\"\",1", &["", "1"]);
        splits("5\",1", &["5\"", "1"]);
        splits("\"two\r\nlines\",1\r", &["two\r\nlines", "1"]);
        splits("cat\r,", &["cat\r", ""]);
        splits(&format!("cat{}", ",1".repeat(1000)), &[&["cat"][..], &["1"; 1000]].concat());
    }

    #[test]
    fn a_quotation_mark_within_a_word_does_not_swallow_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v.csv");
        std::fs::write(&path, "5\",1,2\ncat,3,4\n6\",5,6\n").unwrap();
        let loaded = read(&path, &Reading { strict: true, ..Reading::default() }).unwrap();
        let words: Vec<_> = (0..3).map(|row| loaded.vectors.word(row).into_owned()).collect();
        assert_eq!(words, ["5\"", "cat", "6\""]);
        assert_eq!(loaded.vectors.row(1), [3.0, 4.0].as_slice());
    }

    #[test]
    fn a_second_byte_order_mark_is_part_of_a_word() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v.csv");
        std::fs::write(&path, "\u{feff}\u{feff}cat,1,2\ndog,3,4\n").unwrap();
        let loaded = read(&path, &Reading::default()).unwrap();
        assert_eq!(loaded.vectors.word(0), "\u{feff}cat");
        std::fs::write(&path, "\u{feff}\u{feff}").unwrap();
        let error = read(&path, &Reading::default()).err().expect("it is refused").to_string();
        assert!(error.contains("expected a word and its values"), "{error}");
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v.csv");
        std::fs::write(&path, "cat,1,2\ndog,3,4\n\"owl,5,6\nfox,7,8\n").unwrap();
        let error = read(&path, &Reading::default()).err().expect("it is refused").to_string();
        assert!(error.contains("quotation mark in the line at byte 16 is never closed"), "{error}");
    }
}
