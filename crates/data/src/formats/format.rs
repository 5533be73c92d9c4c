//! The formats and their names.

use std::fmt;
use std::path::Path;

/// A format of files of words with vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// word2vec's binary format: `V C`, then each word, a space, and its values as 32-bit floats.
    Word2vecBinary,
    /// word2vec's text format, also fastText's `.vec`: `V C`, then a line for each word with its values.
    Word2vecText,
    /// GloVe's text format: as word2vec's, without the first line.
    Glove,
    /// A NumPy array `[V, C]`, with a word list beside it.
    Npy,
    /// A table in a safetensors file, with the words in the file or in a word list beside it.
    Safetensors,
    /// The Embedding Projector's pair of files: tab-separated values, and the words.
    Projector,
    /// A line for each word with its values, comma-separated (RFC 4180).
    Csv,
    /// fastText's own model, with the n-grams that unknown words are made of; only read.
    FastText,
}

impl Format {
    /// The formats that can be written.
    pub const WRITTEN: [Self; 7] = [
        Self::Word2vecBinary,
        Self::Word2vecText,
        Self::Glove,
        Self::Npy,
        Self::Safetensors,
        Self::Projector,
        Self::Csv,
    ];

    /// Its name, as a value of `--to` if it can be written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Word2vecBinary => "bin",
            Self::Word2vecText => "txt",
            Self::Glove => "glove",
            Self::Npy => "npy",
            Self::Safetensors => "safetensors",
            Self::Projector => "tsv",
            Self::Csv => "csv",
            Self::FastText => "fasttext",
        }
    }

    /// The format for the extension of `path`, when a file is to be written.
    pub fn by_ending(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        // fastText's text files are word2vec's.
        let ending = if ending == "vec" { "txt" } else { &ending };
        Self::WRITTEN.into_iter().find(|format| format.name() == ending)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Word2vecBinary => "word2vec binary",
            Self::Word2vecText => "word2vec text",
            Self::Glove => "GloVe text",
            Self::Npy => "NumPy array",
            Self::Safetensors => "safetensors",
            Self::Projector => "Projector TSV",
            Self::Csv => "CSV",
            Self::FastText => "fastText model",
        })
    }
}
