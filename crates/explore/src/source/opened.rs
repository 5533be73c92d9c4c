//! A source that is open: words, vectors, and what else is known of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use wordspace_data::formats::{Dtype, Format, Parameter, Report};
use wordspace_data::{Subwords, VectorTable, WordVectors};
use wordspace_similarity::Progress;

use crate::words::unknown_word;
use crate::{Result, Word};

/// Which table of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableChoice {
    /// The token table.
    #[default]
    Token,
    /// The position table; its words are `0`, `1`, ….
    Position,
}

/// The kind of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A run of wordspace.
    Run,
    /// A GPT-2 as saved by Hugging Face's tools.
    Gpt2,
    /// A folder of sentence-transformers or model2vec with a static embedding.
    StaticEmbedding,
    /// A file of words with vectors.
    Vectors(Format),
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run => f.write_str("run"),
            Self::Gpt2 => f.write_str("GPT-2"),
            Self::StaticEmbedding => f.write_str("static embedding"),
            Self::Vectors(format) => write!(f, "{format}"),
        }
    }
}

/// An open source.
pub struct Opened {
    /// The words with their vectors.
    pub vectors: WordVectors,
    /// The vectors of unknown words, by their n-grams, if it is a fastText model that has n-grams.
    pub subwords: Option<Subwords>,
    /// The position table of a model, `[T, C]`.
    pub positions: Option<VectorTable>,
    /// Its name: what the user wrote, with the step for a run.
    pub name: String,
    /// Its kind.
    pub kind: SourceKind,
    /// What was left out of a file.
    pub report: Report,
    /// The answer key of the toy corpus: words by class.
    pub classes: BTreeMap<String, Vec<String>>,
    /// For a run, how often the word of each row occurs in its text.
    pub counts: Option<Vec<u64>>,
    /// The `tokenizer.json` of a model.
    pub tokenizer: Option<PathBuf>,
    /// The word of each row as a byte-level vocabulary spells it, `Ġcat` for ` cat`; none if words are spelled as they are.
    pub spellings: Option<Vec<String>>,
    /// The type in which the vectors are stored.
    pub dtype: Dtype,
    /// The parameters of a model; empty for a vector file.
    pub parameters: Vec<Parameter>,
    /// The folder of a run, and the step after which the vectors were saved.
    pub run: Option<(PathBuf, u64)>,
}

impl Opened {
    /// `text` with its vector: its row, or else what its subwords make. None if it has neither.
    pub fn word<'a>(&'a self, text: &'a str) -> Option<Word<'a>> {
        if let Some(row) = self.vectors.find(text) {
            return Some(Word::of_row(&self.vectors, row));
        }
        let vector = self.subwords.as_ref()?.vector(text)?;
        Some(Word { text: text.into(), row: None, vector: vector.into() })
    }

    /// Each of `words` with its vector, as [`Self::word`].
    ///
    /// # Errors
    ///
    /// If one has none: with the closest spellings.
    pub fn words<'a>(&'a self, words: &'a [String], progress: Progress<'_>) -> Result<Vec<Word<'a>>> {
        let word =
            |text: &'a String| self.word(text).ok_or_else(|| unknown_word(&self.vectors, &self.name, text, progress));
        words.iter().map(word).collect()
    }
}
