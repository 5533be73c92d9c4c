//! The words that a user asks for.

use std::borrow::Cow;

use wordspace_data::WordVectors;
use wordspace_similarity::{NotFinite, Progress};

use crate::{Error, Result};

/// A word with its vector: a row of a table, or made of the word's subwords.
#[derive(Clone, Debug)]
pub struct Word<'a> {
    /// The word.
    pub text: Cow<'a, str>,
    /// Its row; none if its vector is made of its subwords.
    pub row: Option<u32>,
    /// Its vector, `[C]`.
    pub vector: Cow<'a, [f32]>,
}

impl<'a> Word<'a> {
    /// The word of `row`.
    pub fn of_row(vectors: &'a WordVectors, row: u32) -> Self {
        Self { text: vectors.word(row), row: Some(row), vector: vectors.row(row) }
    }

    /// Checks that its vector has a direction.
    pub(crate) fn check_finite(&self) -> Result<()> {
        match self.vector.iter().all(|x| x.is_finite()) {
            true => Ok(()),
            false => Err(Error::Question(format!(
                "the vector of {:?} has values that are not finite, so it has no direction",
                self.text
            ))),
        }
    }
}

/// The rows of `words`.
///
/// # Errors
///
/// If one is not among the vectors, which come from `source`: with the closest spellings.
pub fn rows_of(vectors: &WordVectors, source: &str, words: &[String], progress: Progress<'_>) -> Result<Vec<u32>> {
    let row = |word: &String| vectors.find(word).ok_or_else(|| unknown_word(vectors, source, word, progress));
    words.iter().map(row).collect()
}

/// The error for a word that is not among the vectors, which come from `source`.
pub(crate) fn unknown_word(vectors: &WordVectors, source: &str, word: &str, progress: Progress<'_>) -> Error {
    Error::UnknownWord {
        word: word.into(),
        source_name: source.into(),
        words: vectors.len(),
        suggestions: suggestions(vectors, word, progress),
    }
}

/// Up to three words of `vectors` that may have been meant by `word`, see [`wordspace_similarity::suggestions`].
pub fn suggestions(vectors: &WordVectors, word: &str, progress: Progress<'_>) -> Vec<String> {
    let exists = |word: &str| vectors.find(word).is_some();
    wordspace_similarity::suggestions(word, vectors.len(), |row| vectors.word(row), exists, progress)
}

/// A warning about the rows of `vectors` that are not finite, if there are any.
pub fn not_finite_warning(not_finite: NotFinite, vectors: &WordVectors) -> Option<String> {
    let word = vectors.word(not_finite.first?);
    let (rows, all) = (not_finite.rows, vectors.len());
    Some(format!(
        "{rows} of {all} rows with NaN or infinity were left out; the first is {word:?}; --strict refuses such a file"
    ))
}
