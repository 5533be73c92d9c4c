//! A file mapped into memory, to be read where it lies.

use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::{Error, Result};

/// The bytes of a file, in memory only as far as the system keeps them there.
pub struct MappedFile {
    path: PathBuf,
    map: Mmap,
}

impl MappedFile {
    /// Maps the file at `path`.
    ///
    /// # Errors
    ///
    /// If it is missing, a directory, or cannot be mapped.
    pub fn open(path: &Path) -> Result<Self> {
        let read = |source| Error::read(path, source);
        let file = File::open(path).map_err(read)?;
        if file.metadata().map_err(read)?.is_dir() {
            return Err(Error::IsDirectory { path: path.to_path_buf(), wanted: "a file of vectors" });
        }
        // SAFETY: the map is only read. A user who truncates the file meanwhile gets the bus error that every
        // memory-mapped program gives; one who changes it gets other numbers, and no index into the map is believed.
        let map = unsafe { Mmap::map(&file) }.map_err(read)?;
        Ok(Self { path: path.to_path_buf(), map })
    }

    /// Where it lies.
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
