//! Opens files that may be anything: only regular ones, so that reading ends, and never more of them than expected.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::Read;
use std::path::Path;

use crate::{Error, Result};

/// The largest vocabularies in use make files of about 30 MB.
pub(crate) const MAX_VOCABULARY_BYTES: u64 = 256 << 20;

/// Opens the regular file at `path` for reading. A named pipe or a device, which may have no end, is refused without waiting
/// for it.
///
/// # Errors
///
/// If it is missing, a directory, or no regular file.
pub fn open(path: &Path) -> Result<File> {
    let read = |source| Error::read(path, source);
    // Opening some devices has an effect, so the kind is checked first.
    check(path, fs::metadata(path).map_err(read)?.file_type())?;
    let mut options = OpenOptions::new();
    options.read(true);
    // If the file became a pipe meanwhile, opening it does not wait for a writer.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path).map_err(read)?;
    check(path, file.metadata().map_err(read)?.file_type())?;
    Ok(file)
}

/// The bytes of the regular file at `path`.
///
/// # Errors
///
/// As of [`open`]; also if it has more than `max_bytes`.
pub fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let (file, failed) = (open(path)?, |source| Error::read(path, source));
    let bytes = file.metadata().map_err(failed)?.len();
    check_size(path, bytes, max_bytes)?;
    let mut content = Vec::with_capacity(bytes as usize);
    // It may grow meanwhile.
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut content).map_err(failed)?;
    check_size(path, content.len() as u64, max_bytes)?;
    Ok(content)
}

/// Refuses a file of more than `max_bytes`.
pub(crate) fn check_size(path: &Path, bytes: u64, max_bytes: u64) -> Result<()> {
    match bytes > max_bytes {
        true => Err(Error::bad_file(path, format!("it has {bytes} bytes; expected at most {max_bytes}"))),
        false => Ok(()),
    }
}

fn check(path: &Path, kind: FileType) -> Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    if kind.is_dir() {
        return Err(Error::IsDirectory { path: path.to_path_buf(), wanted: "a file" });
    }
    Err(Error::bad_file(path, format!("it is {}; expected a regular file", name_of(kind))))
}

#[cfg(unix)]
fn name_of(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match () {
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

#[cfg(not(unix))]
fn name_of(_: FileType) -> &'static str {
    "a device"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(path: &Path, expected: &str) {
        for error in [open(path).err(), read(path, 10).err()] {
            let error = error.expect("it is refused").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "0123456789").unwrap();
        assert_eq!(read(&path, 10).unwrap(), b"0123456789");
        let error = read(&path, 9).unwrap_err().to_string();
        assert!(error.contains("it has 10 bytes; expected at most 9"), "{error}");
    }

    #[test]
    fn a_file_of_a_terabyte_takes_no_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        // Some file systems have no files of that size.
        if File::create(&path).unwrap().set_len(1 << 40).is_ok() {
            assert!(read(&path, 1 << 20).unwrap_err().to_string().contains("1099511627776 bytes"));
        }
    }

    #[test]
    fn a_folder_and_a_missing_file_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        refused(folder.path(), "is a directory; expected a file");
        refused(&folder.path().join("none"), "cannot read");
    }

    #[test]
    #[cfg(unix)]
    fn a_pipe_and_a_device_are_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        refused(&pipe, "it is a named pipe; expected a regular file");
        let zeros = folder.path().join("zeros");
        std::os::unix::fs::symlink("/dev/zero", &zeros).unwrap();
        refused(&zeros, "it is a device; expected a regular file");
    }
}
