//! The index of a word2vec binary file: what a scan of the file found.

use super::array::Array;

/// Where the rows of a word2vec file are.
pub struct Index {
    pub dimension: usize,
    pub report: ScanReport,
    /// The location of each row, packed by `location.rs`.
    pub locations: Array,
    /// The sorted keys of the words, see `lookup.rs`.
    pub lookup: Array,
}

/// What a scan of a word2vec file found besides good rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Rows scanned.
    pub rows: u64,
    /// Rows left out because their word is empty.
    pub empty: u64,
    /// Rows left out because an earlier row has the same word.
    pub repeated: u64,
    /// Rows kept whose word is not valid UTF-8; invalid bytes are shown as `U+FFFD`.
    pub not_utf8: u64,
    /// Byte offset of the word of the first row counted under `empty`, `repeated` or `not_utf8`.
    pub first: Option<u64>,
    /// The number of rows according to the file's header.
    pub promised: u64,
}
