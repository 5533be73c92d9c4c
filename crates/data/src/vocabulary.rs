//! The words of a token table: row by row how they are spelled, how often they occurred, and, where the corpus has an
//! answer key, which class they belong to.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::publish::publish_bytes;
use crate::{Error, Result, Tokenizer};

/// The words of a token table, saved as `words.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// Version of the file's form.
    pub schema: u32,
    /// Row by row, how the tokenizer spells the token (GPT-2 writes ` cat` as `Ġcat`).
    pub words: Vec<String>,
    /// Row by row, how often the token occurs in the training part.
    pub counts: Vec<u64>,
    /// The planted classes of the toy corpus; empty for other texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, Vec<String>>,
}

impl Vocabulary {
    /// The words of `tokenizer`, with how often each occurred.
    pub fn new(tokenizer: &Tokenizer, counts: Vec<u64>, classes: BTreeMap<String, Vec<String>>) -> Self {
        let words = (0..tokenizer.vocab_size() as u32).map(|id| tokenizer.spelling(id).unwrap_or_default()).collect();
        Self { schema: 1, words, counts, classes }
    }

    /// Reads a `words.json`.
    ///
    /// # Errors
    ///
    /// If it is missing or not of this form.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| Error::read(path, source))?;
        let bad = |problem: String| Error::BadFile { path: path.to_path_buf(), problem };
        let vocabulary: Self = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
        if vocabulary.words.len() != vocabulary.counts.len() {
            let (words, counts) = (vocabulary.words.len(), vocabulary.counts.len());
            return Err(bad(format!("it has {words} words but {counts} counts")));
        }
        Ok(vocabulary)
    }

    /// Writes it.
    pub fn save(&self, path: &Path) -> Result<()> {
        publish_bytes(path, &serde_json::to_vec(self).expect("words and counts can always be written as JSON"))
    }

    /// The classes as lists of rows, leaving out words that the table does not have.
    pub fn class_rows(&self) -> Vec<Vec<u32>> {
        let row: HashMap<&str, u32> = self.words.iter().map(String::as_str).zip(0..).collect();
        self.classes
            .values()
            .map(|words| words.iter().filter_map(|word| row.get(word.as_str()).copied()).collect())
            .collect()
    }
}
