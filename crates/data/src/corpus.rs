//! A text made ready for training: tokenizer, words, and the token files of its two parts.
//!
//! ```text
//! tokenizer.json  words.json  tokens/train.bin  tokens/validation.bin  corpus.json
//! ```
//!
//! `corpus.json` is written last, so a folder that has one is complete.

use std::collections::BTreeMap;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::digest::hexadecimal;
use crate::publish::publish_bytes;
use crate::tokenizer::UNKNOWN;
use crate::{Error, Phase, Progress, Result, Text, TokenFile, Tokenizer, TokenizerChoice, Vocabulary};

/// How many pieces are tokenized at once: enough for every thread, a few megabytes of text.
const PIECES_AT_ONCE: usize = 64;

/// How to make a text ready.
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

/// What is known of a prepared text, saved as `corpus.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorpusSummary {
    /// Version of the file's form.
    pub schema: u32,
    /// What the text is: its path, or the name of the built-in corpus.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of all of it, in hexadecimal.
    pub sha256: String,
    /// V.
    pub vocab_size: usize,
    /// The part that is trained on.
    pub train: PartSummary,
    /// The part that is held out.
    pub validation: PartSummary,
}

/// What is known of one part of a text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartSummary {
    /// Its length in Unicode characters.
    pub characters: u64,
    /// Its length in tokens.
    pub tokens: u64,
    /// How many of them are `<unk>`.
    pub unknown: u64,
}

/// A prepared text, opened.
pub struct Corpus {
    /// Text to ids and back.
    pub tokenizer: Tokenizer,
    /// The rows of the token table.
    pub vocabulary: Vocabulary,
    /// The ids of the part that is trained on.
    pub train: TokenFile,
    /// The ids of the part that is held out.
    pub validation: TokenFile,
    /// Sizes and origin.
    pub summary: CorpusSummary,
}

impl Corpus {
    /// Whether `folder` holds a prepared text.
    pub fn is_prepared(folder: &Path) -> bool {
        folder.join("corpus.json").exists()
    }

    /// Makes `text` ready in `folder`, however large it is: it is read twice (once to learn the tokenizer, once to
    /// encode) and never held in memory whole.
    ///
    /// # Errors
    ///
    /// If the text is not UTF-8, too short to have two parts, or not covered by the tokenizer; if the disk is full.
    pub fn prepare(folder: &Path, text: &Text, how: &Preparation, progress: Progress<'_>) -> Result<CorpusSummary> {
        let cut = text.cut(how.held_out)?;
        let tokenizer = Tokenizer::prepare(&how.tokenizer, text, 0..cut, how.min_count, progress)?;
        publish_bytes(&folder.join("tokenizer.json"), tokenizer.to_json().as_bytes())?;

        let tokens = folder.join("tokens");
        std::fs::create_dir_all(&tokens).map_err(|source| Error::write(&tokens, source))?;
        let mut encoding = Encoding::new(text, &tokenizer, progress);
        let train = encoding.encode(0..cut, &tokens.join("train.bin"))?;
        let counts = encoding.counts.clone();
        let validation = encoding.encode(cut..text.bytes(), &tokens.join("validation.bin"))?;
        Vocabulary::new(&tokenizer, counts, how.classes.clone()).save(&folder.join("words.json"))?;

        let summary = CorpusSummary {
            schema: 1,
            name: text.name(),
            bytes: text.bytes(),
            sha256: hexadecimal(encoding.hash),
            vocab_size: tokenizer.vocab_size(),
            train,
            validation,
        };
        let json = serde_json::to_vec_pretty(&summary).expect("a summary can always be written as JSON");
        publish_bytes(&folder.join("corpus.json"), &json)?;
        Ok(summary)
    }

    /// Opens the prepared text in `folder`.
    ///
    /// # Errors
    ///
    /// If one of the files is missing, damaged, or belongs to another text.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("corpus.json");
        let bytes = std::fs::read(&path).map_err(|source| Error::read(&path, source))?;
        let bad = |problem: String| Error::BadFile { path: path.clone(), problem };
        let summary: CorpusSummary = serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
        let corpus = Self {
            tokenizer: Tokenizer::from_file(&folder.join("tokenizer.json"))?,
            vocabulary: Vocabulary::open(&folder.join("words.json"))?,
            train: TokenFile::open(&folder.join("tokens/train.bin"))?,
            validation: TokenFile::open(&folder.join("tokens/validation.bin"))?,
            summary,
        };
        let expected = (corpus.summary.vocab_size, corpus.summary.train.tokens, corpus.summary.validation.tokens);
        let found = (corpus.vocabulary.words.len(), corpus.train.len(), corpus.validation.len());
        if expected != found || corpus.tokenizer.vocab_size() != expected.0 {
            return Err(bad(format!(
                "it describes (words, training tokens, held-out tokens) {expected:?}, but the files beside it have {found:?}"
            )));
        }
        Ok(corpus)
    }
}

/// The encoding of one text, part after part.
struct Encoding<'a> {
    text: &'a Text,
    tokenizer: &'a Tokenizer,
    unknown: Option<u32>,
    progress: Progress<'a>,
    counts: Vec<u64>,
    hash: Sha256,
    bytes: u64,
}

impl<'a> Encoding<'a> {
    fn new(text: &'a Text, tokenizer: &'a Tokenizer, progress: Progress<'a>) -> Self {
        let counts = vec![0; tokenizer.vocab_size()];
        Self { text, tokenizer, unknown: tokenizer.id(UNKNOWN), progress, counts, hash: Sha256::new(), bytes: 0 }
    }

    fn encode(&mut self, range: Range<u64>, path: &Path) -> Result<PartSummary> {
        let mut pieces = self.text.pieces(range)?;
        let mut part = PartSummary::default();
        let mut failure = None;
        let unknown_before = self.unknown_seen();
        let written = TokenFile::write(path, self.tokenizer.vocab_size(), |writer| {
            while let Some(ids) = self.encode_some(&mut pieces, &mut part).transpose() {
                match ids {
                    Ok(ids) => ids.iter().try_for_each(|ids| writer.push(ids))?,
                    Err(error) => {
                        failure = Some(error);
                        return Err(io::ErrorKind::Other.into());
                    }
                }
            }
            Ok(())
        });
        // What stopped the writing says more than that it stopped.
        part.tokens = failure.map_or(written, Err)?;
        part.unknown = self.unknown_seen() - unknown_before;
        Ok(part)
    }

    /// The ids of the next pieces; none at the end of the text.
    fn encode_some(
        &mut self,
        pieces: &mut impl Iterator<Item = Result<String>>,
        part: &mut PartSummary,
    ) -> Result<Option<Vec<Vec<u32>>>> {
        let some = pieces.take(PIECES_AT_ONCE).collect::<Result<Vec<String>>>()?;
        if some.is_empty() {
            return Ok(None);
        }
        for piece in &some {
            self.hash.update(piece);
            self.bytes += piece.len() as u64;
            part.characters += piece.chars().count() as u64;
        }
        let ids = self.tokenizer.encode_all(some, &self.text.name())?;
        ids.iter().flatten().for_each(|&id| self.counts[id as usize] += 1);
        match (self.progress)(Phase::Tokens, self.bytes, self.text.bytes()) {
            ControlFlow::Continue(()) => Ok(Some(ids)),
            ControlFlow::Break(()) => Err(Error::Stopped),
        }
    }

    fn unknown_seen(&self) -> u64 {
        self.unknown.map_or(0, |id| self.counts[id as usize])
    }
}
