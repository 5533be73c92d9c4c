//! The zip file of a run folder. It may come from anyone: nothing of it is believed before it is read, and no more is read than
//! a page has room for.

use std::borrow::Cow;
use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::{Error, Result};

/// The most that is read of a zip file, in bytes, once it is unpacked.
const MAX_UNPACKED: u64 = 384 << 20;

/// A run folder in a zip file.
pub struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The path of the run folder within the zip file, with a slash at its end, or nothing.
    folder: String,
    /// How much may still be read.
    left: u64,
}

impl<'a> Archive<'a> {
    /// Opens the zip file with these `bytes`, and finds the run folder in it: the outermost with a `config.toml`.
    ///
    /// # Errors
    ///
    /// If it is no zip file, or has no run in it.
    pub fn open(bytes: &'a [u8]) -> Result<Self> {
        let zip = ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| Error::Archive(format!("it cannot be read as a zip file ({error})")))?;
        let folders = names(&zip).filter_map(|name| Some(name.strip_suffix("config.toml")?.to_string()));
        let folders = folders.filter(|folder| folder.is_empty() || folder.ends_with('/'));
        let folder = folders.min_by_key(|folder| folder.matches('/').count());
        let folder = folder.ok_or_else(|| {
            Error::Archive("it has no config.toml; expected the zip of a run folder, such as runs/toy".into())
        })?;
        Ok(Self { zip, folder, left: MAX_UNPACKED })
    }

    /// The names of its files.
    pub fn names(&self) -> Vec<String> {
        names(&self.zip).filter_map(|name| Some(name.strip_prefix(&self.folder)?.to_string())).collect()
    }

    /// The bytes of the file called `name`.
    ///
    /// # Errors
    ///
    /// If it is missing or damaged, or the files that were read are too many.
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>> {
        let bad = |problem: String| Error::Archive(format!("{name} in it cannot be read: {problem}"));
        let entry = self.zip.by_name(&format!("{}{name}", self.folder)).map_err(|error| bad(error.to_string()))?;
        let mut file = Vec::new();
        entry.take(self.left + 1).read_to_end(&mut file).map_err(|error| bad(error.to_string()))?;
        self.left = self.left.checked_sub(file.len() as u64).ok_or_else(|| {
            Error::Archive(format!("its files have more than {} MB, which is too much for a page", MAX_UNPACKED >> 20))
        })?;
        Ok(file)
    }
}

/// The names of all files in `zip` that are text.
fn names<'z>(zip: &'z ZipArchive<Cursor<&[u8]>>) -> impl Iterator<Item = Cow<'z, str>> {
    zip.file_names().filter_map(|name| name.ok())
}

/// The zip file with the folder `name` and these `files` in it.
///
/// # Errors
///
/// If a name is longer than a zip file can hold.
pub fn pack(name: &str, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Vec<u8>> {
    let failed = |error: &dyn std::fmt::Display| Error::Question(format!("the run does not fit a zip file: {error}"));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        zip.start_file(format!("{name}/{path}"), SimpleFileOptions::default()).map_err(|error| failed(&error))?;
        zip.write_all(&content).map_err(|error| failed(&error))?;
    }
    Ok(zip.finish().map_err(|error| failed(&error))?.into_inner())
}
