//! The files of a run, for everything that reads a run folder which it did not write.
//!
//! Such a folder may come from anyone and may change meanwhile. So there is one rule for reading it: only regular files, none of
//! more bytes than expected, and no symbolic link that leads out of the folder. The folder itself may be a link.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::step_name::{step_of, vectors_name};
use crate::{Error, Result, regular_file};

/// The most frames of a run that are listed; of more, the newest.
const MAX_FRAMES: usize = 1 << 16;

/// The largest file of vectors that is opened: tables of two billion values.
const MAX_VECTOR_BYTES: u64 = 8 << 30;

/// A run's folder. Files are read on demand.
#[derive(Clone, Debug)]
pub struct RunFiles {
    folder: PathBuf,
}

impl RunFiles {
    /// Whether `folder` is that of a run.
    pub fn are_in(folder: &Path) -> bool {
        folder.join("config.toml").is_file() || folder.join("words.json").is_file() && folder.join("vectors").is_dir()
    }

    /// The files of the run in `folder`.
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of the regular file `name`.
    ///
    /// # Errors
    ///
    /// If it is missing, outside the folder, no regular file, or larger than `max_bytes`.
    pub fn locate(&self, name: &str, max_bytes: u64) -> Result<PathBuf> {
        let (path, file) = self.find(name)?;
        regular_file::check_size(
            &path,
            file.metadata().map_err(|source| Error::read(&path, source))?.len(),
            max_bytes,
        )?;
        Ok(path)
    }

    /// Opens the file `name`, of any size.
    ///
    /// # Errors
    ///
    /// As of [`Self::locate`].
    pub fn open(&self, name: &str) -> Result<File> {
        Ok(self.find(name)?.1)
    }

    /// The bytes of the file `name`, at most `max_bytes`.
    ///
    /// # Errors
    ///
    /// As of [`Self::locate`].
    pub fn read(&self, name: &str, max_bytes: u64) -> Result<Vec<u8>> {
        regular_file::read(&self.locate(name, max_bytes)?, max_bytes)
    }

    /// The file with the tables after update `step`.
    ///
    /// # Errors
    ///
    /// As of [`Self::locate`].
    pub fn vectors(&self, step: u64) -> Result<PathBuf> {
        self.locate(&vectors_name(step), MAX_VECTOR_BYTES)
    }

    /// The path of the file with the tables after update `step`, whether or not it is there.
    pub fn vectors_path(&self, step: u64) -> PathBuf {
        self.folder.join(vectors_name(step))
    }

    /// The steps after which tables were saved, in order.
    pub fn vector_steps(&self) -> Vec<u64> {
        self.steps("vectors", ".safetensors")
    }

    /// The steps in the names of files like `step-000050` in the folder `part`, with `suffix` at the end, in order.
    pub fn steps(&self, part: &str, suffix: &str) -> Vec<u64> {
        let entries = fs::read_dir(self.folder.join(part)).into_iter().flatten().flatten();
        let mut steps: Vec<u64> = entries.filter_map(|entry| step_of(entry.file_name().to_str()?, suffix)).collect();
        steps.sort_unstable();
        steps.dedup();
        steps.drain(..steps.len().saturating_sub(MAX_FRAMES));
        steps
    }

    fn find(&self, name: &str) -> Result<(PathBuf, File)> {
        let path = self.folder.join(name);
        let real = |path: &Path| path.canonicalize().map_err(|source| Error::read(path, source));
        if !real(&path)?.starts_with(real(&self.folder)?) {
            let problem =
                "it is a link out of the run's folder; expected a file in the folder: put a copy there instead";
            return Err(Error::bad_file(&path, problem));
        }
        let file = regular_file::open(&path)?;
        Ok((path, file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> (tempfile::TempDir, RunFiles) {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        fs::create_dir_all(run.join("vectors")).unwrap();
        fs::write(run.join("words.json"), "{}").unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        let files = RunFiles::of(&run);
        (folder, files)
    }

    #[track_caller]
    fn refused(files: &RunFiles, name: &str, expected: &str) {
        for error in [files.locate(name, 100).err(), files.open(name).err(), files.read(name, 100).err()] {
            let error = error.expect("it is refused").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn files_in_the_folder_are_read_up_to_their_limit() {
        let (_folder, files) = run();
        assert!(RunFiles::are_in(files.folder()));
        assert_eq!(files.read("words.json", 2).unwrap(), b"{}");
        assert!(files.read("words.json", 1).unwrap_err().to_string().contains("it has 2 bytes; expected at most 1"));
        refused(&files, "none", "cannot read");
        refused(&files, "vectors", "is a directory");
        refused(&files, "../secret", "out of the run's folder");
    }

    #[test]
    fn steps_are_those_in_the_names_of_files() {
        let (_folder, files) = run();
        for name in ["step-000010.safetensors", "step-000002.safetensors", "step-x.safetensors", "other"] {
            fs::write(files.folder().join("vectors").join(name), "").unwrap();
        }
        assert_eq!(files.vector_steps(), [2, 10]);
        assert!(files.vectors(2).is_ok() && files.vectors(3).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn links_may_stay_in_the_folder_but_not_lead_out_of_it() {
        use std::os::unix::fs::symlink;
        let (folder, files) = run();
        let run = files.folder();
        symlink("words.json", run.join("same")).unwrap();
        assert_eq!(files.read("same", 10).unwrap(), b"{}");
        symlink("../secret", run.join("config.toml")).unwrap();
        refused(&files, "config.toml", "config.toml cannot be used: it is a link out of the run's folder");
        symlink("loop", run.join("loop")).unwrap();
        refused(&files, "loop", "cannot read");
        fs::write(folder.path().join("step-000001.safetensors"), "").unwrap();
        fs::remove_dir(run.join("vectors")).unwrap();
        symlink("..", run.join("vectors")).unwrap();
        assert!(files.vectors(1).unwrap_err().to_string().contains("out of the run's folder"));
        symlink("run", folder.path().join("also")).unwrap();
        assert_eq!(RunFiles::of(&folder.path().join("also")).read("words.json", 10).unwrap(), b"{}");
    }
}
