//! The report of a reader: which rows were left out, and why.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::{Error, Result, ScanReport};

/// Why a row was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// An earlier row has the same word; as in gensim, the earlier row is kept.
    Duplicate,
    /// The row has no word.
    EmptyWord,
    /// The row has more or fewer values than the others.
    Width,
    /// A field is not a number.
    NotANumber,
    /// A value is infinite or NaN, so that no cosine can be computed.
    NotFinite,
    /// The file ends within the row.
    CutShort,
    /// The word has control characters, in a format whose words have none.
    ControlCharacters,
}

impl Reason {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::EmptyWord => "empty_word",
            Self::Width => "width",
            Self::NotANumber => "not_a_number",
            Self::NotFinite => "not_finite",
            Self::CutShort => "cut_short",
            Self::ControlCharacters => "control_characters",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Duplicate => "with the word of an earlier row",
            Self::EmptyWord => "without a word",
            Self::Width => "with more or fewer values",
            Self::NotANumber => "with a field that is not a number",
            Self::NotFinite => "with NaN or infinity",
            Self::CutShort => "cut short by the end of the file",
            Self::ControlCharacters => "with control characters in the word",
        })
    }
}

/// How many rows of a file were kept and left out, and what else was wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows kept.
    pub rows_read: u64,
    /// Rows left out.
    pub skipped: u64,
    /// Rows left out for each reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// Byte offset of the first row that was left out.
    pub first_bad_offset: Option<u64>,
    /// What is wrong with it.
    pub first_bad: Option<String>,
    /// Words kept although they are not valid UTF-8; invalid bytes are shown as `U+FFFD`.
    pub words_not_utf8: u64,
    /// Words in the vocabulary of a model for which its table has no row.
    pub words_without_row: u64,
    /// Labels of a fastText classifier, which are no words. They do not count as left out.
    pub labels: u64,
    /// The number of rows in the file's header, if it is not the number of rows in the file.
    pub promised: Option<u64>,
    /// Bytes behind the last row that the header promises.
    pub bytes_left_over: u64,
}

impl Report {
    /// The report of a table whose rows were all kept.
    pub fn whole(rows: usize) -> Self {
        Self { rows_read: rows as u64, ..Self::default() }
    }

    /// The report of a mapped word2vec file.
    pub(super) fn of_scan(scan: &ScanReport) -> Self {
        let reasons = [(Reason::EmptyWord, scan.empty), (Reason::Duplicate, scan.repeated)];
        let skipped = scan.empty + scan.repeated;
        Self {
            rows_read: scan.rows - skipped,
            skipped,
            reasons: reasons.into_iter().filter(|(_, count)| *count > 0).collect(),
            first_bad_offset: scan.first.filter(|_| skipped > 0),
            first_bad: (skipped > 0).then(|| "its word is empty, that of an earlier row, or not UTF-8".into()),
            words_not_utf8: scan.not_utf8,
            ..Self::default()
        }
    }

    /// Whether no row was left out and the file is what its header says.
    pub fn is_whole(&self) -> bool {
        self.skipped == 0 && self.promised.is_none() && self.bytes_left_over == 0 && self.words_without_row == 0
    }

    /// An error if `strict` and something was left out of the file at `path`.
    pub(super) fn check_strict(&self, path: &Path, strict: bool) -> Result<()> {
        if strict && !self.is_whole() {
            let problems = self.sentences().join("; ");
            return Err(Error::bad_file(path, format!("{problems}; without --strict the rest is read")));
        }
        Ok(())
    }

    /// Counts a row that is left out. `detail` describes the problem.
    pub(super) fn skip(&mut self, reason: Reason, offset: u64, detail: impl FnOnce() -> String) {
        self.skipped += 1;
        *self.reasons.entry(reason).or_default() += 1;
        if self.first_bad_offset.is_none() {
            self.first_bad_offset = Some(offset);
            self.first_bad = Some(detail());
        }
    }

    /// The number of bad rows. A row with a repeated word does not count as bad.
    pub(super) fn bad(&self) -> u64 {
        self.skipped - self.reasons.get(&Reason::Duplicate).copied().unwrap_or(0)
    }

    /// The messages for the user, one sentence each; none if the file is whole.
    pub fn sentences(&self) -> Vec<String> {
        let mut all = Vec::new();
        if self.skipped > 0 {
            let reasons: Vec<String> = self.reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
            let first = match (self.first_bad_offset, &self.first_bad) {
                (Some(offset), Some(detail)) => format!("; the first begins at byte {offset}: {detail}"),
                _ => String::new(),
            };
            let of = self.rows_read + self.skipped;
            all.push(format!("{} of {of} rows were left out: {}{first}", self.skipped, reasons.join(", ")));
        }
        if let Some(promised) = self.promised {
            all.push(format!("its header promises {promised} rows; it has {}", self.rows_read + self.skipped));
        }
        if self.bytes_left_over > 0 {
            all.push(format!("{} bytes follow the last row that its header promises", self.bytes_left_over));
        }
        if self.words_without_row > 0 {
            let words = self.words_without_row;
            all.push(format!(
                "its vocabulary has words that its table has no row for: {words}; they have no vector, and may belong to \
                 another model"
            ));
        }
        if self.labels > 0 {
            all.push(format!("it is a classifier, whose {} labels are no words and have no vectors here", self.labels));
        }
        if self.words_not_utf8 > 0 {
            let count = self.words_not_utf8;
            all.push(format!("words that are not UTF-8: {count}; their invalid bytes are shown as \u{FFFD}"));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_gives_counts_reasons_and_the_first_offset() {
        let mut report = Report { rows_read: 7, ..Report::default() };
        assert!(report.is_whole() && report.sentences().is_empty());
        report.skip(Reason::NotFinite, 90, || "value 3 is NaN".into());
        report.skip(Reason::Duplicate, 120, || unreachable!("only the first is described"));
        report.skip(Reason::Duplicate, 150, || unreachable!("only the first is described"));
        assert_eq!(
            report.sentences(),
            ["3 of 10 rows were left out: 2 with the word of an earlier row, 1 with NaN or infinity; \
              the first begins at byte 90: value 3 is NaN"]
        );
        assert_eq!(report.bad(), 1);
    }
}
