//! Rows that stay in a mapped file.

use std::borrow::Cow;
use std::thread::JoinHandle;

use super::array::Array;
use super::location;
use crate::MappedFile;

/// The rows of a mapped file.
pub enum FileRows {
    /// A contiguous table that starts at byte `first`; the words are in memory.
    Table { file: MappedFile, first: usize, words: Vec<String> },
    /// Each vector behind its word, as in a word2vec binary file.
    Interleaved {
        file: MappedFile,
        locations: Array,
        /// Held for its drop.
        _writer: IndexWriter,
    },
}

impl FileRows {
    pub fn len(&self) -> usize {
        match self {
            Self::Table { words, .. } => words.len(),
            Self::Interleaved { locations, .. } => locations.len(),
        }
    }

    pub fn word(&self, row: u32) -> Cow<'_, str> {
        match self {
            Self::Table { words, .. } => Cow::Borrowed(&words[row as usize]),
            Self::Interleaved { file, locations, .. } => {
                String::from_utf8_lossy(location::word(file, locations[row as usize]))
            }
        }
    }

    /// The bytes of all vectors of `size` bytes, if they lie one after another.
    pub fn table(&self, size: usize) -> Option<&[u8]> {
        match self {
            Self::Table { file, first, words } => Some(&file[*first..][..words.len() * size]),
            Self::Interleaved { .. } => None,
        }
    }

    /// The `size` bytes of the vector of `row`.
    #[inline]
    pub fn bytes(&self, row: usize, size: usize) -> &[u8] {
        match self {
            Self::Table { file, first, .. } => &file[first + row * size..][..size],
            Self::Interleaved { file, locations, .. } => &file[location::unpack(locations[row]).0..][..size],
        }
    }
}

/// The thread that writes an index file while the first query is answered, if there is one.
///
/// Dropping it waits for the thread, so that the index is complete on disk before the program exits.
pub struct IndexWriter(pub Option<JoinHandle<()>>);

impl Drop for IndexWriter {
    fn drop(&mut self) {
        if let Some(writer) = self.0.take() {
            // If the thread panicked there is no index, and the next opening scans the file again.
            let _ = writer.join();
        }
    }
}
