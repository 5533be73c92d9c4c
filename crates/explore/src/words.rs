//! The words that a user asks for.

use wordspace_data::WordVectors;
use wordspace_similarity::{NotFinite, Progress};

use crate::{Error, Result};

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
