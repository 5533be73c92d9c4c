//! Writes files and folders atomically: under a temporary name beside their own, synced, then renamed. Another process finds
//! all of it or nothing, also after a kill or a power cut.
//!
//! The temporary name is `.NAME.NUMBER.partial`, and its writer holds a lock on it. A killed process leaves it unlocked: that
//! is how the next one that writes NAME knows that it may remove it. A process id says nothing: containers that share a
//! folder give the same ones, and a system gives one again.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Writes the file at `path` atomically, with the content that `write` produces.
///
/// An existing file is replaced. On failure it stays as it was, and the temporary file is removed.
///
/// # Errors
///
/// If the system refuses, for example because the disk is full; [`Error::Write`] names `path`.
pub fn publish_file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<()> {
    Staged::file(path, write)?.publish()
}

/// [`publish_file`] for content in memory.
pub fn publish_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    publish_file(path, |writer| writer.write_all(bytes))
}

/// A file or folder under its temporary name. Dropped before it is published, it is removed.
pub struct Staged {
    path: PathBuf,
    temporary: PathBuf,
    /// Holds the lock, which the operating system releases when the process ends, however it ends.
    lock: Option<File>,
    is_published: bool,
}

impl Staged {
    /// Writes a file that will be called `path`, with the content that `write` produces, and syncs it.
    ///
    /// # Errors
    ///
    /// As of [`publish_file`].
    pub fn file(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<Self> {
        let attempt = || -> io::Result<Self> {
            let staged = Self::create(path, |temporary| {
                OpenOptions::new().write(true).create_new(true).open(temporary).map(Some)
            })?;
            let file = staged.lock.as_ref().expect("it has just been opened").try_clone()?;
            let mut writer = BufWriter::with_capacity(1 << 18, file);
            write(&mut writer)?;
            writer.into_inner().map_err(|unflushed| unflushed.into_error())?.sync_all()?;
            Ok(staged)
        };
        attempt().map_err(|source| Error::write(path, source))
    }

    /// Creates an empty folder that will be called `path`, in a folder that is created if it is missing. The files in it must
    /// be published too, or synced, before it is.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] if the system refuses.
    pub fn folder(path: &Path) -> Result<Self> {
        if let Some(parent) = parent(path) {
            create_folder(parent)?;
        }
        // Windows does not open folders, so there they have no lock.
        let made = Self::create(path, |temporary| fs::create_dir(temporary).map(|()| File::open(temporary).ok()));
        made.map_err(|source| Error::write(path, source))
    }

    /// Makes what will be called `path`, under a temporary name that is free, and locks it.
    fn create(path: &Path, make: impl Fn(&Path) -> io::Result<Option<File>>) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default();
        let _ = remove_partial(parent(path).unwrap_or(Path::new(".")), |_, wanted| wanted == name);
        for temporary in (std::process::id()..).map(|number| partial_name(path, number)) {
            let lock = match make(&temporary) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                made => made?,
            };
            // Between the two calls, another process may have taken it for one that a killed process left.
            let is_ours = !matches!(lock.as_ref().map(File::try_lock), Some(Err(TryLockError::WouldBlock)));
            if is_ours && temporary.exists() {
                return Ok(Self { path: path.to_path_buf(), temporary, lock, is_published: false });
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// Its own name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file or folder under its temporary name.
    pub fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Renames it to its own name, durably: once this returns, it survives a power cut.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] if it is a folder and there is one of its name; [`Error::Write`] if the system refuses. Nothing of
    /// it stays then, unless it has replaced an earlier file.
    pub fn publish(mut self) -> Result<()> {
        let replaces = self.path.symlink_metadata().is_ok();
        fs::rename(&self.temporary, &self.path).map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => Error::Exists { path: self.path.clone() },
            _ => Error::write(&self.path, source),
        })?;
        let synced = sync_folder_of(&self.path).map_err(|source| Error::write(&self.path, source));
        self.is_published = synced.is_ok() || replaces || fs::rename(&self.path, &self.temporary).is_err();
        synced
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_published {
            // If this fails, the next process that writes the same name removes it.
            let _ = remove(&self.temporary);
        }
    }
}

/// Creates the folder at `path` and those above it if they are missing, durably.
///
/// # Errors
///
/// [`Error::Write`] if the system refuses.
pub fn create_folder(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = parent(path) {
        create_folder(parent)?;
    }
    match fs::create_dir(path) {
        // Another process has been faster.
        Err(_) if path.is_dir() => Ok(()),
        made => made.and_then(|()| sync_folder_of(path).inspect_err(|_| drop(fs::remove_dir(path)))),
    }
    .map_err(|source| Error::write(path, source))
}

/// Deletes the folder at `path`: another process finds all of it or nothing, also after a kill.
///
/// # Errors
///
/// [`Error::Write`] if the system refuses.
pub fn remove_folder(path: &Path) -> Result<()> {
    let mut names = (std::process::id()..).map(|number| partial_name(path, number));
    let free = names.find(|name| name.symlink_metadata().is_err()).expect("some number is free");
    fs::rename(path, &free).and_then(|()| fs::remove_dir_all(&free)).map_err(|source| Error::write(path, source))
}

