//! Reads a file from its start: lines, words and values, with a bound on each.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::fields::{trim_end, without_bom};
use super::reading::Reading;
use crate::{Error, Phase, Result, regular_file};

/// The longest line: many times a row of 65,536 values of 20 characters.
pub(super) const MAX_LINE: u64 = 16 << 20;

/// Bytes between two calls of the progress callback.
const PROGRESS_INTERVAL: u64 = 4 << 20;

/// A file that is being read.
pub(super) struct Input<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    size: u64,
    offset: u64,
    how: Reading<'a>,
    reported: u64,
}

impl<'a> Input<'a> {
    /// Opens the file at `path`.
    pub fn open(path: &'a Path, how: &Reading<'a>) -> Result<Self> {
        let file = regular_file::open(path)?;
        let size = file.metadata().map_err(|source| Error::read(path, source))?.len();
        let reader = BufReader::with_capacity(1 << 18, file);
        Ok(Self { path, reader, size, offset: 0, how: *how, reported: 0 })
    }

    /// The offset of the next byte.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The number of bytes not read yet.
    pub fn left(&self) -> u64 {
        self.size.saturating_sub(self.offset)
    }

    /// Replaces the content of `line` with the next line, without its newline. False at the end of the file.
    ///
    /// # Errors
    ///
    /// If the line is longer than [`MAX_LINE`].
    pub fn line(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        let start = self.offset;
        line.clear();
        let read = self.until(b'\n', MAX_LINE, line)?;
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if line.len() as u64 >= MAX_LINE {
            return Err(self.bad(format!("the line at byte {start} does not end within {MAX_LINE} bytes")));
        }
        Ok(read > 0)
    }

    /// Replaces the content of `line` with the next line that is not blank, without a byte order mark. Returns its offset
    /// and the line.
    pub fn row<'l>(&mut self, line: &'l mut Vec<u8>) -> Result<Option<(u64, &'l [u8])>> {
        loop {
            let offset = self.offset;
            if !self.line(line)? {
                return Ok(None);
            }
            if offset == 0 {
                let bom = line.len() - without_bom(line).len();
                line.drain(..bom);
            }
            if !trim_end(line).is_empty() {
                return Ok(Some((offset, line)));
            }
        }
    }

    /// Appends bytes to `into` up to and including the next `end`, at most `limit`, and returns their number.
    pub fn until(&mut self, end: u8, limit: u64, into: &mut Vec<u8>) -> Result<u64> {
        let read = (&mut self.reader).take(limit).read_until(end, into);
        let read = read.map_err(|source| Error::read(self.path, source))? as u64;
        self.advance(read)?;
        Ok(read)
    }

    /// Fills `buffer`; false if the file ends first.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<bool> {
        match self.reader.read_exact(buffer) {
            Ok(()) => {
                self.advance(buffer.len() as u64)?;
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                self.offset = self.size;
                Ok(false)
            }
            Err(error) => Err(Error::read(self.path, error)),
        }
    }

    /// The error of this file with this `problem`.
    pub fn bad(&self, problem: impl Into<String>) -> Error {
        Error::bad_file(self.path, problem)
    }

    fn advance(&mut self, bytes: u64) -> Result<()> {
        self.offset += bytes;
        if let Some(progress) = self.how.progress
            && self.offset - self.reported >= PROGRESS_INTERVAL
        {
            self.reported = self.offset;
            if progress(Phase::Reading, self.offset, self.size).is_break() {
                return Err(Error::Stopped);
            }
        }
        Ok(())
    }
}
