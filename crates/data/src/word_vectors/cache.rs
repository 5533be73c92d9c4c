//! The cache folder of index files, and its size limit.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Size limit of all index files together; the oldest are evicted.
const MAX_BYTES: u64 = 1 << 30;

/// The folder of index files: `WORDSPACE_CACHE`, or `wordspace` in the platform's cache folder (`XDG_CACHE_HOME` or
/// `~/.cache`, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows). None if there is no home folder.
///
/// It is limited to 1 GiB.
pub fn cache_folder() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || variable("HOME");
    variable("WORDSPACE_CACHE").or_else(|| {
        let platform = match std::env::consts::OS {
            "windows" => variable("LOCALAPPDATA"),
            "macos" => home().map(|home| home.join("Library/Caches")),
            _ => variable("XDG_CACHE_HOME").or_else(|| home().map(|home| home.join(".cache"))),
        };
        platform.map(|folder| folder.join("wordspace"))
    })
}

/// Removes the oldest files of `folder` that begin with `magic`, but not `newest`, until the rest are within the limit.
/// Other files are never touched, whatever their names.
pub fn evict(folder: &Path, magic: &[u8; 8], newest: &Path) {
    evict_to(folder, magic, newest, MAX_BYTES);
}

fn evict_to(folder: &Path, magic: &[u8; 8], newest: &Path, limit: u64) {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok());
    let mut ours: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()) && begins_with(&entry.path(), magic))
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    ours.sort();
    let mut bytes: u64 = ours.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, size, path) in ours.iter().filter(|(_, _, path)| path != newest) {
        if bytes <= limit {
            break;
        }
        if fs::remove_file(path).is_ok() {
            bytes -= size;
        }
    }
}

fn begins_with(path: &Path, magic: &[u8; 8]) -> bool {
    let mut start = [0; 8];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *magic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_oldest_files_are_evicted() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, magic: &[u8; 8], age: u64| {
            let path = folder.path().join(name);
            fs::write(&path, [&magic[..], &[0; 92]].concat()).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 - age);
            File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
            path
        };
        let (magic, newest) = (b"OURMAGIC", write("newest", b"OURMAGIC", 9));
        for (name, age) in [("a", 3), ("b", 1), ("c", 2)] {
            write(name, magic, age);
        }
        write("theirs.index", b"NOTMAGIC", 100);
        evict_to(folder.path(), magic, &newest, 250);
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["b", "newest", "theirs.index"]);
    }
}
