//! The summary of a prepared text, saved as `corpus.json`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Size and origin of a prepared text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorpusSummary {
    /// Version of the file's schema.
    pub schema: u32,
    /// The path of the text, or the name of the built-in corpus.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of the whole text, in hexadecimal.
    pub sha256: String,
    /// V.
    pub vocab_size: usize,
    /// The training part.
    pub train: PartSummary,
    /// The held-out part.
    pub validation: PartSummary,
}

impl CorpusSummary {
    /// The bytes of a `corpus.json`.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a summary can always be written as JSON")
    }

    /// The summary in `file`, the bytes of a `corpus.json`; messages call it `path`.
    ///
    /// # Errors
    ///
    /// If it does not follow the schema.
    pub fn decode(path: &Path, file: &[u8]) -> Result<Self> {
        serde_json::from_slice(file).map_err(|error| Error::bad_file(path, error.to_string()))
    }
}

/// Size of one part of a text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartSummary {
    /// Its length in Unicode characters.
    pub characters: u64,
    /// Its length in tokens.
    pub tokens: u64,
    /// How many of the tokens are `<unk>`.
    pub unknown: u64,
}
