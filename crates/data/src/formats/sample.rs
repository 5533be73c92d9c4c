//! The start of a file, from which its format and dimension are guessed.

use std::io::Read;
use std::path::Path;

use super::fields::{trim_end, without_bom};
use crate::{Error, Result, regular_file};

/// Bytes in a sample: several lines of any vectors in use.
const SAMPLE_BYTES: u64 = 1 << 18;

/// Lines taken from a sample.
const SAMPLE_LINES: usize = 100;

/// The start of a file.
pub(super) struct Sample {
    pub bytes: Vec<u8>,
    /// The size of the whole file.
    pub file_size: u64,
}

impl Sample {
    /// Reads the start of the file at `path`.
    pub fn of(path: &Path) -> Result<Self> {
        let read = |source| Error::read(path, source);
        let mut file = regular_file::open(path)?;
        let found = file.metadata().map_err(read)?;
        let mut bytes = Vec::new();
        (&mut file).take(SAMPLE_BYTES).read_to_end(&mut bytes).map_err(read)?;
        Ok(Self { bytes, file_size: found.len() })
    }

    /// Its complete lines that are not blank, as far as that can be seen.
    pub fn lines(&self) -> Vec<&[u8]> {
        let mut lines: Vec<&[u8]> = without_bom(&self.bytes).split(|&byte| byte == b'\n').collect();
        // The last line may be incomplete. In a file of two or three lines it is needed all the same.
        if lines.len() > 3 || lines.len() > 1 && self.file_size > self.bytes.len() as u64 {
            lines.pop();
        }
        let lines = lines.into_iter().map(trim_end).filter(|line| !line.is_empty());
        lines.take(SAMPLE_LINES).collect()
    }
}
