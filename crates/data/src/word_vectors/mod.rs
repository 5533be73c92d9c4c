//! Words with their vectors: what every vector file, model folder and run comes to.
//!
//! The numbers are in memory, or stay in the file they came from, which is then mapped and never copied: three million
//! words of word2vec's take no memory but their places. What is found out about such a file when it is first read is
//! kept in a cache folder (`cache.rs`), so that it opens at once the next time.

mod array;
mod cache;
mod index;
mod lookup;
mod pieces;
mod rows;
mod scan;

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;
use std::thread::JoinHandle;

use crate::{Error, MappedFile, Progress, Result};
use array::Array;
use index::Index;

pub use cache::cache_folder;
pub use scan::ScanReport;

/// V words, each with a vector of C numbers.
pub struct WordVectors {
    dimension: usize,
    rows: Rows,
    /// The hashes of the words, as `lookup.rs` has them.
    lookup: OnceLock<Array>,
    /// Writes the index while the first question is answered.
    writer: Option<JoinHandle<()>>,
}

/// Where vectors and words lie.
enum Rows {
    /// One after another in memory.
    InMemory { numbers: Vec<f32>, words: Vec<String> },
    /// One after another in a file, beginning with byte `first`.
    Even { file: MappedFile, first: usize, words: Vec<String> },
    /// Each behind its word in a file, as word2vec writes them.
    Interleaved { file: MappedFile, places: Array },
}

impl WordVectors {
    /// `words` with `rows`, in the same order, `dimension` numbers each.
    ///
    /// # Panics
    ///
    /// If there are not `dimension` numbers for every word.
    pub fn new(words: Vec<String>, rows: Vec<f32>, dimension: usize) -> Self {
        assert_eq!(words.len() * dimension, rows.len());
        Self::of(dimension, Rows::InMemory { numbers: rows, words })
    }

    /// `words` with the rows of 32-bit little-endian floats that lie in `file`, one after another, from byte `first` on:
    /// the table of an `.npy` or safetensors file, aligned or not.
    ///
    /// # Errors
    ///
    /// If the file ends before the last row.
    pub fn in_file(file: MappedFile, first: usize, words: Vec<String>, dimension: usize) -> Result<Self> {
        let end = words.len().checked_mul(dimension).and_then(|n| n.checked_mul(4)).and_then(|n| n.checked_add(first));
        if end.is_none_or(|end| end > file.len()) {
            let problem = format!(
                "{} rows of {dimension} numbers from byte {first} on do not fit into its {} bytes",
                words.len(),
                file.len()
            );
            return Err(Error::BadFile { path: file.path().to_path_buf(), problem });
        }
        Ok(Self::of(dimension, Rows::Even { file, first, words }))
    }

    /// The words of a word2vec binary file, where they lie; of its first `limit` rows, if only those are wanted.
    ///
    /// Rows may end with a newline, as word2vec.c writes them, or not, as gensim does. Of words that appear twice the first
    /// counts, and words without a letter are left out; the report says how many. A whole file of 16 MiB or more is
    /// indexed in the cache folder. With a limit no index is read or made, and of the file only what is wanted is read.
    ///
    /// # Errors
    ///
    /// If the file is not of this format, has a word with control characters, or ends before its header says.
    pub fn open_word2vec(path: &Path, limit: Option<usize>, progress: Progress<'_>) -> Result<(Self, ScanReport)> {
        let file = MappedFile::open(path)?;
        let index_path = limit.is_none().then(|| index::path_for(&file)).flatten();
        let kept = index_path.as_deref().and_then(|index_path| Index::read(index_path, &file));
        let (index, is_new) = match kept {
            Some(index) => (index, false),
            None => (scan::scan(&file, limit, progress)?, true),
        };
        let writer = index_path.filter(|_| is_new).and_then(|index_path| index.write_aside(index_path, &file));
        let Index { dimension, report, places, lookup } = index;
        let mut vectors = Self::of(dimension, Rows::Interleaved { file, places });
        vectors.writer = writer;
        let _ = vectors.lookup.set(lookup);
        Ok((vectors, report))
    }

    fn of(dimension: usize, rows: Rows) -> Self {
        Self { dimension, rows, lookup: OnceLock::new(), writer: None }
    }

    /// V: how many words there are.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::InMemory { words, .. } | Rows::Even { words, .. } => words.len(),
            Rows::Interleaved { places, .. } => places.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// C: how many numbers a vector has.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The word of `row`. Bytes that are not UTF-8 come as `U+FFFD`.
    pub fn word(&self, row: u32) -> Cow<'_, str> {
        match &self.rows {
            Rows::InMemory { words, .. } | Rows::Even { words, .. } => Cow::Borrowed(&words[row as usize]),
            Rows::Interleaved { file, places } => {
                let (start, length) = rows::unpack(places[row as usize]);
                String::from_utf8_lossy(&file[start - 1 - length..start - 1])
            }
        }
    }

    /// The vector of `row`, `[C]`.
    pub fn row(&self, row: u32) -> Cow<'_, [f32]> {
        let bytes = self.row_bytes(row);
        match bytemuck::try_cast_slice(bytes) {
            Ok(numbers) if cfg!(target_endian = "little") => Cow::Borrowed(numbers),
            _ => Cow::Owned(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()),
        }
    }

    /// The vector of `row` as it lies in memory or in the file: C little-endian floats, not always aligned.
    #[inline]
    pub fn row_bytes(&self, row: u32) -> &[u8] {
        let (row, bytes) = (row as usize, self.dimension * 4);
        match &self.rows {
            Rows::InMemory { numbers, .. } => bytemuck::cast_slice(&numbers[row * self.dimension..][..self.dimension]),
            Rows::Even { file, first, .. } => &file[first + row * bytes..][..bytes],
            Rows::Interleaved { file, places } => &file[rows::unpack(places[row]).0..][..bytes],
        }
    }

    /// The row of `word`, the first one if it is there twice.
    pub fn find(&self, word: &str) -> Option<u32> {
        let keys = self.lookup.get_or_init(|| {
            let words = (0..self.len() as u32).map(|row| lookup::key(&self.word(row), row));
            Array::from(lookup::sorted(words.collect()))
        });
        lookup::rows_like(keys, word).find(|&row| self.word(row) == word)
    }
}

/// The index is whole on the disk before the program goes on to other things.
impl Drop for WordVectors {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

#[cfg(test)]
mod tests;
