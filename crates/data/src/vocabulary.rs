//! The words of a token table: for each row its spelling, its count, and, if the corpus has an answer key, its class.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result, Tokenizer};
#[cfg(feature = "files")]
use crate::{publish::publish_bytes, regular_file, regular_file::MAX_VOCABULARY_BYTES};

/// The words of a token table, saved as `words.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vocabulary {
    /// Version of the file's schema.
    pub schema: u32,
    /// For each row, the tokenizer's spelling of the token (GPT-2 spells ` cat` as `Ġcat`).
    pub words: Vec<String>,
    /// For each row, how often the token occurs in the training part.
    pub counts: Vec<u64>,
    /// The planted classes of the toy corpus; empty for other texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, Vec<String>>,
}

impl Vocabulary {
    /// The words of `tokenizer` with their counts.
    pub fn new(tokenizer: &Tokenizer, counts: Vec<u64>, classes: BTreeMap<String, Vec<String>>) -> Self {
        let words = (0..tokenizer.vocab_size() as u32).map(|id| tokenizer.spelling(id).unwrap_or_default()).collect();
        Self { schema: 1, words, counts, classes }
    }

    /// Reads a `words.json`.
    ///
    /// # Errors
    ///
    /// If it is missing or does not follow the schema.
    #[cfg(feature = "files")]
    pub fn open(path: &Path) -> Result<Self> {
        Self::decode(path, &regular_file::read(path, MAX_VOCABULARY_BYTES)?)
    }

    /// The vocabulary in `file`, the bytes of a `words.json`; messages call it `path`.
    ///
    /// # Errors
    ///
    /// If it does not follow the schema.
    pub fn decode(path: &Path, file: &[u8]) -> Result<Self> {
        let bad = |problem: String| Error::BadFile { path: path.to_path_buf(), problem };
        let vocabulary: Self = serde_json::from_slice(file).map_err(|error| bad(error.to_string()))?;
        if vocabulary.words.len() != vocabulary.counts.len() {
            let (words, counts) = (vocabulary.words.len(), vocabulary.counts.len());
            return Err(bad(format!("it has {words} words but {counts} counts")));
        }
        Ok(vocabulary)
    }

    /// Writes it to `path`.
    #[cfg(feature = "files")]
    pub fn save(&self, path: &Path) -> Result<()> {
        publish_bytes(path, &self.encode())
    }

    /// The bytes of a `words.json`.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("words and counts can always be written as JSON")
    }

    /// The classes as lists of rows. Words that are not in the table are left out.
    pub fn class_rows(&self) -> Vec<Vec<u32>> {
        let row: HashMap<&str, u32> = self.words.iter().map(String::as_str).zip(0..).collect();
        self.classes
            .values()
            .map(|words| words.iter().filter_map(|word| row.get(word.as_str()).copied()).collect())
            .collect()
    }
}
