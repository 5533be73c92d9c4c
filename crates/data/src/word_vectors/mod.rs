//! Words with their vectors: the form in which every vector file, model folder and run is read.
//!
//! The values are in memory, or stay in a mapped file and are never copied: of word2vec's three million words only the
//! locations are kept in memory. When such a file is first opened, an index of it is written to a cache folder
//! (`index_file.rs`), so that it opens at once the next time.

mod array;
#[cfg(feature = "files")]
mod cache;
#[cfg(feature = "files")]
mod file_rows;
#[cfg(feature = "files")]
mod index;
#[cfg(feature = "files")]
mod index_file;
#[cfg(feature = "files")]
mod location;
pub(crate) mod lookup;
#[cfg(feature = "files")]
mod parallel_scan;
#[cfg(feature = "files")]
mod scan;
#[cfg(feature = "files")]
mod scanned_rows;
#[cfg(all(test, feature = "files"))]
mod tests;

use std::borrow::Cow;
#[cfg(feature = "files")]
use std::path::Path;
use std::sync::OnceLock;

use array::Array;
#[cfg(feature = "files")]
use file_rows::{FileRows, IndexWriter};
#[cfg(feature = "files")]
use index::Index;

#[cfg(feature = "files")]
use crate::{Error, MappedFile, Progress, Result};

#[cfg(feature = "files")]
pub use cache::cache_folder;
#[cfg(feature = "files")]
pub use index::ScanReport;

/// V words, each with a vector of C values.
pub struct WordVectors {
    dimension: usize,
    rows: Rows,
    /// The sorted keys of the words, see `lookup.rs`.
    lookup: OnceLock<Array>,
}

enum Rows {
    InMemory {
        /// `[V, C]`
        values: Vec<f32>,
        words: Vec<String>,
    },
    #[cfg(feature = "files")]
    InFile(FileRows),
}

impl WordVectors {
    /// `words` with `values`, `[V, C]`; C is `dimension`.
    ///
    /// # Panics
    ///
    /// If there are not `dimension` values for every word.
    pub fn new(words: Vec<String>, values: Vec<f32>, dimension: usize) -> Self {
        assert_eq!(words.len() * dimension, values.len());
        Self::of(dimension, Rows::InMemory { values, words })
    }

    /// `words` with the table of little-endian 32-bit floats that starts at byte `first` of `file`, `[V, C]`: the table of an
    /// `.npy` or safetensors file, aligned or not.
    ///
    /// # Errors
    ///
    /// If the file ends before the last row.
    #[cfg(feature = "files")]
    pub fn in_file(file: MappedFile, first: usize, words: Vec<String>, dimension: usize) -> Result<Self> {
        let end = words.len().checked_mul(dimension).and_then(|n| n.checked_mul(4)).and_then(|n| n.checked_add(first));
        if end.is_none_or(|end| end > file.len()) {
            let (rows, bytes) = (words.len(), file.len());
            let problem =
                format!("{rows} rows of {dimension} values from byte {first} on do not fit into its {bytes} bytes");
            return Err(Error::BadFile { path: file.path().to_path_buf(), problem });
        }
        Ok(Self::of(dimension, Rows::InFile(FileRows::Table { file, first, words })))
    }

    /// Maps a word2vec binary file; with a `limit`, only its first rows.
    ///
    /// Rows may end with a newline, as word2vec.c writes them, or not, as gensim does. If a word occurs twice the first
    /// row is kept, and rows without a word are left out; the report counts both. A whole file of 16 MiB or more is
    /// indexed in the cache folder. With a limit no index is read or written, and no more of the file is read than those
    /// rows need.
    ///
    /// # Errors
    ///
    /// If the file is not in this format, has a word with control characters, or ends before its header says.
    #[cfg(feature = "files")]
    pub fn open_word2vec(path: &Path, limit: Option<usize>, progress: Progress<'_>) -> Result<(Self, ScanReport)> {
        let file = MappedFile::open(path)?;
        let index_path = limit.is_none().then(|| index_file::path_for(&file)).flatten();
        let cached = index_path.as_deref().and_then(|index_path| index_file::read(index_path, &file));
        let (index, is_new) = match cached {
            Some(index) => (index, false),
            None => (scan::scan(&file, limit, progress)?, true),
        };
        let writer = index_path.filter(|_| is_new);
        let writer = IndexWriter(writer.and_then(|path| index_file::write_in_background(&index, path, &file)));
        let Index { dimension, report, locations, lookup } = index;
        let vectors = Self::of(dimension, Rows::InFile(FileRows::Interleaved { file, locations, _writer: writer }));
        let _ = vectors.lookup.set(lookup);
        Ok((vectors, report))
    }

    fn of(dimension: usize, rows: Rows) -> Self {
        Self { dimension, rows, lookup: OnceLock::new() }
    }

    /// V: the number of words.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::InMemory { words, .. } => words.len(),
            #[cfg(feature = "files")]
            Rows::InFile(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// C: the number of values in a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The word of `row`. Bytes that are not UTF-8 are shown as `U+FFFD`.
    pub fn word(&self, row: u32) -> Cow<'_, str> {
        match &self.rows {
            Rows::InMemory { words, .. } => Cow::Borrowed(&words[row as usize]),
            #[cfg(feature = "files")]
            Rows::InFile(rows) => rows.word(row),
        }
    }

    /// The vector of `row`, `[C]`; borrowed if it is aligned, copied otherwise.
    pub fn row(&self, row: u32) -> Cow<'_, [f32]> {
        let bytes = self.row_bytes(row);
        match bytemuck::try_cast_slice(bytes) {
            Ok(values) if cfg!(target_endian = "little") => Cow::Borrowed(values),
            _ => Cow::Owned(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()),
        }
    }

    /// The bytes of the vector of `row`: C little-endian floats, not always aligned.
    #[inline]
    pub fn row_bytes(&self, row: u32) -> &[u8] {
        let row = row as usize;
        match &self.rows {
            Rows::InMemory { values, .. } => bytemuck::cast_slice(&values[row * self.dimension..][..self.dimension]),
            #[cfg(feature = "files")]
            Rows::InFile(rows) => rows.bytes(row, self.dimension * 4),
        }
    }

    /// All vectors, `[V, C]`, if they lie one after another and aligned: never in a word2vec binary file, whose rows lie between
    /// its words.
    pub fn table(&self) -> Option<&[f32]> {
        match &self.rows {
            Rows::InMemory { values, .. } => Some(values),
            #[cfg(feature = "files")]
            Rows::InFile(rows) => {
                let bytes = rows.table(self.dimension * 4)?;
                bytemuck::try_cast_slice(bytes).ok().filter(|_| cfg!(target_endian = "little"))
            }
        }
    }

    /// The row of `word`, the first one if it occurs twice.
    pub fn find(&self, word: &str) -> Option<u32> {
        let keys = self.lookup.get_or_init(|| {
            let words = (0..self.len() as u32).map(|row| lookup::key(&self.word(row), row));
            Array::from(lookup::sorted(words.collect()))
        });
        lookup::candidates(keys, word).find(|&row| self.word(row) == word)
    }
}
