//! The options of a reader and its result.

use super::dtype::Dtype;
use super::report::Report;
use crate::{Progress, Subwords, WordVectors};

/// How to read a file.
#[derive(Clone, Copy, Default)]
pub struct Reading<'a> {
    /// Read only this many rows, and no more of the file than they need.
    pub limit: Option<usize>,
    /// Treat every row that would be left out as an error.
    pub strict: bool,
    /// The progress callback.
    pub progress: Option<Progress<'a>>,
}

/// The content of a file.
pub struct Loaded {
    /// The words with their vectors.
    pub vectors: WordVectors,
    /// The type in which the file stores values.
    pub dtype: Dtype,
    /// What was left out.
    pub report: Report,
    /// The vectors of unknown words, by their n-grams; only fastText's models have them.
    pub subwords: Option<Subwords>,
}
