//! The TensorFlow Embedding Projector's pair of files: in one the numbers of a row a line, separated by tabs; in the other the
//! words, and more if there are several columns.
//!
//! Its rules (`data-provider.ts`): blank lines count in neither file; one column of words has no header line, several have
//! one; a row has two numbers or more. The word is taken from the column `word` or `label`, or else from the first.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::input::Input;
use super::output::Table;
use super::recognize::{guess_dimension, sample};
use super::rows::Rows;
use super::text::{next_row, number, shown, without_mark};
use super::{Dtype, Loaded, Reading, Reason, beside};
use crate::Result;

/// Reads the vectors at `path` and the words that go with them.
pub(super) fn read(path: &Path, how: &Reading<'_>) -> Result<Loaded> {
    let mut input = Input::open(path, how)?;
    // As many numbers as fields: one more than after a word.
    let dimension = guess_dimension(&sample(path)?.lines()) + 1;
    let metadata = metadata_candidates(path).into_iter().find(|words| words.is_file());
    let Some(metadata) = metadata else {
        let expected = metadata_of(path);
        let expected = expected.file_name().unwrap_or_default().to_string_lossy();
        return Err(input.bad(format!("it has no words; the Projector keeps them beside it, here in {expected}")));
    };
    let quiet = Reading { progress: None, ..*how };
    let mut words = Words::open(&metadata, &quiet)?;
    let mut rows = Rows::new(dimension, input.left() / (2 * dimension as u64), how);
    let (mut line, mut numbers) = (Vec::new(), Vec::with_capacity(dimension));
    while !rows.is_full() {
        let Some((offset, row)) = next_row(&mut input, &mut line)? else { break };
        let Some(word) = words.next()? else {
            let (file, found) = (metadata.display(), words.count);
            return Err(input.bad(format!("{file} has only {found} words; they do not belong together")));
        };
        match parse(row, dimension, &mut numbers) {
            Ok(()) => rows.add(&word, &numbers, offset),
            Err((reason, detail)) => rows.skip(reason, offset, || detail),
        }
    }
    if !rows.is_full() && words.next()?.is_some() {
        let (file, found) = (metadata.display(), rows.looked_at());
        return Err(input.bad(format!(
            "it has {found} rows, but {file} has more words; they do not belong together (a single column of words has no \
             header line)"
        )));
    }
    rows.finish(path, Dtype::Float32, how)
}

fn parse(row: &[u8], dimension: usize, numbers: &mut Vec<f32>) -> std::result::Result<(), (Reason, String)> {
    numbers.clear();
    let fields: Vec<&[u8]> = row.trim_ascii().split(|&byte| byte == b'\t').collect();
    if fields.len() != dimension {
        return Err((Reason::Width, format!("expected {dimension} numbers, found {}", fields.len())));
    }
    for field in fields {
        match number(field.trim_ascii()) {
            Some(number) => numbers.push(number),
            None => return Err((Reason::NotANumber, format!("expected a number, found {:?}", shown(field)))),
        }
    }
    Ok(())
}

/// The words of a metadata file, one after the other.
struct Words<'a> {
    input: Input<'a>,
    column: usize,
    /// A first line that is no header.
    first: Option<Vec<u8>>,
    count: u64,
}

impl<'a> Words<'a> {
    fn open(path: &'a Path, how: &Reading<'a>) -> Result<Self> {
        let mut words = Self { input: Input::open(path, how)?, column: 0, first: None, count: 0 };
        let Some(first) = words.line()? else { return Ok(words) };
        let first = without_mark(&first).to_vec();
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

/// Where the words of the vectors at `path` are written: `metadata` takes the place of `vectors` or `tensor` in its name,
/// or is put behind it.
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

/// The vectors whose words are in the file at `path`, if there are any.
pub(super) fn vectors_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let all = ["vectors", "tensors", "tensor", ""].map(|part| name.replace(".metadata", "").replace("metadata", part));
    let all = all.into_iter().map(|name| path.with_file_name(name));
    all.filter(|vectors| vectors != path).find(|vectors| vectors.is_file() && metadata_of(vectors) == path)
}

/// Writes the vectors of `table`.
pub(super) fn write(table: &Table<'_>, out: &mut impl Write) -> std::io::Result<()> {
    table.each_row(|_, row| {
        for (nth, x) in row.iter().enumerate() {
            write!(out, "{}{x:?}", if nth > 0 { "\t" } else { "" })?;
        }
        out.write_all(b"\n")
    })
}
