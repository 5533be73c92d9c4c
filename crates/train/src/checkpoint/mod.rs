//! Checkpoints: saved completely or not at all, verified before they are loaded, and deleted only once newer ones are safe.
//!
//! A checkpoint is a folder, `step-000500`, with `model.safetensors`, `optimizer.safetensors`, `watched.safetensors`,
//! `state.json` and `MANIFEST.json`, which lists the others with their sizes and hashes. It is written to a temporary
//! folder, synced and renamed. The loader skips damaged checkpoints and other files, takes the newest valid one and
//! reports that.
//!
//! Written here rather than taken from burn's recorders and checkpointers, which neither hash, nor sync, nor hold what
//! resuming with the same bits needs beside the model: the length of the log and the vectors at the last measurement.

mod files;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::path::PathBuf;

use wordspace_data::publish::{Staged, remove_folder};
use wordspace_data::{step_name, step_of};
use wordspace_learn::checkpoint::Checkpoint;

use crate::{Error, Result};

/// The checkpoints of a run.
pub struct Checkpoints {
    folder: PathBuf,
    /// The steps whose checkpoints this process has saved or verified. Hashing a large one takes seconds, so it is done once.
    verified: BTreeSet<u64>,
}

impl Checkpoints {
    /// The checkpoints in `folder`, which is created with the first of them.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, verified: BTreeSet::new() }
    }

    /// The folder of the checkpoint after update `step`.
    pub fn path(&self, step: u64) -> PathBuf {
        self.folder.join(step_name(step))
    }

    /// Saves `checkpoint`, durably: once this returns, it survives a power cut.
    ///
    /// # Errors
    ///
    /// [`Error::Disk`]; earlier checkpoints are untouched.
    pub fn save(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let step = checkpoint.state.step;
        let staged = Staged::folder(&self.path(step))?;
        files::write(checkpoint, staged.temporary())?;
        self.free_name(step)?;
        staged.publish()?;
        self.verified.insert(step);
        Ok(())
    }

    /// Renames a damaged checkpoint of update `step`, so that its name is free.
    fn free_name(&self, step: u64) -> Result<()> {
        let path = self.path(step);
        if path.symlink_metadata().is_ok() {
            // A damaged checkpoint of the same step, which resuming skipped. It belongs to the user, so it is kept.
            let mut names = (1..).map(|n| self.folder.join(format!("{DAMAGED}{n}-{}", step_name(step))));
            let free = names.find(|path| !path.exists()).expect("some number is free");
            fs::rename(&path, free).map_err(|source| Error::disk(&path, source))?;
        }
        Ok(())
    }

    /// The newest valid checkpoint, if there is one, and why each newer one and each other file is skipped.
    pub fn newest(&self) -> Result<(Option<Checkpoint>, Vec<String>)> {
        let Listing { steps, strays } = self.list()?;
        let is_no_checkpoint = |stray: &String| {
            let path = self.folder.join(stray);
            format!("{} is skipped: it is not a checkpoint, which is a folder called step-000500", path.display())
        };
        let mut skipped: Vec<String> = strays.iter().map(is_no_checkpoint).collect();
        for step in steps.into_iter().rev() {
            match files::load(&self.path(step)) {
                Ok(checkpoint) => return Ok((Some(checkpoint), skipped)),
                Err(problem) => skipped.push(format!("{} is skipped: {problem}", self.path(step).display())),
            }
        }
        Ok((None, skipped))
    }

    /// The checkpoint after update `step`, or the newest valid one.
    ///
    /// # Errors
    ///
    /// If there is no valid one.
    pub fn find(&self, step: Option<u64>) -> Result<Checkpoint> {
        if let Some(step) = step {
            return self.of_step(step);
        }
        let (newest, skipped) = self.newest()?;
        newest.ok_or_else(|| {
            let problem = match skipped.is_empty() {
                true => "it holds no checkpoint yet; let the run train until it saves one".into(),
                false => format!("no checkpoint is valid: {}", skipped.join("; ")),
            };
            Error::BadRun { path: self.folder.clone(), problem }
        })
    }

    /// The checkpoint after update `step`.
    ///
    /// # Errors
    ///
    /// If there is no valid one; the message lists the steps that have one.
    pub fn of_step(&self, step: u64) -> Result<Checkpoint> {
        let path = self.path(step);
        match files::load(&path) {
            Ok(checkpoint) => Ok(checkpoint),
            Err(_) if !path.exists() => {
                let steps = self.steps()?.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
                Err(Error::BadRun { path, problem: format!("there is no checkpoint of this step; there are {steps}") })
            }
            Err(problem) => Err(Error::BadRun { path, problem }),
        }
    }

    /// Deletes the checkpoints that are older than the `keep` newest valid ones, except that of step `best`. Damaged ones do
    /// not count: while fewer than `keep` are valid, nothing is deleted.
    pub fn prune(&mut self, keep: usize, best: Option<u64>) -> Result<()> {
        let mut newer = 0;
        for step in self.steps()?.into_iter().rev() {
            match newer >= keep {
                false => newer += usize::from(self.is_valid(step)),
                true if Some(step) == best => {}
                true => self.delete(step)?,
            }
        }
        Ok(())
    }

    fn is_valid(&mut self, step: u64) -> bool {
        let path = self.path(step);
        let is_valid = match self.verified.contains(&step) {
            true => files::is_complete(&path),
            false => files::load(&path).is_ok(),
        };
        if is_valid {
            self.verified.insert(step);
        }
        is_valid
    }

    fn delete(&mut self, step: u64) -> Result<()> {
        self.verified.remove(&step);
        Ok(remove_folder(&self.path(step))?)
    }

    /// The steps that have a checkpoint folder, in ascending order, valid or not.
    pub fn steps(&self) -> Result<Vec<u64>> {
        Ok(self.list()?.steps)
    }

    fn list(&self) -> Result<Listing> {
        let read = |source| wordspace_data::Error::read(&self.folder, source);
        let mut listing = Listing::default();
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(listing),
            entries => entries.map_err(read)?,
        };
        for entry in entries {
            listing.add(&entry.map_err(read)?);
        }
        listing.steps.sort_unstable();
        listing.strays.sort_unstable();
        Ok(listing)
    }
}

/// The prefix of a damaged checkpoint that was renamed when its step was saved again.
const DAMAGED: &str = "damaged-";

/// The contents of a folder of checkpoints.
#[derive(Default)]
struct Listing {
    /// The steps that have a checkpoint folder.
    steps: Vec<u64>,
    /// The names of everything else, without hidden files and renamed damaged checkpoints.
    strays: Vec<String>,
}

impl Listing {
    fn add(&mut self, entry: &DirEntry) {
        let found = entry.file_name().to_string_lossy().into_owned();
        match step_of(&found, "") {
            Some(step) if entry.path().is_dir() => self.steps.push(step),
            _ if found.starts_with('.') || found.starts_with(DAMAGED) => {}
            _ => self.strays.push(found),
        }
    }
}
