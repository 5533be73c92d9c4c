//! Words with their vectors: a source that is open, or rows in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use rayon::prelude::*;
use wordspace::data::WordVectors;
use wordspace::data::formats::Reading;
use wordspace::explore::embed::{TextSplitter, text_vector};
use wordspace::explore::projection::{Chosen, MostFrequent};
use wordspace::explore::{self, Opened, OutputFormat, Source, TableChoice};
use wordspace_similarity::{Query, cosines};

use crate::array::{Array, elements};
use crate::errors::exception;
use crate::fork::on_pool;
use crate::interruptible::interruptible;
use crate::row_range::RowRange;

/// A word and its cosine.
type Neighbour<'a> = (Cow<'a, str>, f32);

/// V words with vectors of C values each. Queries release the interpreter's lock.
#[pyclass(frozen, module = "wordspace._wordspace")]
pub struct Vectors(Content);

#[allow(clippy::large_enum_variant, reason = "a program has few of them")]
enum Content {
    Source(Source, Opened),
    Rows(WordVectors),
}

impl Vectors {
    pub fn words(&self) -> &WordVectors {
        match &self.0 {
            Content::Source(_, opened) => &opened.vectors,
            Content::Rows(vectors) => vectors,
        }
    }

    /// The source; none for rows in memory.
    pub fn source(&self) -> Option<&Opened> {
        match &self.0 {
            Content::Source(_, opened) => Some(opened),
            Content::Rows(_) => None,
        }
    }

    pub fn check_row(&self, row: u32) -> PyResult<()> {
        let words = self.words().len();
        match (row as usize) < words {
            true => Ok(()),
            false => Err(PyIndexError::new_err(format!("row {row}: expected one of the {words} rows"))),
        }
    }

    fn check_count(&self, found: usize, expected: usize) -> PyResult<()> {
        match found == expected {
            true => Ok(()),
            false => Err(PyValueError::new_err(format!("expected {expected} values, found {found}"))),
        }
    }

    /// The words of `rows`, or the `top` most frequent, to be projected.
    pub fn chosen(&self, rows: Option<Vec<u32>>, top: usize) -> Chosen {
        let none = BTreeMap::new();
        let classes = self.source().map_or(&none, |opened| &opened.classes);
        let counts = self.source().and_then(|opened| opened.counts.as_deref());
        let rows = rows.unwrap_or_else(|| MostFrequent::of(self.words(), counts, classes, top).rows);
        Chosen::of(self.words(), classes, &rows)
    }

    /// The rows from `first` to `end`, both at most V.
    fn range(&self, first: usize, end: usize) -> RowRange<'_> {
        let end = end.min(self.words().len());
        RowRange::new(self.words(), first.min(end) as u32..end as u32)
    }
}

#[pymethods]
impl Vectors {
    /// Opens what the command line opens: a run, a GPT-2 folder, a vector file.
    #[staticmethod]
    #[pyo3(signature = (source, is_position_table=false, limit=None, is_strict=false, listener=None))]
    fn open(
        py: Python<'_>,
        source: &str,
        is_position_table: bool,
        limit: Option<usize>,
        is_strict: bool,
        listener: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let table = if is_position_table { TableChoice::Position } else { TableChoice::Token };
        let opened = interruptible(py, listener, |reporter| -> explore::Result<_> {
            let tell = |_, done, total| reporter.progress(done, total);
            let source = Source::parse(source, table)?;
            let opened = source.open_as(&Reading { limit, strict: is_strict, progress: Some(&tell) })?;
            Ok((source, opened))
        })?;
        opened.map(|(source, opened)| Self(Content::Source(source, opened))).map_err(|error| exception(py, error))
    }

    /// `words` with the rows of `values`, the bytes of 32-bit floats, `[V, C]`.
    #[staticmethod]
    fn from_rows(words: Vec<String>, dimension: usize, values: &[u8]) -> PyResult<Self> {
        let values: Vec<f32> = elements(values)?;
        let (rows, found) = (words.len(), values.len());
        if dimension == 0 || rows.checked_mul(dimension) != Some(found) || u32::try_from(rows).is_err() {
            return Err(PyValueError::new_err(format!(
                "expected {dimension} values for each of the {rows} words, found {found} values"
            )));
        }
        Ok(Self(Content::Rows(WordVectors::new(words, values, dimension))))
    }

