//! The rows of a file as they are read: what is good is kept, what is not is reported.

use std::path::Path;

use ahash::AHashSet;

use super::{Dtype, Loaded, Reading, Reason, Report, bad};
use crate::{Result, WordVectors};

/// Rows that were read.
pub(super) struct Rows {
    words: Vec<String>,
    values: Vec<f32>,
    dimension: usize,
    seen: AHashSet<String>,
    limit: u64,
    pub report: Report,
}

impl Rows {
    /// No rows yet, each to have `dimension` numbers, with room for `expected`: at most as many as the file can hold.
    pub fn new(dimension: usize, expected: u64, how: &Reading<'_>) -> Self {
        let limit = how.limit.map_or(u64::MAX, |limit| limit as u64);
        Self {
            words: Vec::new(),
            values: Vec::with_capacity(expected.min(limit) as usize * dimension),
            dimension,
            seen: AHashSet::new(),
            limit,
            report: Report::default(),
        }
    }

    /// How many rows of the file were looked at.
    pub fn looked_at(&self) -> u64 {
        self.words.len() as u64 + self.report.skipped
    }

    /// Whether as many rows were looked at as were asked for.
    pub fn is_full(&self) -> bool {
        self.looked_at() >= self.limit
    }

    /// Takes in the row that begins at `offset`.
    pub fn add(&mut self, word: &[u8], numbers: &[f32], offset: u64) {
        debug_assert_eq!(numbers.len(), self.dimension);
        let text = String::from_utf8_lossy(word);
        if text.is_empty() {
            return self.skip(Reason::EmptyWord, offset, || "there is no word before the numbers".into());
        }
        if let Some(nth) = numbers.iter().position(|x| !x.is_finite()) {
            let detail = || format!("number {} of {text:?} is {}", nth + 1, numbers[nth]);
            return self.report.skip(Reason::NotFinite, offset, detail);
        }
        if !self.seen.insert(text.to_string()) {
            return self.report.skip(Reason::Duplicate, offset, || format!("{text:?} again"));
        }
        self.report.words_not_utf8 += u64::from(matches!(text, std::borrow::Cow::Owned(_)));
        self.words.push(text.into_owned());
        self.values.extend_from_slice(numbers);
    }

    /// Takes in that the row at `offset` is bad.
    pub fn skip(&mut self, reason: Reason, offset: u64, detail: impl FnOnce() -> String) {
        self.report.skip(reason, offset, detail);
    }

    /// Compares how many rows there are with how many were `promised`.
    pub fn expect(&mut self, promised: u64) {
        if !self.is_full() && promised != self.looked_at() {
            self.report.promised = Some(promised);
        }
    }

    /// All rows, if they are good enough.
    pub fn finish(mut self, path: &Path, dtype: Dtype, how: &Reading<'_>) -> Result<Loaded> {
        self.report.rows_read = self.words.len() as u64;
        let report = &self.report;
        if self.words.is_empty() && report.skipped == 0 {
            return Err(bad(path, "it holds no rows"));
        }
        if report.bad() > report.rows_read {
            let told = report.sentences().join("; ");
            return Err(bad(path, format!("{told}; with more bad rows than good ones, it is not what it seems to be")));
        }
        if how.strict && !report.is_whole() {
            let told = report.sentences().join("; ");
            return Err(bad(path, format!("{told}; without --strict the rest is read")));
        }
        let vectors = WordVectors::new(self.words, self.values, self.dimension);
        Ok(Loaded { vectors, dtype, report: self.report })
    }
}
