//! A file being read from its beginning: lines, words and numbers, never more than the file has.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::{Reading, bad};
use crate::{Error, Phase, Result};

/// The longest line that is read: a row of 65,536 numbers of 20 characters fits many times over.
const LONGEST_LINE: u64 = 16 << 20;

/// How many bytes are read between two words about how far it is.
const TELL_EVERY: u64 = 4 << 20;

/// A file being read.
pub(super) struct Input<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    size: u64,
    offset: u64,
    how: Reading<'a>,
    told: u64,
}

impl<'a> Input<'a> {
    /// Opens the file at `path`.
    pub fn open(path: &'a Path, how: &Reading<'a>) -> Result<Self> {
        let read = |source| Error::read(path, source);
        let file = File::open(path).map_err(read)?;
        let found = file.metadata().map_err(read)?;
        if found.is_dir() {
            return Err(Error::IsDirectory { path: path.to_path_buf(), wanted: "a file of vectors" });
        }
        let reader = BufReader::with_capacity(1 << 18, file);
        Ok(Self { path, reader, size: found.len(), offset: 0, how: *how, told: 0 })
    }

    /// Where the next byte lies.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes are still to come.
    pub fn left(&self) -> u64 {
        self.size.saturating_sub(self.offset)
    }

    /// The next line without its ending, in place of what is in `line`; false at the end of the file.
    ///
    /// # Errors
    ///
    /// If it is longer than any row.
    pub fn line(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        line.clear();
        self.append_line(line)
    }

    /// [`Self::line`] behind what is in `line`, a line break between.
    pub fn append_line(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        let start = self.offset;
        if !line.is_empty() {
            line.push(b'\n');
        }
        let read = self.until(b'\n', LONGEST_LINE, line)?;
        if read > 0 && line.last() == Some(&b'\n') {
            line.pop();
        }
        if line.len() as u64 >= LONGEST_LINE {
            return Err(self.bad(format!("the line at byte {start} does not end within {LONGEST_LINE} bytes")));
        }
        Ok(read > 0)
    }

    /// Appends bytes to `into` up to and with the next `end`, at most `most`; how many they were.
    pub fn until(&mut self, end: u8, most: u64, into: &mut Vec<u8>) -> Result<u64> {
        let read = (&mut self.reader).take(most).read_until(end, into);
        let read = read.map_err(|source| Error::read(self.path, source))? as u64;
        self.went_on(read)?;
        Ok(read)
    }

    /// Fills `buffer`; false if the file ends before that.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<bool> {
        match self.reader.read_exact(buffer) {
            Ok(()) => {
                self.went_on(buffer.len() as u64)?;
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                self.offset = self.size;
                Ok(false)
            }
            Err(error) => Err(Error::read(self.path, error)),
        }
    }

    /// An error of this file.
    pub fn bad(&self, problem: impl Into<String>) -> Error {
        bad(self.path, problem)
    }

    fn went_on(&mut self, bytes: u64) -> Result<()> {
        self.offset += bytes;
        if let Some(progress) = self.how.progress
            && self.offset - self.told >= TELL_EVERY
        {
            self.told = self.offset;
            if progress(Phase::Reading, self.offset, self.size).is_break() {
                return Err(Error::Stopped);
            }
        }
        Ok(())
    }
}
