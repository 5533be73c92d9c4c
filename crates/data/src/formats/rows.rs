//! Collects the rows of a file: good ones are kept, others reported.

use std::borrow::Cow;
use std::path::Path;

use ahash::AHashSet;

use super::dtype::Dtype;
use super::reading::{Loaded, Reading};
use super::report::{Reason, Report};
use crate::{Error, Result, WordVectors};

/// The rows of a file that is being read.
pub(super) struct Rows {
    words: Vec<String>,
    /// `[V, C]`
    values: Vec<f32>,
    dimension: usize,
    seen: AHashSet<String>,
    limit: u64,
    pub report: Report,
}

impl Rows {
    /// An empty collection of rows of `dimension` values. Memory is reserved for `expected` rows, so that must not be more
    /// than the file can hold.
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

    /// The number of rows that were kept or left out so far.
    pub fn count(&self) -> u64 {
        self.words.len() as u64 + self.report.skipped
    }

    /// Whether the limit is reached.
    pub fn is_full(&self) -> bool {
        self.count() >= self.limit
    }

    /// Adds the row at byte `offset`, or leaves it out if it is not a good one.
    pub fn add(&mut self, word: &[u8], values: &[f32], offset: u64) {
        debug_assert_eq!(values.len(), self.dimension);
        let text = String::from_utf8_lossy(word);
        if text.is_empty() {
            return self.skip(Reason::EmptyWord, offset, || "there is no word before the values".into());
        }
        if let Some(nth) = values.iter().position(|x| !x.is_finite()) {
            let detail = || format!("value {} of {text:?} is {}", nth + 1, values[nth]);
            return self.report.skip(Reason::NotFinite, offset, detail);
        }
        if !self.seen.insert(text.to_string()) {
            return self.report.skip(Reason::Duplicate, offset, || format!("{text:?} again"));
        }
        self.report.words_not_utf8 += u64::from(matches!(text, Cow::Owned(_)));
        self.words.push(text.into_owned());
        self.values.extend_from_slice(values);
    }

    /// Leaves out the row at byte `offset`.
    pub fn skip(&mut self, reason: Reason, offset: u64, detail: impl FnOnce() -> String) {
        self.report.skip(reason, offset, detail);
    }

    /// Compares the number of rows with the number that the header `promised`.
    pub fn expect(&mut self, promised: u64) {
        if !self.is_full() && promised != self.count() {
            self.report.promised = Some(promised);
        }
    }

    /// The rows of the file at `path`.
    ///
    /// # Errors
    ///
    /// If there are none, or more bad than good ones, or any that was left out and `how` is strict.
    pub fn finish(mut self, path: &Path, dtype: Dtype, how: &Reading<'_>) -> Result<Loaded> {
        self.report.rows_read = self.words.len() as u64;
        let report = &self.report;
        if self.words.is_empty() && report.skipped == 0 {
            return Err(Error::bad_file(path, "it holds no rows"));
        }
        let problems = || report.sentences().join("; ");
        if report.bad() > report.rows_read {
            let problem = format!("{}; with more bad rows than good ones, it is not what it seems to be", problems());
            return Err(Error::bad_file(path, problem));
        }
        report.check_strict(path, how.strict)?;
        let vectors = WordVectors::new(self.words, self.values, self.dimension);
        Ok(Loaded { vectors, dtype, report: self.report, subwords: None })
    }
}
