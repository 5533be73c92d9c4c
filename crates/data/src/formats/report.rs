//! What was left out of a file, and why.

use std::collections::BTreeMap;
use std::fmt;

use crate::ScanReport;

/// Why a row was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The same word stands on an earlier row, which is kept, as gensim does.
    Duplicate,
    /// A row without a word.
    EmptyWord,
    /// More or fewer numbers than the other rows have.
    Width,
    /// A field that should be a number and is none.
    NotANumber,
    /// A number that is infinite or not a number (NaN), with which no cosine can be computed.
    NotFinite,
    /// A row that the end of the file cuts short.
    CutShort,
    /// A word with control characters in it, in a format where words have none.
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
            Self::Duplicate => "with a word that is there already",
            Self::EmptyWord => "without a word",
            Self::Width => "with another count of numbers",
            Self::NotANumber => "with a field that is no number",
            Self::NotFinite => "with NaN or infinity",
            Self::CutShort => "cut short by the end of the file",
            Self::ControlCharacters => "with control characters in the word",
        })
    }
}

/// What became of the rows of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many rows were kept.
    pub rows_read: u64,
    /// How many were left out.
    pub skipped: u64,
    /// Why, and how many for each reason.
    pub reasons: BTreeMap<Reason, u64>,
    /// Where the first row that was left out begins, in bytes from the beginning of the file.
    pub first_bad_offset: Option<u64>,
    /// What is wrong with it.
    pub first_bad: Option<String>,
    /// How many words are not UTF-8; they were kept, with `U+FFFD` for what is no character.
    pub words_not_utf8: u64,
    /// How many words the vocabulary of a model has that its table has no row for.
    pub words_without_row: u64,
    /// How many rows the file's header promises, where it is not as many as there are.
    pub promised: Option<u64>,
    /// How many bytes follow the last row that the header promises.
    pub bytes_left_over: u64,
}

impl Report {
    /// The report of a table whose rows were all kept.
    pub fn whole(rows: usize) -> Self {
        Self { rows_read: rows as u64, ..Self::default() }
    }

    /// The report of a word2vec file that was mapped.
    pub(super) fn of_scan(scan: &ScanReport) -> Self {
        let reasons = [(Reason::EmptyWord, scan.empty), (Reason::Duplicate, scan.repeated)];
        let skipped = scan.empty + scan.repeated;
        Self {
            rows_read: scan.rows - skipped,
            skipped,
            reasons: reasons.into_iter().filter(|(_, count)| *count > 0).collect(),
            first_bad_offset: scan.first.filter(|_| skipped > 0),
            first_bad: (skipped > 0).then(|| "its word is empty, there already, or not UTF-8".into()),
            words_not_utf8: scan.not_utf8,
            ..Self::default()
        }
    }

    /// Whether nothing was left out and the file is what its header says.
    pub fn is_whole(&self) -> bool {
        self.skipped == 0 && self.promised.is_none() && self.bytes_left_over == 0 && self.words_without_row == 0
    }

    /// Takes in a row that is left out. `detail` says what is wrong with it.
    pub(super) fn skip(&mut self, reason: Reason, offset: u64, detail: impl FnOnce() -> String) {
        self.skipped += 1;
        *self.reasons.entry(reason).or_default() += 1;
        if self.first_bad_offset.is_none() {
            self.first_bad_offset = Some(offset);
            self.first_bad = Some(detail());
        }
    }

    /// How many rows are bad; a repeated word is not.
    pub(super) fn bad(&self) -> u64 {
        self.skipped - self.reasons.get(&Reason::Duplicate).copied().unwrap_or(0)
    }

    /// What a user should know, a sentence each; nothing if all is well.
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
                "its vocabulary has words that its table has no row for: {words}; they have no vector, and may be another \
                 model's"
            ));
        }
        if self.words_not_utf8 > 0 {
            let count = self.words_not_utf8;
            all.push(format!("words that are not UTF-8: {count}; what is no character in them is shown as \u{FFFD}"));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_how_many_why_and_where_the_first_is() {
        let mut report = Report { rows_read: 7, ..Report::default() };
        assert!(report.is_whole() && report.sentences().is_empty());
        report.skip(Reason::NotFinite, 90, || "NaN as number 3".into());
        report.skip(Reason::Duplicate, 120, || unreachable!("only the first is told in detail"));
        report.skip(Reason::Duplicate, 150, || unreachable!("only the first is told in detail"));
        assert_eq!(
            report.sentences(),
            ["3 of 10 rows were left out: 2 with a word that is there already, 1 with NaN or infinity; \
              the first begins at byte 90: NaN as number 3"]
        );
        assert_eq!(report.bad(), 1);
    }
}
