//! Large tables of 32-bit floats, which are mapped instead of copied into memory.

use std::collections::HashSet;
use std::path::Path;

use super::dtype::Dtype;
use super::reading::{Loaded, Reading};
use super::report::Report;
use super::word_list::WordList;
use crate::{MappedFile, WordVectors};

/// From this size on, in bytes, tables are mapped.
pub(super) const LARGE: u64 = 16 << 20;

/// The location of a table `[V, C]` of little-endian 32-bit floats in a file.
pub(super) struct TableLocation {
    /// Its first byte.
    pub first: u64,
    /// V.
    pub rows: u64,
    /// C.
    pub dimension: usize,
}

/// Maps the table at `location` of the file at `path`, a row for each of `words`. None if the table is small, or if every row
/// must be checked by itself: because words are missing or repeated, or because `how` is strict.
pub(super) fn map(path: &Path, location: &TableLocation, words: &WordList, how: &Reading<'_>) -> Option<Loaded> {
    let bytes = location.rows.saturating_mul(location.dimension as u64 * 4);
    if how.strict || bytes < LARGE {
        return None;
    }
    let mut report = Report::default();
    let mut all = Vec::new();
    for word in words.iter() {
        report.words_not_utf8 += u64::from(std::str::from_utf8(word).is_err());
        all.push(String::from_utf8_lossy(word).into_owned());
    }
    let distinct: HashSet<&str> = all.iter().map(String::as_str).collect();
    if distinct.len() < all.len() || distinct.contains("") {
        return None;
    }
    drop(distinct);
    report.rows_read = all.len() as u64;
    let first = usize::try_from(location.first).ok()?;
    let vectors = WordVectors::in_file(MappedFile::open(path).ok()?, first, all, location.dimension).ok()?;
    Some(Loaded { vectors, dtype: Dtype::Float32, report, subwords: None })
}
