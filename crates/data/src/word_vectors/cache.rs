//! The folder in which indexes are kept, and its bound.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How many bytes the indexes may have together; beyond them the oldest go.
const MOST_BYTES: u64 = 1 << 30;

/// Where indexes are kept: `WORDSPACE_CACHE`, or `wordspace` in the platform's folder for what can be made again:
/// `XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows. None where there is no home.
///
/// It holds 1 GiB at most.
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

/// Removes the oldest files of `folder` that begin with `magic`, but not `newest`, until those left are within the bound.
/// No other file is touched, whatever it is called.
pub fn tidy(folder: &Path, magic: &[u8; 8], newest: &Path) {
    tidy_to(folder, magic, newest, MOST_BYTES);
}

fn tidy_to(folder: &Path, magic: &[u8; 8], newest: &Path, most: u64) {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| entry.ok());
    let mut ours: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()) && begins_with(&entry.path(), magic))
        .filter_map(|entry| {
            let about = entry.metadata().ok()?;
            Some((about.modified().ok()?, about.len(), entry.path()))
        })
        .collect();
    ours.sort();
    let mut bytes: u64 = ours.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, size, path) in ours.iter().filter(|(_, _, path)| path != newest) {
        if bytes <= most {
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
    fn the_oldest_of_ours_go_first_and_nothing_else_goes() {
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
        tidy_to(folder.path(), magic, &newest, 250);
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["b", "newest", "theirs.index"]);
    }
}
