//! The files that a target reads, in a folder of its thread; in memory where the system has such a folder.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Stands between the files of a folder in an input.
pub const SEPARATOR: &[u8] = b"\n%%\n";

thread_local! {
    static FOLDER: TempDir = match Path::new("/dev/shm") {
        memory if memory.is_dir() => tempfile::tempdir_in(memory),
        _ => tempfile::tempdir(),
    }
    .expect("a temporary folder can be made");
}

/// The path of `name` in this thread's folder.
pub fn path(name: &str) -> PathBuf {
    FOLDER.with(|folder| folder.path().join(name))
}

/// Writes `bytes` to the file `name`; without bytes there is no file.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = path(name);
    let parent = path.parent().expect("it is in a folder");
    let done = match bytes.is_empty() {
        true => fs::remove_file(&path).or_else(|_| fs::create_dir_all(parent)),
        false => fs::write(&path, bytes).or_else(|_| fs::create_dir_all(parent).and_then(|()| fs::write(&path, bytes))),
    };
    done.expect("a temporary file can be written");
    path
}

/// Writes the parts of `data` to the files `names` of `folder`, in this order; returns the folder.
pub fn folder(folder: &str, names: &[&str], data: &[u8]) -> PathBuf {
    let mut parts = parts(data);
    for name in names {
        file(&format!("{folder}/{name}"), parts.next().unwrap_or_default());
    }
    path(folder)
}

/// The parts of `data` between separators.
pub fn parts(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let all = rest?;
        let at = all.windows(SEPARATOR.len()).position(|window| window == SEPARATOR);
        rest = at.map(|at| &all[at + SEPARATOR.len()..]);
        Some(&all[..at.unwrap_or(all.len())])
    })
}
