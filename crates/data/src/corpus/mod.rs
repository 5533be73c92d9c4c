//! A text prepared for training: tokenizer, vocabulary, and the token ids of its two parts.

mod encoder;
#[cfg(feature = "files")]
mod folder;
mod summary;

use std::collections::BTreeMap;
use std::path::Path;

use crate::{Error, Progress, Result, Text, Tokenizer, TokenizerChoice, Tokens, Vocabulary};
use encoder::Encoder;

pub use summary::{CorpusSummary, PartSummary};

/// How to prepare a text.
#[derive(Clone, Debug)]
pub struct Preparation {
    /// Which tokenizer.
    pub tokenizer: TokenizerChoice,
    /// How often a word must occur to have a row of its own (word tokenizer only).
    pub min_count: u64,
    /// The share of the text that is held out, from its end.
    pub held_out: f64,
    /// The answer key, if the text has one.
    pub classes: BTreeMap<String, Vec<String>>,
}

/// A prepared text.
pub struct Corpus {
    /// Text to ids and back.
    pub tokenizer: Tokenizer,
    /// The words of the token table.
    pub vocabulary: Vocabulary,
    /// The ids of the training part.
    pub train: Tokens,
    /// The ids of the held-out part.
    pub validation: Tokens,
    /// Size and origin.
    pub summary: CorpusSummary,
}

impl Corpus {
    /// Prepares `text` in memory.
    ///
    /// # Errors
    ///
    /// If the text is not covered by the tokenizer, or `progress` asks to stop.
    pub fn in_memory(text: &Text, how: &Preparation, progress: Progress<'_>) -> Result<Self> {
        let cut = text.cut(how.held_out)?;
        let tokenizer = Tokenizer::prepare(&how.tokenizer, text, 0..cut, how.min_count, progress)?;
        let mut encoder = Encoder::new(text, &tokenizer, progress);
        let mut part = encoder.part(0..cut)?;
        let (train, train_summary) = (part.by_ref().collect::<Result<Vec<_>>>()?.concat(), part.finish());
        let vocabulary = Vocabulary::new(&tokenizer, encoder.counts.clone(), how.classes.clone());
        let mut part = encoder.part(cut..text.bytes())?;
        let (validation, validation_summary) = (part.by_ref().collect::<Result<Vec<_>>>()?.concat(), part.finish());
        let summary = encoder.finish(train_summary, validation_summary);
        let (train, validation) = [train, validation].map(|ids| Tokens::in_memory(&summary.name, ids)).into();
        Ok(Self { tokenizer, vocabulary, train, validation, summary })
    }

    /// Checks that the parts are those that the summary, whose file is at `path`, was made of.
    ///
    /// # Errors
    ///
    /// If they belong to another text.
    pub fn check(&self, path: &Path) -> Result<()> {
        let expected = (self.summary.vocab_size, self.summary.train.tokens, self.summary.validation.tokens);
        let found = (self.vocabulary.words.len(), self.train.len(), self.validation.len());
        if expected == found && self.tokenizer.vocab_size() == expected.0 {
            return Ok(());
        }
        Err(Error::bad_file(
            path,
            format!(
                "it promises (words, training tokens, held-out tokens) {expected:?}, but the files beside it have {found:?}"
            ),
        ))
    }
}
