//! Encodes a text part by part, and counts while it does.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::summary::{CorpusSummary, PartSummary};
use crate::digest::hexadecimal;
use crate::special::UNKNOWN;
use crate::text::Chunks;
use crate::{Error, Phase, Progress, Result, Text, Tokenizer};

/// Chunks that are tokenized at once: enough for every thread, a few megabytes of text.
const CHUNKS_AT_ONCE: usize = 64;

/// Encodes one text. Its parts must be encoded in order, because the digest is of the whole text.
pub(super) struct Encoder<'a> {
    text: &'a Text,
    tokenizer: &'a Tokenizer,
    unknown: Option<u32>,
    progress: Progress<'a>,
    /// How often each id occurred so far, `[V]`.
    pub counts: Vec<u64>,
    hash: Sha256,
    bytes: u64,
}

impl<'a> Encoder<'a> {
    pub fn new(text: &'a Text, tokenizer: &'a Tokenizer, progress: Progress<'a>) -> Self {
        let counts = vec![0; tokenizer.vocab_size()];
        Self { text, tokenizer, unknown: tokenizer.id(UNKNOWN), progress, counts, hash: Sha256::new(), bytes: 0 }
    }

    /// Encodes the bytes in `range`.
    pub fn part(&mut self, range: Range<u64>) -> Result<PartEncoder<'_, 'a>> {
        let (chunks, unknown_before) = (self.text.chunks(range)?, self.unknown_count());
        Ok(PartEncoder { encoder: self, chunks, unknown_before, summary: PartSummary::default() })
    }

    /// The summary of the text once both parts are encoded.
    pub fn finish(self, train: PartSummary, validation: PartSummary) -> CorpusSummary {
        CorpusSummary {
            schema: 1,
            name: self.text.name(),
            bytes: self.text.bytes(),
            sha256: hexadecimal(&self.hash.finalize()),
            vocab_size: self.tokenizer.vocab_size(),
            train,
            validation,
        }
    }

    fn unknown_count(&self) -> u64 {
        self.unknown.map_or(0, |id| self.counts[id as usize])
    }
}

/// Iterates over the ids of one part, those of some chunks at a time.
pub(super) struct PartEncoder<'e, 'a> {
    encoder: &'e mut Encoder<'a>,
    chunks: Chunks<'a>,
    unknown_before: u64,
    summary: PartSummary,
}

impl PartEncoder<'_, '_> {
    /// The summary of the part, once all its ids were taken.
    pub fn finish(mut self) -> PartSummary {
        self.summary.unknown = self.encoder.unknown_count() - self.unknown_before;
        self.summary
    }

    fn encode(&mut self, chunks: Vec<String>) -> Result<Vec<u32>> {
        let encoder = &mut *self.encoder;
        for chunk in &chunks {
            encoder.hash.update(chunk);
            encoder.bytes += chunk.len() as u64;
            self.summary.characters += chunk.chars().count() as u64;
        }
        let ids = encoder.tokenizer.encode_all(chunks, &encoder.text.name())?.concat();
        ids.iter().for_each(|&id| encoder.counts[id as usize] += 1);
        self.summary.tokens += ids.len() as u64;
        if (encoder.progress)(Phase::Tokens, encoder.bytes, encoder.text.bytes()).is_break() {
            return Err(Error::Stopped);
        }
        Ok(ids)
    }
}

impl Iterator for PartEncoder<'_, '_> {
    type Item = Result<Vec<u32>>;

    fn next(&mut self) -> Option<Result<Vec<u32>>> {
        let chunks = self.chunks.by_ref().take(CHUNKS_AT_ONCE).collect::<Result<Vec<String>>>();
        match chunks {
            Ok(chunks) if chunks.is_empty() => None,
            Ok(chunks) => Some(self.encode(chunks)),
            Err(error) => Some(Err(error)),
        }
    }
}