/// Removes the partial files and folders of killed processes in `folder` for which `is_wanted` holds, given the path and the
/// final name. Locked ones belong to running processes and are kept.
///
/// # Errors
///
/// If the folder cannot be read or one of them cannot be removed.
pub fn remove_partial(folder: &Path, is_wanted: impl Fn(&Path, &OsStr) -> bool) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let (path, file_name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        if final_name(&file_name).is_some_and(|name| is_wanted(&path, name)) && is_abandoned(&path) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Syncs the folder of `path`, so that a renamed or new entry survives a power cut.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    sync_folder(parent(path).unwrap_or(Path::new(".")))
}

/// Syncs `folder`, so that all entries in it survive a power cut.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Windows has no such call; its file system orders the rename after the sync of the file.
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}

/// The folder of `path`, if it names one.
fn parent(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

/// A temporary name of `path`.
fn partial_name(path: &Path, number: u32) -> PathBuf {
    let mut name = OsStr::new(".").to_os_string();
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{number}.partial"));
    path.with_file_name(name)
}

/// The name that a file or folder with the temporary name `name` was to have; none if it is no temporary name.
fn final_name(name: &OsStr) -> Option<&OsStr> {
    let (name, number) = name.to_str()?.strip_prefix('.')?.strip_suffix(".partial")?.rsplit_once('.')?;
    number.parse::<u32>().is_ok().then_some(OsStr::new(name))
}

/// Whether no process is writing the file or folder at `path`: its lock is free.
fn is_abandoned(path: &Path) -> bool {
    let Ok(kind) = path.symlink_metadata().map(|found| found.file_type()) else { return false };
    let opened = OpenOptions::new().read(kind.is_dir()).write(kind.is_file()).open(path);
    opened.is_ok_and(|file| file.try_lock().is_ok())
}

fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata()?.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_keeps_the_old_file_and_removes_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        publish_bytes(&path, b"old").unwrap();
        let error = publish_file(&path, |writer| {
            writer.write_all(b"half of the new")?;
            Err(ErrorKind::StorageFull.into())
        });
        assert!(error.unwrap_err().to_string().contains("state.json"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["state.json"]);
    }

    #[test]
    fn a_folder_appears_with_all_its_files_or_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/model");
        for is_published in [false, true] {
            let staged = Staged::folder(&path).unwrap();
            publish_bytes(&staged.temporary().join("config.json"), b"{}").unwrap();
            assert!(!path.exists());
            match is_published {
                true => staged.publish().unwrap(),
                false => drop(staged),
            }
            let expected: &[&str] = if is_published { &["model"] } else { &[] };
            assert_eq!(names(&folder.path().join("new")), expected);
        }
        assert_eq!(names(&path), ["config.json"]);
    }

    #[test]
    fn a_folder_is_not_put_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        let staged = Staged::folder(&path).unwrap();
        create_folder(&path.join("of another process")).unwrap();
        assert!(matches!(staged.publish(), Err(Error::Exists { .. })));
        assert_eq!(names(folder.path()), ["model"]);
        assert_eq!(names(&path), ["of another process"]);
    }

    #[test]
    fn writing_a_name_again_removes_what_a_killed_process_left_of_it() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".a.bin.7.partial", ".b.bin.7.partial", ".a.bin.partial", "a.bin.7.partial"] {
            fs::write(folder.path().join(name), "half").unwrap();
        }
        fs::create_dir_all(folder.path().join(".a.bin.8.partial/checkpoints")).unwrap();
        publish_bytes(&folder.path().join("a.bin"), b"whole").unwrap();
        assert_eq!(names(folder.path()), [".a.bin.partial", ".b.bin.7.partial", "a.bin", "a.bin.7.partial"]);
    }

    #[test]
    fn two_writers_of_one_name_leave_each_other_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        let first = Staged::file(&path, |writer| writer.write_all(b"first")).unwrap();
        publish_bytes(&path, b"second").unwrap();
        assert_eq!(fs::read(first.temporary()).unwrap(), b"first");
        first.publish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(folder.path()), ["a.bin"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_folder_that_is_being_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let staged = Staged::folder(&folder.path().join("run")).unwrap();
        remove_partial(folder.path(), |_, _| true).unwrap();
        assert!(staged.temporary().exists());
        let temporary = staged.temporary().to_path_buf();
        drop(staged);
        create_folder(&temporary).unwrap();
        remove_partial(folder.path(), |_, _| true).unwrap();
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn a_removed_folder_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step-000005");
        create_folder(&path).unwrap();
        publish_bytes(&path.join("state.json"), b"{}").unwrap();
        remove_folder(&path).unwrap();
        assert_eq!(names(folder.path()), [""; 0]);
    }
}
