//! The folder of a run: readable by eye, complete, and one process's at a time.
//!
//! ```text
//! config.toml   run.json   tokenizer.json   words.json   corpus.json   tokens/{train,validation}.bin
//! log.jsonl     checkpoints/step-000500/…   vectors/step-000050.safetensors   LOCK
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use wordspace_data::publish::{publish_bytes, sync_folder_of};

use crate::config::Config;
use crate::{Error, Result};

/// A run folder that this process holds.
pub struct RunFolder {
    path: PathBuf,
    /// The lock is the operating system's and ends with the process, however it ends.
    _lock: File,
}

impl RunFolder {
    /// Makes the folder of a new run, `runs/NAME`; it appears with its configuration in it or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::RunExists`] if it is there already; [`Error::Disk`] if it cannot be made.
    pub fn create(runs: &Path, config: &Config) -> Result<Self> {
        let path = runs.join(&config.run.name);
        if path.exists() {
            return Err(Error::RunExists { path });
        }
        fs::create_dir_all(runs).map_err(|source| Error::disk(runs, source))?;
        let beside = runs.join(format!(".{}.{}.partial", config.run.name, std::process::id()));
        let attempt = || -> Result<File> {
            fs::create_dir(&beside).map_err(|source| Error::disk(&beside, source))?;
            let lock = lock(&beside)?;
            publish_bytes(&beside.join("config.toml"), config.to_toml().as_bytes())?;
            fs::rename(&beside, &path).and_then(|()| sync_folder_of(&path)).map_err(|source| match path.exists() {
                true => Error::RunExists { path: path.clone() },
                false => Error::disk(&path, source),
            })?;
            Ok(lock)
        };
        match attempt() {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(error) => {
                let _ = fs::remove_dir_all(&beside);
                Err(error)
            }
        }
    }

    /// Opens the folder of an earlier run and the configuration in it, and removes what a killed process left half-written.
    ///
    /// # Errors
    ///
    /// [`Error::BadRun`] if it is no run; [`Error::RunLocked`] if another process works in it.
    pub fn open(path: &Path) -> Result<(Self, Config)> {
        if !path.join("config.toml").is_file() {
            let problem = match path.exists() {
                true => "it holds no config.toml, so it is no run; `wordspace train` makes one",
                false => "there is no such run; `wordspace train` makes one",
            };
            return Err(Error::BadRun { path: path.to_path_buf(), problem: problem.into() });
        }
        let folder = Self { path: path.to_path_buf(), _lock: lock(path)? };
        for part in [folder.path.clone(), folder.tokens(), folder.checkpoints(), folder.vectors()] {
            remove_partial(&part).map_err(|source| Error::disk(part, source))?;
        }
        let config = Config::open(&path.join("config.toml"), &[])?;
        Ok((folder, config))
    }

    /// Whether training has begun, so that there is something to go on with.
    pub fn has_begun(&self) -> bool {
        self.log().exists()
    }

    /// Deletes the folder of a run that this process made and that never began.
    pub fn discard(self) -> Result<()> {
        fs::remove_dir_all(&self.path).map_err(|source| Error::disk(&self.path, source))
    }

    /// Replaces the configuration, when a run is to go on for longer.
    pub fn save_config(&self, config: &Config) -> Result<()> {
        Ok(publish_bytes(&self.path.join("config.toml"), config.to_toml().as_bytes())?)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the run came from and when it was worked on.
    pub fn provenance(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// The events.
    pub fn log(&self) -> PathBuf {
        self.path.join("log.jsonl")
    }

    /// The folder of checkpoints.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The folder of vector tables.
    pub fn vectors(&self) -> PathBuf {
        self.path.join("vectors")
    }

    /// The vector tables after update `step`.
    pub fn vectors_of(&self, step: u64) -> PathBuf {
        self.vectors().join(format!("step-{step:06}.safetensors"))
    }

    fn tokens(&self) -> PathBuf {
        self.path.join("tokens")
    }
}

/// Takes the lock of the run at `path`, and says in it who holds it.
fn lock(path: &Path) -> Result<File> {
    let file_path = path.join("LOCK");
    let disk = |source| Error::disk(&file_path, source);
    let mut file =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&file_path).map_err(disk)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // Some systems let nobody read a locked file.
            let _ = file.read_to_string(&mut holder);
            let holder = if holder.is_empty() { "unknown".into() } else { holder.trim().to_string() };
            return Err(Error::RunLocked { path: path.to_path_buf(), holder });
        }
        Err(TryLockError::Error(source)) => return Err(disk(source)),
    }
    file.set_len(0).map_err(disk)?;
    writeln!(file, "process {} on {}", std::process::id(), host()).map_err(disk)?;
    Ok(file)
}

/// The name of this machine, as well as it can be had without asking the network.
pub(crate) fn host() -> String {
    let named = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let named = named.or_else(|| std::env::var("COMPUTERNAME").ok()).or_else(|| std::env::var("HOSTNAME").ok());
    named.map_or("this machine".into(), |name| name.trim().to_string())
}

/// Removes what was being written when a process was killed: `.NAME.PID.partial`, files and folders. The lock is held, so
/// nobody is writing them now.
fn remove_partial(folder: &Path) -> std::io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') && name.ends_with(".partial") {
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(runs: &Path) -> Result<RunFolder> {
        RunFolder::create(runs, &Config::default())
    }

    #[test]
    fn a_new_run_has_its_configuration_and_nothing_half_made_beside_it() {
        let runs = tempfile::tempdir().unwrap();
        let folder = create(runs.path()).unwrap();
        assert!(folder.path().join("config.toml").is_file());
        assert_eq!(fs::read_dir(runs.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_run_that_is_there_is_never_touched() {
        let runs = tempfile::tempdir().unwrap();
        fs::create_dir(runs.path().join("toy")).unwrap();
        assert!(matches!(create(runs.path()), Err(Error::RunExists { .. })));
        assert_eq!(fs::read_dir(runs.path().join("toy")).unwrap().count(), 0);
    }

    #[test]
    fn a_run_is_one_holders_at_a_time_and_free_again_after() {
        let runs = tempfile::tempdir().unwrap();
        let first = create(runs.path()).unwrap();
        let path = first.path().to_path_buf();
        match RunFolder::open(&path) {
            Err(Error::RunLocked { holder, .. }) => {
                assert!(holder.contains(&std::process::id().to_string()), "{holder}")
            }
            _ => panic!("the run is held already"),
        }
        drop(first);
        assert!(RunFolder::open(&path).is_ok());
    }

    #[test]
    fn opening_clears_what_a_killed_process_left_and_nothing_else() {
        let runs = tempfile::tempdir().unwrap();
        let path = create(runs.path()).unwrap().path().to_path_buf();
        fs::create_dir_all(path.join("checkpoints/.step-000005.99.partial")).unwrap();
        fs::write(path.join(".run.json.99.partial"), "half").unwrap();
        fs::write(path.join(".mine"), "a user's").unwrap();
        RunFolder::open(&path).unwrap();
        assert!(!path.join("checkpoints/.step-000005.99.partial").exists());
        assert!(!path.join(".run.json.99.partial").exists());
        assert!(path.join(".mine").exists());
    }
}
