//! The TensorFlow Embedding Projector's pair of files: one has the values of a row on each line, separated by tabs, the other
//! the words and possibly more columns.
//!
//! Its rules (`data-provider.ts`): blank lines are skipped in both files; a single column of words has no header line, several
//! columns have one; a row has two or more values. The word is in the column `word` or `label`, otherwise in the first.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::beside::beside;
use super::dtype::Dtype;
use super::fields::{excerpt, guess_dimension, parse_value, without_bom};
use super::input::Input;
use super::output_table::OutputTable;
use super::reading::{Loaded, Reading};
use super::report::Reason;
use super::rows::Rows;
use super::sample::Sample;
use crate::Result;

/// Reads the vectors at `path` and the file of their words.
pub(super) fn read(path: &Path, how: &Reading<'_>) -> Result<Loaded> {
    let mut input = Input::open(path, how)?;
    // The first field is a value here, not a word.
    let dimension = guess_dimension(&Sample::of(path)?.lines()) + 1;
    let metadata = metadata_candidates(path).into_iter().find(|words| words.is_file());
    let Some(metadata) = metadata else {
        let expected = metadata_of(path);
        let expected = expected.file_name().unwrap_or_default().to_string_lossy();
        return Err(input.bad(format!("it has no words; the Projector keeps them beside it, here in {expected}")));
    };
    let quiet = Reading { progress: None, ..*how };
    let mut words = Words::open(&metadata, &quiet)?;
    let mut rows = Rows::new(dimension, input.left() / (2 * dimension as u64), how);
    let (mut line, mut values) = (Vec::new(), Vec::with_capacity(dimension));
    while !rows.is_full() {
        let Some((offset, row)) = input.row(&mut line)? else { break };
        let Some(word) = words.next()? else {
            let (file, found) = (metadata.display(), words.count);
            return Err(input.bad(format!("{file} has only {found} words; they do not belong together")));
        };
        match parse_row(row, dimension, &mut values) {
            Ok(()) => rows.add(&word, &values, offset),
            Err((reason, detail)) => rows.skip(reason, offset, || detail),
        }
    }
    if !rows.is_full() && words.next()?.is_some() {
        let (file, found) = (metadata.display(), rows.count());
        return Err(input.bad(format!(
            "it has {found} rows, but {file} has more words; they do not belong together (a single column of words has no \
             header line)"
        )));
    }
    rows.finish(path, Dtype::Float32, how)
}

/// Parses the values of `row`, or returns the problem.
fn parse_row(row: &[u8], dimension: usize, values: &mut Vec<f32>) -> std::result::Result<(), (Reason, String)> {
    values.clear();
    let fields: Vec<&[u8]> = row.trim_ascii().split(|&byte| byte == b'\t').collect();
    if fields.len() != dimension {
        return Err((Reason::Width, format!("expected {dimension} values, found {}", fields.len())));
    }
    for field in fields {
        match parse_value(field.trim_ascii()) {
            Some(value) => values.push(value),
            None => return Err((Reason::NotANumber, format!("expected a number, found {:?}", excerpt(field)))),
        }
    }
    Ok(())
}

/// The words of a metadata file, read one by one.
struct Words<'a> {
    input: Input<'a>,
    column: usize,
    /// The first line, if it is not a header.
    first: Option<Vec<u8>>,
    count: u64,
}

impl<'a> Words<'a> {
    fn open(path: &'a Path, how: &Reading<'a>) -> Result<Self> {
        let mut words = Self { input: Input::open(path, how)?, column: 0, first: None, count: 0 };
        let Some(first) = words.line()? else { return Ok(words) };
        let first = without_bom(&first).to_vec();
        if first.contains(&b'\t') {
            let is_word = |name: &[u8]| [&b"word"[..], b"label"].contains(&name.to_ascii_lowercase().as_slice());
            words.column = first.split(|&byte| byte == b'\t').position(is_word).unwrap_or(0);
        } else {
            words.first = Some(first);
        }
        Ok(words)
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let line = match self.first.take() {
            Some(first) => Some(first),
            None => self.line()?,
        };
        self.count += u64::from(line.is_some());
        let word = |line: Vec<u8>| line.split(|&byte| byte == b'\t').nth(self.column).unwrap_or_default().to_vec();
        Ok(line.map(word))
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        while self.input.line(&mut line)? {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }
}

/// The path of the file of words for the vectors at `path`: `metadata` replaces `vectors` or `tensor` in the name, or is
/// appended to it.
pub(super) fn metadata_of(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let before = ["vectors", "tensors", "tensor"].iter().find_map(|part| stem.strip_suffix(part));
    match before {
        Some(before) => path.with_file_name(format!("{before}metadata.tsv")),
        None => beside(path, ".metadata.tsv"),
    }
}

fn metadata_candidates(path: &Path) -> [PathBuf; 2] {
    [metadata_of(path), path.with_file_name("metadata.tsv")]
}

/// The file of vectors whose words are in the file at `path`, if there is one.
pub(super) fn vectors_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let all = ["vectors", "tensors", "tensor", ""].map(|part| name.replace(".metadata", "").replace("metadata", part));
    let all = all.into_iter().map(|name| path.with_file_name(name));
    all.filter(|vectors| vectors != path).find(|vectors| vectors.is_file() && metadata_of(vectors) == path)
}

/// Writes the vectors of `table`.
pub(super) fn write(table: &OutputTable<'_>, out: &mut impl Write) -> std::io::Result<()> {
    table.each_row(|_, row| {
        for (nth, x) in row.iter().enumerate() {
            write!(out, "{}{x:?}", if nth > 0 { "\t" } else { "" })?;
        }
        out.write_all(b"\n")
    })
}
