//! A table of words and vectors being written.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use super::{Format, beside, csv, npy, projector, safetensors, text, word2vec};
use crate::publish::publish_file;
use crate::{Error, Phase, Progress, Result, WordVectors};

/// How many rows are written between two words about how far it is.
const TELL_EVERY: u32 = 4096;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The files, that with the vectors last.
    pub files: Vec<PathBuf>,
    /// Their sizes together.
    pub bytes: u64,
    /// How many rows hold NaN or infinity; they are written as they are.
    pub not_finite: u64,
}

/// Writes `vectors` to `path` in `format`, and the words beside it where the format wants that. Each file is in place whole
/// or not at all, that with the vectors last.
///
/// `spellings` are written instead of the words where they are given: GPT-2's vocabulary spells ` cat` as `Ġcat`, which
/// formats without spaces in words can hold.
///
/// # Errors
///
/// If a file of the name is there already, if the format cannot hold some of the words, or if the system refuses.
pub fn write(
    path: &Path,
    format: Format,
    vectors: &WordVectors,
    spellings: Option<&[String]>,
    progress: Option<Progress<'_>>,
) -> Result<Written> {
    let table = Table { vectors, spellings, progress, is_stopped: Cell::new(false), not_finite: Cell::new(0) };
    let words = match format {
        Format::Npy => Some(beside(path, ".words.txt")),
        Format::Projector => Some(projector::metadata_of(path)),
        _ => None,
    };
    let files: Vec<PathBuf> = words.iter().cloned().chain([path.to_path_buf()]).collect();
    if let Some(path) = files.iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(Error::Exists { path: path.clone() });
    }
    table.check(path, format)?;
    if let Some(words) = words {
        table.publish(&words, |out| table.each_word(out))?;
    }
    table.publish(path, |out| match format {
        Format::Word2vecBinary => word2vec::write(&table, out),
        Format::Word2vecText => text::write(&table, true, out),
        Format::Glove => text::write(&table, false, out),
        Format::Npy => npy::write(&table, out),
        Format::Safetensors => safetensors::write(&table, out),
        Format::Projector => projector::write(&table, out),
        Format::Csv => csv::write(&table, out),
    })?;
    let size = |path: &PathBuf| path.metadata().map_err(|source| Error::read(path, source)).map(|found| found.len());
    let bytes = files.iter().map(size).sum::<Result<u64>>()?;
    Ok(Written { files, bytes, not_finite: table.not_finite.get() })
}

/// A table to be written.
pub(super) struct Table<'a> {
    vectors: &'a WordVectors,
    spellings: Option<&'a [String]>,
    progress: Option<Progress<'a>>,
    is_stopped: Cell<bool>,
    not_finite: Cell<u64>,
}

impl Table<'_> {
    /// V.
    pub fn len(&self) -> usize {
        self.vectors.len()
    }

    /// C.
    pub fn dimension(&self) -> usize {
        self.vectors.dimension()
    }

    /// The word of `row` as it is written.
    pub fn word(&self, row: u32) -> Cow<'_, str> {
        match self.spellings {
            Some(spellings) => Cow::Borrowed(&spellings[row as usize]),
            None => self.vectors.word(row),
        }
    }

    /// All words in order.
    pub fn words(&self) -> impl Iterator<Item = Cow<'_, str>> {
        (0..self.len() as u32).map(|row| self.word(row))
    }

    /// Hands each row to `write`, in order.
    pub fn each_row(&self, mut write: impl FnMut(&str, &[f32]) -> io::Result<()>) -> io::Result<()> {
        let row_bytes = self.dimension() as u64 * 4;
        for row in 0..self.len() as u32 {
            if let Some(progress) = self.progress
                && row.is_multiple_of(TELL_EVERY)
                && progress(Phase::Writing, row as u64 * row_bytes, self.len() as u64 * row_bytes).is_break()
            {
                self.is_stopped.set(true);
                return Err(io::ErrorKind::Other.into());
            }
            let numbers = self.vectors.row(row);
            let is_finite = numbers.iter().all(|x| x.is_finite());
            self.not_finite.update(|rows| rows + u64::from(!is_finite));
            write(&self.word(row), &numbers)?;
        }
        Ok(())
    }

    /// Writes one word a line.
    fn each_word(&self, out: &mut impl io::Write) -> io::Result<()> {
        self.words().try_for_each(|word| writeln!(out, "{word}"))
    }

    fn publish(&self, path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
        publish_file(path, write).map_err(|error| if self.is_stopped.get() { Error::Stopped } else { error })
    }

    /// Whether `format` gives back what is put in.
    fn check(&self, path: &Path, format: Format) -> Result<()> {
        let refuse = |problem: String| Err(Error::CannotHold { path: path.to_path_buf(), problem });
        if self.len() == 0 {
            return refuse("there are no rows".into());
        }
        let is_narrow = self.dimension() < 2;
        if is_narrow && matches!(format, Format::Glove | Format::Csv | Format::Projector) {
            return refuse(format!("{format} needs two numbers a row or more to be told from a list; these have one"));
        }
        let (cannot, what): (fn(&str) -> bool, _) = match format {
            Format::Word2vecBinary | Format::Word2vecText | Format::Glove => (
                |word| word.is_empty() || word.contains(|c: char| c == ' ' || c.is_ascii_control()),
                "a word is not empty and has no spaces and no control characters",
            ),
            Format::Npy => (|word| word.is_empty() || word.contains(['\n', '\r']), "a word is one line"),
            Format::Projector => (
                |word| word.trim().is_empty() || word.contains(['\t', '\n', '\r']),
                "a word is one line without tabs, and not blank",
            ),
            Format::Csv | Format::Safetensors => (|_| false, ""),
        };
        let mut those = self.words().filter(|word| cannot(word));
        let Some(first) = those.next() else { return Ok(()) };
        let others = match those.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        refuse(format!("{format} cannot hold {first:?}{others}: there, {what}; csv and safetensors hold any word"))
    }
}
