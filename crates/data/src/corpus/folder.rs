//! A prepared text in a folder.
//!
//! ```text
//! tokenizer.json  words.json  tokens/train.bin  tokens/validation.bin  corpus.json
//! ```
//!
//! `corpus.json` is written last, so a folder that has one is complete.

use std::io;
use std::path::Path;

use super::encoder::PartEncoder;
use super::{Corpus, CorpusSummary, Encoder, PartSummary, Preparation};
use crate::publish::{create_folder, publish_bytes};
use crate::token_file::TokenFile;
use crate::{Progress, Result, Text, Tokenizer, Tokens, Vocabulary, regular_file};

/// The largest `corpus.json`, a page of numbers and the name of a text.
const MAX_SUMMARY_BYTES: u64 = 1 << 20;

impl Corpus {
    /// Whether `folder` holds a prepared text.
    pub fn is_prepared(folder: &Path) -> bool {
        folder.join("corpus.json").exists()
    }

    /// Prepares `text` in `folder`. The text is read twice, to learn the tokenizer and to encode it, and never held in
    /// memory as a whole.
    ///
    /// # Errors
    ///
    /// If the text is not UTF-8, too short to have two parts, or not covered by the tokenizer; if the disk is full.
    pub fn prepare(folder: &Path, text: &Text, how: &Preparation, progress: Progress<'_>) -> Result<CorpusSummary> {
        let cut = text.cut(how.held_out)?;
        let tokenizer = Tokenizer::prepare(&how.tokenizer, text, 0..cut, how.min_count, progress)?;
        publish_bytes(&folder.join("tokenizer.json"), tokenizer.to_json().as_bytes())?;

        let tokens = folder.join("tokens");
        create_folder(&tokens)?;
        let vocab_size = tokenizer.vocab_size();
        let mut encoder = Encoder::new(text, &tokenizer, progress);
        let train = write_part(encoder.part(0..cut)?, vocab_size, &tokens.join("train.bin"))?;
        let counts = encoder.counts.clone();
        let held_out = encoder.part(cut..text.bytes())?;
        let validation = write_part(held_out, vocab_size, &tokens.join("validation.bin"))?;
        Vocabulary::new(&tokenizer, counts, how.classes.clone()).save(&folder.join("words.json"))?;

        let summary = encoder.finish(train, validation);
        publish_bytes(&folder.join("corpus.json"), &summary.encode())?;
        Ok(summary)
    }

    /// Opens the prepared text in `folder`.
    ///
    /// # Errors
    ///
    /// If one of the files is missing, damaged, or belongs to another text.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("corpus.json");
        let corpus = Self {
            summary: CorpusSummary::decode(&path, &regular_file::read(&path, MAX_SUMMARY_BYTES)?)?,
            tokenizer: Tokenizer::from_file(&folder.join("tokenizer.json"))?,
            vocabulary: Vocabulary::open(&folder.join("words.json"))?,
            train: Tokens::open(&folder.join("tokens/train.bin"))?,
            validation: Tokens::open(&folder.join("tokens/validation.bin"))?,
        };
        corpus.check(&path)?;
        Ok(corpus)
    }
}

/// Writes the ids of `part` to the token file at `path`.
fn write_part(mut part: PartEncoder<'_, '_>, vocab_size: usize, path: &Path) -> Result<PartSummary> {
    let mut failure = None;
    let written = TokenFile::write(path, vocab_size, |writer| {
        for ids in part.by_ref() {
            match ids {
                Ok(ids) => writer.push(&ids)?,
                Err(error) => {
                    failure = Some(error);
                    return Err(io::ErrorKind::Other.into());
                }
            }
        }
        Ok(())
    });
    // An error of the encoder is the reason for the error of the writer.
    failure.map_or(written, Err)?;
    Ok(part.finish())
}
