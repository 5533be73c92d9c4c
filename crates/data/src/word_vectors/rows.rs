//! The rows of a word2vec binary file, as they are found.

use super::array::Array;
use super::index::Index;
use super::lookup;
use super::scan::ScanReport;
use crate::MappedFile;

/// The longest word, in bytes: a place has sixteen bits for it.
const LONGEST: usize = u16::MAX as usize;
/// How many rows ahead memory is asked for: to wait for it at every row would take half as long again. Where a row begins is
/// known only when the one before it is read, but about where, before that.
const AHEAD: usize = 8;
/// About how long a word is, with its space.
const USUAL_WORD: usize = 9;

/// The rows found so far.
pub struct Rows<'a> {
    file: &'a MappedFile,
    row_bytes: usize,
    places: Vec<u64>,
    keys: Vec<u64>,
    pub report: ScanReport,
}

impl<'a> Rows<'a> {
    /// None yet, of `wanted` whose vectors have `row_bytes` bytes.
    pub fn new(file: &'a MappedFile, row_bytes: usize, wanted: usize) -> Self {
        let (places, keys) = (Vec::with_capacity(wanted), Vec::with_capacity(wanted));
        Self { file, row_bytes, places, keys, report: ScanReport::default() }
    }

    /// Reads the row that begins with byte `at`, and says where the next one does.
    pub fn read(&mut self, at: usize) -> std::result::Result<usize, String> {
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
        if word.iter().any(u8::is_ascii_control) {
            return Err(format!("the word at byte {start} has control characters"));
        }
        let row = self.places.len() as u32;
        match std::str::from_utf8(word) {
            Ok("") => self.report.empty += 1,
            Ok(text) => self.keys.push(lookup::key(text, row)),
            Err(_) => {
                self.report.not_utf8 += 1;
                self.keys.push(lookup::key(&String::from_utf8_lossy(word), row));
            }
        }
        self.report.rows += 1;
        if self.report.empty + self.report.not_utf8 > 0 {
            self.report.first.get_or_insert(start as u64);
        }
        if length > 0 {
            self.places.push(pack(vector, length));
        }
        std::hint::black_box(self.file.get(end + AHEAD * (self.row_bytes + USUAL_WORD)).copied());
        Ok(end)
    }

    /// Takes in the rows that were found behind these.
    pub fn append(&mut self, others: Self) {
        let rows = self.places.len() as u64;
        self.places.extend(others.places);
        self.keys.extend(others.keys.into_iter().map(|key| key + rows));
        let (report, more) = (&mut self.report, others.report);
        report.rows += more.rows;
        report.empty += more.empty;
        report.not_utf8 += more.not_utf8;
        report.first = report.first.or(more.first);
    }

    /// Leaves out the rows whose word an earlier one has.
    pub fn finish(mut self, dimension: usize) -> Index {
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

/// A row's place as one number: where its vector begins, and how long the word before it is.
fn pack(vector: usize, length: usize) -> u64 {
    (vector as u64) << 16 | length as u64
}

/// What [`pack`] was given.
#[inline]
pub fn unpack(place: u64) -> (usize, usize) {
    ((place >> 16) as usize, (place & 0xFFFF) as usize)
}
