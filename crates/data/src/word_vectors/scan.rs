//! Finds the rows of a word2vec binary file.
//!
//! A line says how many words there are and how many numbers each has; then come, for every word, its bytes, a space, and
//! the numbers as little-endian floats, with a newline behind them (word2vec.c) or without (gensim). A row can only be
//! found from the one before it. The scan jumps over the numbers, so it touches a tenth of the bytes.

use std::ops::ControlFlow;

use super::array::Array;
use super::index::Index;
use super::lookup;
use crate::{Error, MappedFile, Phase, Progress, Result};

/// The longest word, in bytes: a place has sixteen bits for it.
const LONGEST: usize = u16::MAX as usize;
/// How many rows ahead memory is asked for: to wait for it at every row would take half as long again. Where a row begins is
/// known only when the one before it is read, but about where, before that.
const AHEAD: usize = 8;
/// About how long a word is, with its space.
const USUAL_WORD: usize = 9;
/// How often the progress is told, in rows.
const TOLD_EVERY: usize = 1 << 14;

/// What a file of words with vectors holds besides good rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// How many rows were looked at.
    pub rows: u64,
    /// Rows left out because their word has no byte.
    pub empty: u64,
    /// Rows left out because an earlier row has the same word.
    pub repeated: u64,
    /// Rows kept whose word is not UTF-8; what is not comes as `U+FFFD`.
    pub not_utf8: u64,
    /// Where the word of the first row lies that any of this is said of, in bytes from the file's beginning.
    pub first: Option<u64>,
    /// How many rows the file has, as its header says.
    pub promised: u64,
}

/// Finds the rows of `file`, of the first `limit` if only those are wanted.
///
/// # Errors
///
/// If it is not of this format, ends before its header says, or `progress` asks to stop.
pub fn scan(file: &MappedFile, limit: Option<usize>, progress: Progress<'_>) -> Result<Index> {
    let bad = |problem| Error::BadFile { path: file.path().to_path_buf(), problem };
    let (promised, dimension, first) = header(file).map_err(bad)?;
    let wanted = limit.map_or(promised, |limit| promised.min(limit as u64));
    let least = (dimension * 4).checked_add(1).and_then(|row| row.checked_mul(wanted));
    if least.is_none_or(|least| least > file.len() as u64 - first as u64) || wanted >= u32::MAX as u64 {
        return Err(bad(format!(
            "its header promises {promised} words of {dimension} numbers, more than its {} bytes can hold",
            file.len()
        )));
    }
    let mut rows = Rows {
        file,
        row_bytes: dimension as usize * 4,
        places: Vec::with_capacity(wanted as usize),
        keys: Vec::with_capacity(wanted as usize),
        report: ScanReport { rows: wanted, promised, ..ScanReport::default() },
    };
    let mut at = first;
    for row in 0..wanted as usize {
        if row.is_multiple_of(TOLD_EVERY)
            && progress(Phase::Words, at as u64, file.len() as u64) == ControlFlow::Break(())
        {
            return Err(Error::Stopped);
        }
        at = rows.read(at).map_err(|problem| bad(format!("{problem} in row {} of {promised}", row + 1)))?;
        if limit.is_none() {
            std::hint::black_box(file.get(at + AHEAD * (rows.row_bytes + USUAL_WORD)).copied());
        }
    }
    Ok(rows.finish(dimension as usize))
}

/// The rows found so far.
struct Rows<'a> {
    file: &'a MappedFile,
    row_bytes: usize,
    places: Vec<u64>,
    keys: Vec<u64>,
    report: ScanReport,
}

impl Rows<'_> {
    /// Reads the row that begins with byte `at`, and says where the next one does.
    fn read(&mut self, at: usize) -> std::result::Result<usize, String> {
        let newlines = self.file[at..].iter().take_while(|&&byte| byte == b'\n').count();
        let start = at + newlines;
        let rest = &self.file[start..];
        let Some(length) = rest.iter().take(LONGEST + 1).position(|&byte| byte == b' ') else {
            return Err(match rest.len() > LONGEST {
                true => format!("no space ends the word at byte {start}"),
                false => "the file ends".to_string(),
            });
        };
        let vector = start + length + 1;
        let end = vector + self.row_bytes;
        if end > self.file.len() {
            return Err("the file ends".to_string());
        }
        let word = &self.file[start..start + length];
        let row = self.places.len() as u32;
        match std::str::from_utf8(word) {
            Ok("") => self.report.empty += 1,
            Ok(text) => self.keys.push(lookup::key(text, row)),
            Err(_) => {
                self.report.not_utf8 += 1;
                self.keys.push(lookup::key(&String::from_utf8_lossy(word), row));
            }
        }
        if self.report.empty + self.report.not_utf8 > 0 {
            self.report.first.get_or_insert(start as u64);
        }
        if length > 0 {
            self.places.push(pack(vector, length));
        }
        Ok(end)
    }

    /// Leaves out the rows whose word an earlier one has.
    fn finish(mut self, dimension: usize) -> Index {
        self.keys = lookup::sorted(self.keys);
        let word = |row: u32| {
            let (vector, length) = unpack(self.places[row as usize]);
            String::from_utf8_lossy(&self.file[vector - 1 - length..vector - 1])
        };
        let repeated = lookup::repeated(&self.keys, word);
        if let Some(&row) = repeated.first() {
            let (vector, length) = unpack(self.places[row as usize]);
            let offset = (vector - 1 - length) as u64;
            self.report.first = Some(self.report.first.map_or(offset, |first| first.min(offset)));
            self.report.repeated = repeated.len() as u64;
            let is_kept = |row: u32| repeated.binary_search(&row).is_err();
            let new_row = |row: u32| row - repeated.partition_point(|&other| other < row) as u32;
            self.keys.retain(|&key| is_kept(key as u32));
            self.keys.iter_mut().for_each(|key| *key = *key >> 32 << 32 | new_row(*key as u32) as u64);
            let mut row = 0;
            self.places.retain(|_| {
                row += 1;
                is_kept(row - 1)
            });
        }
        Index { dimension, report: self.report, places: Array::from(self.places), lookup: Array::from(self.keys) }
    }
}

/// How many words of how many numbers there are, and where the first begins.
fn header(file: &[u8]) -> std::result::Result<(u64, u64, usize), String> {
    let line = file.iter().take(64).position(|&byte| byte == b'\n').map(|end| &file[..end]);
    let numbers = line.and_then(|line| {
        let text = std::str::from_utf8(line).ok()?;
        let mut numbers = text.split_ascii_whitespace().map(|number| number.parse::<u64>().ok());
        let (words, dimension) = (numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some((words, dimension, line.len() + 1))
    });
    match numbers {
        Some((0, _, _) | (_, 0, _)) => Err("its header promises no word, or no numbers".into()),
        Some((words, dimension, first)) if dimension <= file.len() as u64 => Ok((words, dimension, first)),
        Some((_, dimension, _)) => {
            Err(format!("its header promises vectors of {dimension} numbers, more than it has bytes"))
        }
        None => Err("it is not a word2vec binary file: expected a first line such as `3000000 300`".into()),
    }
}

/// A row's place as one number: where its vector begins, and how long the word before it is.
fn pack(vector: usize, length: usize) -> u64 {
    (vector as u64) << 16 | length as u64
}

/// What [`pack`] was given.
#[inline]
pub fn unpack(place: u64) -> (usize, usize) {
    ((place >> 16) as usize, (place & 0xFFFF) as usize)
}
