//! A table of words and vectors that is being written.

use std::borrow::Cow;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use super::fields::{BOM, LONGEST_WORD};
use super::format::Format;
use crate::publish::Staged;
use crate::{Error, Phase, Progress, Result, WordVectors};

/// Rows between two calls of the progress callback.
const PROGRESS_INTERVAL: u32 = 4096;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The files; the one with the vectors is the last.
    pub files: Vec<PathBuf>,
    /// Their total size.
    pub bytes: u64,
    /// Rows with NaN or infinity; they are written unchanged.
    pub not_finite: u64,
}

impl Written {
    /// What was written of `table`: `files`, which are in their places.
    pub(super) fn of(files: Vec<PathBuf>, table: &OutputTable<'_>) -> Result<Self> {
        let size =
            |path: &PathBuf| path.metadata().map_err(|source| Error::read(path, source)).map(|found| found.len());
        let bytes = files.iter().map(size).sum::<Result<u64>>()?;
        Ok(Self { files, bytes, not_finite: table.not_finite.get() })
    }
}

/// A table to be written.
pub(super) struct OutputTable<'a> {
    vectors: &'a WordVectors,
    spellings: Option<&'a [String]>,
    progress: Option<Progress<'a>>,
    is_stopped: Cell<bool>,
    /// Rows with NaN or infinity, counted while they are written.
    pub not_finite: Cell<u64>,
}

impl<'a> OutputTable<'a> {
    /// `vectors`, with `spellings` instead of their words if there are any.
    pub fn new(vectors: &'a WordVectors, spellings: Option<&'a [String]>, progress: Option<Progress<'a>>) -> Self {
        Self { vectors, spellings, progress, is_stopped: Cell::new(false), not_finite: Cell::new(0) }
    }

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

    /// Calls `write` with each row in order.
    pub fn each_row(&self, mut write: impl FnMut(&str, &[f32]) -> io::Result<()>) -> io::Result<()> {
        let row_bytes = self.dimension() as u64 * 4;
        for row in 0..self.len() as u32 {
            if let Some(progress) = self.progress
                && row.is_multiple_of(PROGRESS_INTERVAL)
                && progress(Phase::Writing, row as u64 * row_bytes, self.len() as u64 * row_bytes).is_break()
            {
                self.is_stopped.set(true);
                return Err(io::ErrorKind::Other.into());
            }
            let values = self.vectors.row(row);
            let is_finite = values.iter().all(|x| x.is_finite());
            self.not_finite.update(|rows| rows + u64::from(!is_finite));
            write(&self.word(row), &values)?;
        }
        Ok(())
    }

    /// Writes a word list: one word a line.
    pub fn each_word(&self, out: &mut impl io::Write) -> io::Result<()> {
        self.words().try_for_each(|word| writeln!(out, "{word}"))
    }

    /// Writes the file that will be called `path`, with the content that `write` produces.
    pub fn stage(&self, path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<Staged> {
        Staged::file(path, write).map_err(|error| if self.is_stopped.get() { Error::Stopped } else { error })
    }

    /// Checks that reading a file in `format` would give the table back.
    pub fn check(&self, path: &Path, format: Format) -> Result<()> {
        let refuse = |problem: String| Err(Error::CannotHold { path: path.to_path_buf(), problem });
        if self.len() == 0 {
            return refuse("there are no rows".into());
        }
        if self.dimension() < 2 && matches!(format, Format::Glove | Format::Csv | Format::Projector) {
            let problem = "with fewer than two values a row it could not be told from a list; these have one";
            return refuse(format!("{format} cannot hold them: {problem}"));
        }
        if matches!(format, Format::Glove | Format::Npy | Format::Projector) && self.word(0).starts_with(BOM) {
            let problem =
                "it would begin with a byte order mark, which its readers drop; csv and safetensors hold any word";
            return refuse(format!("{format} cannot hold {:?} as the first word: {problem}", self.word(0)));
        }
        let is_spaced = |word: &str| word.is_empty() || word.contains(|c: char| c == ' ' || c.is_ascii_control());
        let (cannot, rule): (&dyn Fn(&str) -> bool, _) = match format {
            Format::Word2vecBinary => (
                &|word| is_spaced(word) || word.len() > LONGEST_WORD,
                "a word is not empty, has no spaces and no control characters, and at most 4094 bytes",
            ),
            Format::Word2vecText | Format::Glove => {
                (&is_spaced, "a word is not empty and has no spaces and no control characters")
            }
            Format::Npy => (&|word| word.is_empty() || word.contains(['\n', '\r']), "a word is one line"),
            Format::Projector => (
                &|word| word.trim().is_empty() || word.contains(['\t', '\n', '\r']),
                "a word is one line without tabs, and not blank",
            ),
            Format::Csv | Format::Safetensors => (&|_| false, ""),
            Format::FastText => {
                let names = Format::WRITTEN.map(Format::name).join(", ");
                return refuse(format!("a {format} is only read; expected one of {names}"));
            }
        };
        let mut refused = self.words().filter(|word| cannot(word));
        let Some(first) = refused.next() else { return Ok(()) };
        let others = match refused.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        refuse(format!("{format} cannot hold {first:?}{others}: in it, {rule}; csv and safetensors hold any word"))
    }
}
