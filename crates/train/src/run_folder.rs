//! The folder of a run: complete, readable by eye, and locked by one process at a time.
//!
//! ```text
//! config.toml   run.json   tokenizer.json   words.json   corpus.json   tokens/{train,validation}.bin
//! log.jsonl     checkpoints/step-000500/…   vectors/step-000050.safetensors   LOCK
//! ```
//!
//! No result of training is deleted here: it is moved aside, under a name with the date.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use wordspace_data::RunFiles;
use wordspace_data::publish::{
    Staged, create_folder, publish_bytes, remove_folder, remove_partial, sync_folder, sync_folder_of,
};
use wordspace_learn::checkpoint::Checkpoint;
use wordspace_learn::config::Config;

use crate::checkpoint::Checkpoints;
use crate::dated::dated_name;
use crate::device::OpenDevice;
use crate::provenance::{Provenance, host};
use crate::{Error, Result, check_memory, open_config};

/// A run folder that this process has locked.
pub struct RunFolder {
    path: PathBuf,
    /// The operating system releases the lock when the process ends, however it ends.
    _lock: File,
}

impl RunFolder {
    /// Creates the folder of a new run, `runs/NAME`. It appears with its configuration in it, or not at all.
    ///
    /// # Errors
    ///
    /// If the name is refused; [`Error::RunExists`] if it already exists; [`Error::Disk`] if it cannot be created.
    pub fn create(runs: &Path, config: &Config) -> Result<Self> {
        config.run.check_name()?;
        let path = runs.join(&config.run.name);
        if path.exists() {
            return Err(Error::RunExists { path });
        }
        // The partial folders of runs whose process was killed before they began.
        let is_run = |partial: &Path, _: &OsStr| partial.join("LOCK").is_file();
        remove_partial(runs, is_run).map_err(|source| Error::disk(runs, source))?;
        let staged = Staged::folder(&path)?;
        let lock = lock(staged.temporary())?;
        publish_bytes(&staged.temporary().join("config.toml"), config.to_toml().as_bytes())?;
        match staged.publish() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(wordspace_data::Error::Exists { path }) => Err(Error::RunExists { path }),
            Err(error) => Err(error.into()),
        }
    }

    /// Creates the folder of a new run once what it needs is known to be there: memory, and a text that can be read. Its name is
    /// made free first, if [`Self::move_aside`] may: where to is returned too.
    ///
    /// # Errors
    ///
    /// As of [`Self::create`] and [`check_memory`], or if the text cannot be read.
    pub fn begin(
        runs: &Path,
        config: &Config,
        device: &OpenDevice,
        whole_runs: bool,
    ) -> Result<(Self, Option<PathBuf>)> {
        // The vocabulary is not known yet; the run is checked again when it is.
        check_memory(&config.model(1), config, device)?;
        if !config.is_toy() {
            wordspace_data::Text::open(config.data.text.as_ref())?;
        }
        let aside = Self::move_aside(&runs.join(&config.run.name), whole_runs)?;
        Ok((Self::create(runs, config)?, aside))
    }

    /// Opens the folder of an earlier run and the configuration in it with `changes`, as of [`open_config`], and removes the
    /// partial files of a killed process.
    ///
    /// # Errors
    ///
    /// [`Error::BadRun`] if it is not a run; [`Error::RunLocked`] if another process works in it; if the configuration changes
    /// what is fixed once a run is made, such as its seed.
    pub fn open(path: &Path, changes: &[(String, String)]) -> Result<(Self, Config)> {
        if !path.join("config.toml").is_file() {
            let problem = match path.exists() {
                true => "it has no config.toml, so it is not a run; `wordspace train` makes one",
                false => "there is no such run; `wordspace train` makes one",
            };
            return Err(Error::BadRun { path: path.to_path_buf(), problem: problem.into() });
        }
        let folder = Self { path: path.to_path_buf(), _lock: lock(path)? };
        folder.tidy().map_err(|source| Error::disk(path, source))?;
        let config = open_config(&path.join("config.toml"), changes)?;
        if let Some(made_with) = Provenance::open(folder.provenance()).config() {
            config.check_continues(made_with)?;
        }
        Ok((folder, config))
    }

    /// Removes the partial files of a killed process, and syncs the names of the files that it finished but may not have synced.
    fn tidy(&self) -> std::io::Result<()> {
        sync_folder_of(&self.path)?;
        let parts = [self.path.clone(), self.tokens(), self.checkpoints(), self.vectors()];
        for part in parts.iter().filter(|part| part.is_dir()) {
            remove_partial(part, |_, _| true)?;
            sync_folder(part)?;
        }
        Ok(())
    }

    /// The newest valid checkpoint, `None` if the run has saved none yet, and why others are skipped.
    ///
    /// # Errors
    ///
    /// [`Error::CheckpointsLost`] if it has saved checkpoints, but all are damaged or gone.
    pub fn newest_checkpoint(&self) -> Result<(Option<Checkpoint>, Vec<String>)> {
        let checkpoints = Checkpoints::new(self.checkpoints());
        let (newest, skipped) = checkpoints.newest()?;
        let problem = match (&newest, checkpoints.steps()?.is_empty(), Provenance::open(self.provenance()).saved()) {
            (Some(_), ..) | (None, true, None) => return Ok((newest, skipped)),
            (None, true, Some(step)) => format!("the checkpoint of step {step} was saved here, but is gone"),
            (None, false, _) => format!("no checkpoint is valid: {}", skipped.join("; ")),
        };
        Err(Error::CheckpointsLost { path: self.checkpoints(), problem })
    }

    /// Makes the name of the run at `path` free by moving its folder aside, and returns where to. A run that another process
    /// trains and a folder that is no run stay; so does a run with a checkpoint, unless `whole_runs`.
    ///
    /// # Errors
    ///
    /// [`Error::RunLocked`] if `whole_runs` and another process trains it; [`Error::Disk`] if it cannot be moved.
    pub fn move_aside(path: &Path, whole_runs: bool) -> Result<Option<PathBuf>> {
        if !path.join("LOCK").is_file() || open_config(&path.join("config.toml"), &[]).is_err() {
            return Ok(None);
        }
        let folder = match lock(path) {
            Ok(lock) => Self { path: path.to_path_buf(), _lock: lock },
            Err(Error::RunLocked { .. }) if !whole_runs => return Ok(None),
            Err(error) => return Err(error),
        };
        if !whole_runs && folder.has_saved()? {
            return Ok(None);
        }
        let to = dated_name(path);
        fs::rename(path, &to).and_then(|()| sync_folder_of(&to)).map_err(|source| Error::disk(path, source))?;
        Ok(Some(to))
    }

    /// Moves the results of training aside, within the folder, and returns their new folder. The run then has not begun.
    ///
    /// # Errors
    ///
    /// [`Error::Disk`].
    pub fn begin_again(&self) -> Result<Option<PathBuf>> {
        let made = [self.checkpoints(), self.vectors(), self.log(), self.provenance()];
        let made: Vec<PathBuf> = made.into_iter().filter(|path| path.exists()).collect();
        if made.is_empty() {
            return Ok(None);
        }
        let to = dated_name(&self.path.join("set-aside"));
        create_folder(&to)?;
        for path in made {
            let name = path.file_name().expect("the parts of a run have names");
            fs::rename(&path, to.join(name)).map_err(|source| Error::disk(&path, source))?;
        }
        sync_folder_of(&to).map_err(|source| Error::disk(&to, source))?;
        Ok(Some(to))
    }

    /// Whether the run has ever saved a checkpoint.
    fn has_saved(&self) -> Result<bool> {
        let steps = Checkpoints::new(self.checkpoints()).steps()?;
        Ok(!steps.is_empty() || Provenance::open(self.provenance()).saved().is_some())
    }

    /// Whether training has begun: its log has a line, so there is something to lose.
    pub fn has_begun(&self) -> bool {
        fs::metadata(self.log()).is_ok_and(|log| log.len() > 0)
    }

    /// Deletes the folder of a run that this process created and that failed before it began, so that its name is free for another
    /// try. A folder that cannot be deleted makes way for the next run of its name.
    pub fn discard_unless_begun(self) {
        if !self.has_begun() {
            let _ = remove_folder(&self.path);
        }
    }

    /// Replaces the configuration, to train a run for longer.
    pub fn save_config(&self, config: &Config) -> Result<()> {
        Ok(publish_bytes(&self.path.join("config.toml"), config.to_toml().as_bytes())?)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file with the run's provenance.
    pub fn provenance(&self) -> PathBuf {
        self.path.join("run.json")
    }

    /// The file with the run's events.
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
        RunFiles::of(&self.path).vectors_path(step)
    }

    fn tokens(&self) -> PathBuf {
        self.path.join("tokens")
    }
}

