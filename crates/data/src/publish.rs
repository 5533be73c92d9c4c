//! A file another process reads is complete or absent: written beside its place, synced, then renamed into it.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Writes the file `path` through `write` so that no reader and no crash ever meets half of it.
///
/// An older file of that name is replaced. On failure the older file stands and nothing is left beside it.
///
/// # Errors
///
/// If the system refuses any of it, a full disk for example; [`Error::Write`] names `path`.
pub fn publish_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<()> {
    let beside = beside(path);
    let attempt = || -> std::io::Result<()> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&beside)?;
        let mut writer = BufWriter::with_capacity(1 << 18, file);
        write(&mut writer)?;
        writer.into_inner().map_err(|unflushed| unflushed.into_error())?.sync_all()?;
        fs::rename(&beside, path)?;
        sync_folder_of(path)
    };
    attempt().map_err(|source| {
        let _ = fs::remove_file(&beside);
        Error::write(path, source)
    })
}

/// [`publish_file`] with the whole content at hand.
pub fn publish_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    publish_file(path, |writer| writer.write_all(bytes))
}

/// Makes a rename or a new entry in the folder of `path` last through a power cut.
pub fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    // Windows has no such call; there the file system orders the rename after the file's own sync.
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Where the file is written before it is renamed. The process id keeps two writers apart.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_older_file_and_nothing_beside_it() {
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
