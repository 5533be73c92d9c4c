//! A file mapped into memory for reading.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::{Error, Result, regular_file};

/// The bytes of a mapped file. The operating system loads and evicts its pages.
pub struct MappedFile {
    path: PathBuf,
    map: Mmap,
}

impl MappedFile {
    /// Maps the file at `path`.
    ///
    /// # Errors
    ///
    /// If it is missing, no regular file, or cannot be mapped.
    pub fn open(path: &Path) -> Result<Self> {
        let file = regular_file::open(path)?;
        // SAFETY: the mapping is private to this struct and never written, and our own writers replace a file by renaming
        // rather than changing it, so the bytes stay as they are unless another program changes the file meanwhile. If
        // one shortens it, the system ends this process with SIGBUS: no invalid memory is read. If one changes bytes, other
        // values are read: every bit pattern is a valid `u8`, and offsets read from a file are bounds-checked at each use.
        let map = unsafe { Mmap::map(&file) }.map_err(|source| Error::read(path, source))?;
        Ok(Self { path: path.to_path_buf(), map })
    }

    /// The path it was opened at.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}