/// Locks the run at `path` and writes into the lock file which process holds it.
fn lock(path: &Path) -> Result<File> {
    let file_path = path.join("LOCK");
    let disk = |source| Error::disk(&file_path, source);
    let mut file =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&file_path).map_err(disk)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // On some systems a locked file cannot be read.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn create(runs: &Path) -> Result<RunFolder> {
        RunFolder::create(runs, &Config::default())
    }

    #[test]
    fn a_new_run_has_its_configuration_and_no_partial_files() {
        let runs = tempfile::tempdir().unwrap();
        let folder = create(runs.path()).unwrap();
        assert!(folder.path().join("config.toml").is_file());
        assert_eq!(fs::read_dir(runs.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_existing_run_is_never_touched() {
        let runs = tempfile::tempdir().unwrap();
        fs::create_dir(runs.path().join("toy")).unwrap();
        assert!(matches!(create(runs.path()), Err(Error::RunExists { .. })));
        assert_eq!(fs::read_dir(runs.path().join("toy")).unwrap().count(), 0);
    }

    #[test]
    fn a_run_is_locked_until_its_holder_drops_it() {
        let runs = tempfile::tempdir().unwrap();
        let first = create(runs.path()).unwrap();
        let path = first.path().to_path_buf();
        match RunFolder::open(&path, &[]) {
            Err(Error::RunLocked { holder, .. }) => {
                assert!(holder.contains(&std::process::id().to_string()), "{holder}")
            }
            _ => panic!("the run is held already"),
        }
        drop(first);
        assert!(RunFolder::open(&path, &[]).is_ok());
    }

    #[test]
    fn a_run_without_a_checkpoint_makes_way_for_a_new_one() {
        let runs = tempfile::tempdir().unwrap();
        let path = create(runs.path()).unwrap().path().to_path_buf();
        fs::write(path.join("log.jsonl"), "what it has done").unwrap();
        let aside = RunFolder::move_aside(&path, false).unwrap().unwrap();
        assert_eq!(fs::read_to_string(aside.join("log.jsonl")).unwrap(), "what it has done");
        fs::create_dir_all(create(runs.path()).unwrap().checkpoints().join("step-000005")).unwrap();
        assert_eq!(RunFolder::move_aside(&path, false).unwrap(), None);
        let second = RunFolder::move_aside(&path, true).unwrap().unwrap();
        assert!(second != aside && second.join("checkpoints/step-000005").exists());
    }

    #[test]
    fn a_run_in_training_and_a_folder_that_is_no_run_stay() {
        let runs = tempfile::tempdir().unwrap();
        let trained = create(runs.path()).unwrap();
        assert_eq!(RunFolder::move_aside(trained.path(), false).unwrap(), None);
        assert!(matches!(RunFolder::move_aside(trained.path(), true), Err(Error::RunLocked { .. })));
        let other = runs.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("config.toml"), "another program's").unwrap();
        assert_eq!(RunFolder::move_aside(&other, true).unwrap(), None);
        assert!(other.join("config.toml").exists());
    }

    #[test]
    fn opening_removes_partial_files_and_nothing_else() {
        let runs = tempfile::tempdir().unwrap();
        let path = create(runs.path()).unwrap().path().to_path_buf();
        fs::create_dir_all(path.join("checkpoints/.step-000005.99.partial")).unwrap();
        fs::write(path.join(".run.json.99.partial"), "half").unwrap();
        fs::write(path.join(".mine"), "a user's").unwrap();
        let report = Staged::file(&path.join("report.html"), |_| Ok(())).unwrap();
        RunFolder::open(&path, &[]).unwrap();
        assert!(!path.join("checkpoints/.step-000005.99.partial").exists());
        assert!(!path.join(".run.json.99.partial").exists());
        assert!(path.join(".mine").exists() && report.temporary().exists());
    }

    #[test]
    fn a_new_run_removes_what_killed_ones_left_and_nothing_of_others() {
        let runs = tempfile::tempdir().unwrap();
        for name in [".mine.7.partial", ".other.7.partial"] {
            fs::create_dir(runs.path().join(name)).unwrap();
        }
        fs::write(runs.path().join(".other.7.partial/LOCK"), "process 7").unwrap();
        drop(create(runs.path()).unwrap());
        let mut names: Vec<_> = fs::read_dir(runs.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".mine.7.partial", "toy"]);
    }
}
