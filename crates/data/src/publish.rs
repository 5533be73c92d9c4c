//! Writes files atomically: into a temporary file beside the target, synced, then renamed over it. Another process finds the
//! complete file or none.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Writes the file at `path` atomically, with the content that `write` produces.
///
/// An existing file is replaced. On failure it stays as it was, and the temporary file is removed.
///
/// # Errors
///
/// If the system refuses, for example because the disk is full; [`Error::Write`] names `path`.
pub fn publish_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<()> {
    let temporary = temporary(path);
    let attempt = || -> std::io::Result<()> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
        let mut writer = BufWriter::with_capacity(1 << 18, file);
        write(&mut writer)?;
        writer.into_inner().map_err(|unflushed| unflushed.into_error())?.sync_all()?;
        fs::rename(&temporary, path)?;
        sync_folder_of(path)
    };
    attempt().map_err(|source| {
        let _ = fs::remove_file(&temporary);
        Error::write(path, source)
    })
}

/// [`publish_file`] for content in memory.
pub fn publish_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    publish_file(path, |writer| writer.write_all(bytes))
}

/// Syncs the folder of `path`, so that a renamed or new entry survives a power failure.
pub fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    // Windows has no such call; its file system orders the rename after the sync of the file.
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// The path of the temporary file. The process id distinguishes concurrent writers.
fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_keeps_the_old_file_and_removes_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        publish_bytes(&path, b"old").unwrap();
        let error = publish_file(&path, |writer| {
            writer.write_all(b"half of the new")?;
            Err(std::io::ErrorKind::StorageFull.into())
        });
        assert!(error.unwrap_err().to_string().contains("state.json"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
