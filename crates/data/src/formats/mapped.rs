//! Large tables of 32-bit floats, whose numbers stay in the file.

use std::collections::HashSet;
use std::path::Path;

use super::word_list::WordList;
use super::{Dtype, Loaded, Reading, Report};
use crate::{MappedFile, WordVectors};

/// From this size on numbers are not copied into memory.
pub(super) const LARGE: u64 = 16 << 20;

/// Where in a file a table `[rows, dimension]` of 32-bit little-endian floats lies.
pub(super) struct Place {
    /// Its first byte.
    pub first: u64,
    /// V.
    pub rows: u64,
    /// C.
    pub dimension: usize,
}

/// The first rows of the table at `place` of the file at `path`, one for each of `words`, mapped. None where it is small, or
/// where each row must be judged by itself: because words are missing or appear twice, or because all must be `strict`.
pub(super) fn where_it_lies(path: &Path, place: &Place, words: &WordList, how: &Reading<'_>) -> Option<Loaded> {
    let bytes = place.rows.saturating_mul(place.dimension as u64 * 4);
    if how.strict || bytes < LARGE {
        return None;
    }
    let mut report = Report::default();
    let mut all = Vec::new();
    for word in words.iter() {
        report.words_not_utf8 += u64::from(std::str::from_utf8(word).is_err());
        all.push(String::from_utf8_lossy(word).into_owned());
    }
    let different: HashSet<&str> = all.iter().map(String::as_str).collect();
    if different.len() < all.len() || different.contains("") {
        return None;
    }
    drop(different);
    report.rows_read = all.len() as u64;
    let first = usize::try_from(place.first).ok()?;
    let vectors = WordVectors::in_file(MappedFile::open(path).ok()?, first, all, place.dimension).ok()?;
    Some(Loaded { vectors, dtype: Dtype::Float32, report })
}
