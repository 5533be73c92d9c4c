//! The rows of a word2vec binary file, collected during a scan.

use super::array::Array;
use super::index::{Index, ScanReport};
use super::location::{self, LONGEST_WORD};
use super::lookup;
use crate::MappedFile;

/// Rows to prefetch ahead, so that the scan does not wait for memory at every row.
const PREFETCH_ROWS: usize = 8;
/// Typical length of a word and its space, in bytes. Where a row starts is known only when the row before it is read; this
/// predicts about where.
const TYPICAL_WORD: usize = 9;

/// The rows found so far.
pub struct ScannedRows<'a> {
    file: &'a MappedFile,
    row_bytes: usize,
    locations: Vec<u64>,
    keys: Vec<u64>,
    pub report: ScanReport,
}

impl<'a> ScannedRows<'a> {
    /// An empty collection with capacity for `expected` rows, whose vectors have `row_bytes` bytes each.
    pub fn new(file: &'a MappedFile, row_bytes: usize, expected: usize) -> Self {
        let (locations, keys) = (Vec::with_capacity(expected), Vec::with_capacity(expected));
        Self { file, row_bytes, locations, keys, report: ScanReport::default() }
    }

    /// Reads the row at byte `at` and returns where the next one starts, or the problem with the row.
    pub fn read(&mut self, at: usize) -> std::result::Result<usize, String> {
        let newlines = self.file[at..].iter().take_while(|&&byte| byte == b'\n').count();
        let start = at + newlines;
        let rest = &self.file[start..];
        let Some(length) = rest.iter().take(LONGEST_WORD + 1).position(|&byte| byte == b' ') else {
            return Err(match rest.len() > LONGEST_WORD {
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
        let row = self.locations.len() as u32;
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
            self.locations.push(location::pack(vector, length));
        }
        // An early load of a later row stands in for a prefetch instruction.
        std::hint::black_box(self.file.get(end + PREFETCH_ROWS * (self.row_bytes + TYPICAL_WORD)).copied());
        Ok(end)
    }

    /// Appends rows that lie behind these in the file.
    pub fn append(&mut self, others: Self) {
        let rows = self.locations.len() as u64;
        self.locations.extend(others.locations);
        self.keys.extend(others.keys.into_iter().map(|key| key + rows));
        let (report, more) = (&mut self.report, others.report);
        report.rows += more.rows;
        report.empty += more.empty;
        report.not_utf8 += more.not_utf8;
        report.first = report.first.or(more.first);
    }

    /// Drops the rows whose word occurs in an earlier row, and makes an index of the rest.
    pub fn into_index(mut self, dimension: usize) -> Index {
        self.keys = lookup::sorted(self.keys);
        let word = |row: u32| String::from_utf8_lossy(location::word(self.file, self.locations[row as usize]));
        let repeated = lookup::repeated(&self.keys, word);
        if let Some(&row) = repeated.first() {
            let (vector, length) = location::unpack(self.locations[row as usize]);
            let offset = (vector - 1 - length) as u64;
            self.report.first = Some(self.report.first.map_or(offset, |first| first.min(offset)));
            self.report.repeated = repeated.len() as u64;
            let is_kept = |row: u32| repeated.binary_search(&row).is_err();
            let new_row = |row: u32| row - repeated.partition_point(|&other| other < row) as u32;
            self.keys.retain(|&key| is_kept(key as u32));
            self.keys.iter_mut().for_each(|key| *key = *key >> 32 << 32 | new_row(*key as u32) as u64);
            let mut row = 0;
            self.locations.retain(|_| {
                row += 1;
                is_kept(row - 1)
            });
        }
        let (locations, lookup) = (Array::from(self.locations), Array::from(self.keys));
        Index { dimension, report: self.report, locations, lookup }
    }
}