    fn __len__(&self) -> usize {
        self.words().len()
    }

    /// C.
    #[getter]
    fn dimension(&self) -> usize {
        self.words().dimension()
    }

    /// The source, with the step for a run.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.source().map(|opened| opened.name.as_str())
    }

    /// The kind of source: run, GPT-2, or the format of a file.
    #[getter]
    fn kind(&self) -> Option<String> {
        self.source().map(|opened| opened.kind.to_string())
    }

    /// How often the word of each row occurs in the text of a run, `[V]`.
    #[getter]
    fn counts(&self) -> Option<Array> {
        Some(Array::u64(self.source()?.counts.clone()?))
    }

    /// The words of each class of the toy corpus.
    #[getter]
    fn classes(&self) -> BTreeMap<String, Vec<String>> {
        self.source().map(|opened| opened.classes.clone()).unwrap_or_default()
    }

    /// Sentences about the rows of a file that were left out.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.source().map(|opened| opened.report.sentences()).unwrap_or_default()
    }

    /// The row of `word`.
    fn find(&self, py: Python<'_>, word: &str) -> Option<u32> {
        py.detach(|| on_pool(|| self.words().find(word)))
    }

    /// The words of rows `first` to `end`.
    fn words_in_range(&self, first: usize, end: usize) -> Vec<String> {
        let end = end.min(self.words().len());
        (first.min(end) as u32..end as u32).map(|row| self.words().word(row).into_owned()).collect()
    }

    /// The words of `rows`.
    fn words_at(&self, rows: Vec<u32>) -> PyResult<Vec<String>> {
        rows.iter().try_for_each(|&row| self.check_row(row))?;
        Ok(rows.into_iter().map(|row| self.words().word(row).into_owned()).collect())
    }

    /// How many words are not valid UTF-8; their invalid bytes are shown as U+FFFD.
    #[getter]
    fn words_not_utf8(&self) -> u64 {
        self.source().map_or(0, |opened| opened.report.words_not_utf8)
    }

    /// The vector that fastText's subwords give a word without a row, `[C]`.
    fn subword_vector(&self, word: &str) -> Option<Array> {
        let vector = self.source()?.subwords.as_ref()?.vector(word)?;
        let shape = [vector.len()];
        Some(Array::f32(vector, &shape))
    }

    /// Why `word` has no vector, with words of similar spelling.
    fn unknown(&self, py: Python<'_>, word: &str) -> String {
        let name = self.name().unwrap_or("these vectors");
        let words = [word.to_string()];
        let found = py.detach(|| on_pool(|| explore::rows_of(self.words(), name, &words, &|_, _| ())));
        found.err().map_or_else(String::new, |error| error.to_string())
    }

    /// The vector of row `row`, `[C]`: a view where the values are aligned, a copy elsewhere.
    fn row(slf: &Bound<'_, Self>, row: u32) -> PyResult<Array> {
        let vectors = slf.get();
        vectors.check_row(row)?;
        let shape = [vectors.dimension()];
        Ok(match vectors.words().row(row) {
            Cow::Borrowed(values) => Array::borrowed(values, slf, &shape),
            Cow::Owned(values) => Array::f32(values, &shape),
        })
    }

    /// The vectors of `rows`, `[N, C]`, copied.
    fn rows(&self, py: Python<'_>, rows: Vec<u32>) -> PyResult<Array> {
        rows.iter().try_for_each(|&row| self.check_row(row))?;
        let values = py.detach(|| on_pool(|| self.copied(rows.par_iter().copied())));
        Ok(Array::f32(values, &[rows.len(), self.dimension()]))
    }

    /// All vectors, `[V, C]`, without a copy; none if they do not lie one after another and aligned.
    fn table(slf: &Bound<'_, Self>) -> Option<Array> {
        let words = slf.get().words();
        Some(Array::borrowed(words.table()?, slf, &[words.len(), words.dimension()]))
    }

    /// All vectors, `[V, C]`, copied.
    fn copy(&self, py: Python<'_>) -> Array {
        let rows = self.words().len();
        let values = py.detach(|| on_pool(|| self.copied((0..rows as u32).into_par_iter())));
        Array::f32(values, &[rows, self.dimension()])
    }

    /// For each of `directions`, the bytes of unit vectors of 64-bit floats, `[N, C]`, the `k` words of highest cosine among rows
    /// `first` to `end`, with their cosines, highest first. `excluded` has the rows that are no answer to each.
    fn nearest(
        &self,
        py: Python<'_>,
        directions: &[u8],
        excluded: Vec<Vec<u32>>,
        k: usize,
        first: usize,
        end: usize,
    ) -> PyResult<Vec<Vec<Neighbour<'_>>>> {
        let directions: Vec<f64> = elements(directions)?;
        let dimension = self.dimension();
        self.check_count(directions.len(), excluded.len().saturating_mul(dimension))?;
        let directions = directions.chunks_exact(dimension).zip(excluded);
        let queries =
            directions.map(|(direction, excluded)| Query { direction: direction.to_vec(), excluded }).collect();
        let range = self.range(first, end);
        let found = py.detach(|| on_pool(|| range.nearest(queries, k)));
        let word = |(row, cosine)| (self.words().word(row), cosine);
        Ok(found.into_iter().map(|answers| answers.into_iter().map(word).collect()).collect())
    }

    /// The cosine of each of the rows `first` to `end` with `direction`, a unit vector `[C]`.
    fn cosines(&self, py: Python<'_>, direction: &[u8], first: usize, end: usize) -> PyResult<Array> {
        let direction: Vec<f64> = elements(direction)?;
        self.check_count(direction.len(), self.dimension())?;
        let range = self.range(first, end);
        let cosines = py.detach(|| on_pool(|| cosines(&range, &direction)));
        let count = cosines.len();
        Ok(Array::f32(cosines, &[count]))
    }

    /// The vector of each text, `[N, C]`: the mean of the vectors of its tokens.
    fn encode(&self, py: Python<'_>, texts: Vec<String>) -> PyResult<Array> {
        let vectors = py.detach(|| {
            on_pool(|| -> explore::Result<Vec<Vec<f32>>> {
                let splitter = self.splitter()?;
                texts.par_iter().map(|text| text_vector(text, &splitter, self.words())).collect()
            })
        });
        let vectors = vectors.map_err(|error| exception(py, error))?;
        Ok(Array::f32(vectors.concat(), &[vectors.len(), self.dimension()]))
    }

    /// Writes all words and vectors to the new file or folder `path` in the format that the command line calls `format`.
    #[pyo3(signature = (path, format, listener=None))]
    fn write(&self, py: Python<'_>, path: PathBuf, format: &str, listener: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let Some(format) = OutputFormat::all().find(|known| known.name() == format) else {
            let names = OutputFormat::names();
            return Err(PyValueError::new_err(format!("no format is called {format:?}; expected one of {names}")));
        };
        let spellings = self.source().and_then(|opened| opened.spellings.as_deref());
        let source = self.name().unwrap_or("vectors in memory");
        let written = interruptible(py, listener, |reporter| {
            let tell = |_, done, total| reporter.progress(done, total);
            let splitter = || self.splitter();
            format.write(&path, self.words(), spellings, splitter, source, Some(&tell)).map(|_| ())
        })?;
        written.map_err(|error| exception(py, error))
    }
}

impl Vectors {
    /// How texts become tokens: as the source's model does it, or by white space.
    fn splitter(&self) -> explore::Result<TextSplitter> {
        match &self.0 {
            Content::Source(source, opened) => TextSplitter::of(source, opened),
            Content::Rows(_) => Ok(TextSplitter::Words),
        }
    }

    /// The vectors of `rows`, one after another.
    fn copied(&self, rows: impl IndexedParallelIterator<Item = u32>) -> Vec<f32> {
        let (words, dimension) = (self.words(), self.words().dimension());
        let mut values = vec![0.0; rows.len() * dimension];
        values.par_chunks_mut(dimension).zip(rows).for_each(|(to, row)| to.copy_from_slice(&words.row(row)));
        values
    }
}
