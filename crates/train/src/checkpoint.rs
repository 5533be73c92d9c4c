//! Checkpoints: saved completely or not at all, and verified before they are loaded.
//!
//! A checkpoint is a folder, `step-000500`, with `model.safetensors`, `optimizer.safetensors`, `watched.safetensors`,
//! `state.json` and `MANIFEST.json`, which lists the others with their sizes and hashes. It is written to a temporary
//! folder, synced and renamed. The loader ignores a checkpoint without a valid manifest, falls back to the newest valid
//! one and reports that.
//!
//! Written here rather than taken from burn's recorders and checkpointers, which neither hash, nor sync, nor hold what
//! resuming with the same bits needs beside the model: the length of the log and the vectors at the last measurement.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wordspace_data::publish::{publish_bytes, sync_folder_of};
use wordspace_data::{NamedTensor, read_tensors, sha256_of_file, write_tensors};
use wordspace_learn::State;
use wordspace_model::parameters::{HostTensor, HostTensors};

use crate::{Error, Result};

/// The version of the checkpoint format.
const SCHEMA: u32 = 1;

/// The files that a manifest lists.
const FILES: [&str; 4] = ["model.safetensors", "optimizer.safetensors", "state.json", "watched.safetensors"];

/// Everything that a run needs to resume as if it had never stopped.
pub struct Checkpoint {
    /// The parameters.
    pub model: HostTensors,
    /// The optimizer's moments.
    pub optimizer: HostTensors,
    /// The vectors of the watched words at the last measurement.
    pub watched: BTreeMap<String, NamedTensor>,
    /// Progress and best evaluation.
    pub state: State,
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    schema: u32,
    step: u64,
    files: BTreeMap<String, FileEntry>,
}

#[derive(Serialize, Deserialize)]
struct FileEntry {
    bytes: u64,
    sha256: String,
}

/// The checkpoints of a run.
pub struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// The checkpoints in `folder`, which is created with the first of them.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder of the checkpoint after update `step`.
    pub fn path(&self, step: u64) -> PathBuf {
        self.folder.join(format!("step-{step:06}"))
    }

    /// Saves `checkpoint`, durably: once this returns, it survives a power cut.
    ///
    /// # Errors
    ///
    /// [`Error::Disk`]; earlier checkpoints are untouched.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<()> {
        let step = checkpoint.state.step;
        fs::create_dir_all(&self.folder).map_err(|source| Error::disk(&self.folder, source))?;
        let partial = self.folder.join(format!(".step-{step:06}.{}.partial", std::process::id()));
        let saved = write_files(checkpoint, &partial).and_then(|()| self.publish(&partial, step));
        if saved.is_err() {
            let _ = fs::remove_dir_all(&partial);
        }
        saved
    }

    /// Renames the complete folder `partial` to the checkpoint of update `step`.
    fn publish(&self, partial: &Path, step: u64) -> Result<()> {
        let path = self.path(step);
        let disk = |source| Error::disk(&path, source);
        if path.exists() {
            // A damaged checkpoint of the same step, which resuming skipped. It belongs to the user, so it is kept.
            let free =
                (1..).map(|n| self.folder.join(format!("damaged-{n}-step-{step:06}"))).find(|path| !path.exists());
            fs::rename(&path, free.expect("some number is free")).map_err(disk)?;
        }
        fs::rename(partial, &path).and_then(|()| sync_folder_of(&path)).map_err(disk)
    }

    /// The newest valid checkpoint, if there is one, and what is wrong with each newer one.
    pub fn newest(&self) -> Result<(Option<Checkpoint>, Vec<String>)> {
        let mut damaged = Vec::new();
        for step in self.steps()?.into_iter().rev() {
            match load(&self.path(step)) {
                Ok(checkpoint) => return Ok((Some(checkpoint), damaged)),
                Err(problem) => damaged.push(format!("{} is skipped: {problem}", self.path(step).display())),
            }
        }
        Ok((None, damaged))
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
        self.newest()?.0.ok_or_else(|| {
            let problem = "it holds no valid checkpoint yet; let the run train until it saves one".into();
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
        match load(&path) {
            Ok(checkpoint) => Ok(checkpoint),
            Err(_) if !path.exists() => {
                let steps = self.steps()?.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
                Err(Error::BadRun { path, problem: format!("there is no checkpoint of this step; there are {steps}") })
            }
            Err(problem) => Err(Error::BadRun { path, problem }),
        }
    }

    /// Deletes all checkpoints except the `keep` newest and that of step `best`.
    pub fn prune(&self, keep: usize, best: Option<u64>) -> Result<()> {
        let steps = self.steps()?;
        let older = &steps[..steps.len().saturating_sub(keep)];
        for step in older.iter().filter(|&&step| Some(step) != best) {
            let path = self.path(*step);
            fs::remove_dir_all(&path).map_err(|source| Error::disk(path, source))?;
        }
        Ok(())
    }

    /// The steps that have a checkpoint folder, in ascending order, valid or not.
    pub fn steps(&self) -> Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|source| wordspace_data::Error::read(&self.folder, source))?,
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut steps: Vec<u64> = names.filter_map(|name| name.strip_prefix("step-")?.parse().ok()).collect();
        steps.sort_unstable();
        Ok(steps)
    }
}

/// Writes the files of `checkpoint` and their manifest to the new folder `partial`.
fn write_files(checkpoint: &Checkpoint, partial: &Path) -> Result<()> {
    fs::create_dir(partial).map_err(|source| Error::disk(partial, source))?;
    write_tensors(&partial.join("model.safetensors"), parts(&checkpoint.model))?;
    write_tensors(&partial.join("optimizer.safetensors"), parts(&checkpoint.optimizer))?;
    let watched = checkpoint.watched.iter().map(|(name, t)| (name.as_str(), t.shape.as_slice(), t.values.as_slice()));
    write_tensors(&partial.join("watched.safetensors"), watched)?;
    let state = serde_json::to_vec_pretty(&checkpoint.state).expect("a state can always be written as JSON");
    publish_bytes(&partial.join("state.json"), &state)?;
    let manifest = Manifest::of(partial, checkpoint.state.step)?;
    let json = serde_json::to_vec_pretty(&manifest).expect("a manifest can always be written as JSON");
    Ok(publish_bytes(&partial.join("MANIFEST.json"), &json)?)
}

impl Manifest {
    fn of(folder: &Path, step: u64) -> Result<Self> {
        let mut files = BTreeMap::new();
        for name in FILES {
            let path = folder.join(name);
            let (sha256, bytes) = sha256_of_file(&path)?;
            files.insert(name.to_string(), FileEntry { bytes, sha256 });
        }
        Ok(Self { schema: SCHEMA, step, files })
    }
}

/// Loads the checkpoint in the folder `path`; the error is one sentence about what is wrong with it.
fn load(path: &Path) -> std::result::Result<Checkpoint, String> {
    let json = fs::read(path.join("MANIFEST.json")).map_err(|error| format!("MANIFEST.json: {error}"))?;
    let manifest: Manifest = serde_json::from_slice(&json).map_err(|error| format!("MANIFEST.json: {error}"))?;
    if manifest.schema != SCHEMA {
        return Err(format!("its format is version {}; this program reads version {SCHEMA}", manifest.schema));
    }
    if !manifest.files.keys().eq(&FILES) {
        return Err("MANIFEST.json does not list the files of a checkpoint".into());
    }
    for (name, entry) in &manifest.files {
        check_file(&path.join(name), entry).map_err(|problem| format!("{name} {problem}"))?;
    }
    let tensors = |name: &str| read_tensors(&path.join(name)).map_err(|error| error.to_string());
    let state = fs::read(path.join("state.json")).map_err(|error| format!("state.json: {error}"))?;
    let state: State = serde_json::from_slice(&state).map_err(|error| format!("state.json: {error}"))?;
    if state.step != manifest.step {
        return Err(format!("state.json says step {}, MANIFEST.json says step {}", state.step, manifest.step));
    }
    Ok(Checkpoint {
        model: host(tensors("model.safetensors")?),
        optimizer: host(tensors("optimizer.safetensors")?),
        watched: tensors("watched.safetensors")?,
        state,
    })
}

fn check_file(path: &Path, entry: &FileEntry) -> std::result::Result<(), String> {
    let found = File::open(path).and_then(|file| file.metadata()).map_err(|error| error.to_string())?.len();
    if found != entry.bytes {
        return Err(format!("has {found} bytes instead of {}", entry.bytes));
    }
    let (sha256, _) = sha256_of_file(path).map_err(|error| error.to_string())?;
    if sha256 != entry.sha256 {
        return Err("has the right size but not the SHA-256 that was saved".into());
    }
    Ok(())
}

fn parts(tensors: &HostTensors) -> impl Iterator<Item = (&str, &[usize], &[f32])> + Clone {
    tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.shape.as_slice(), tensor.values.as_slice()))
}

/// Converts tensors from a file to the model's type.
pub(crate) fn host(tensors: BTreeMap<String, NamedTensor>) -> HostTensors {
    tensors.into_iter().map(|(name, t)| (name, HostTensor { shape: t.shape, values: t.values })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Store {
        _folder: tempfile::TempDir,
        checkpoints: Checkpoints,
    }

    impl Store {
        fn with_steps(steps: &[u64]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let checkpoints = Checkpoints::new(folder.path().join("checkpoints"));
            let store = Self { _folder: folder, checkpoints };
            steps.iter().for_each(|&step| store.save(step));
            store
        }

        fn save(&self, step: u64) {
            let values = vec![step as f32; 100];
            let model = HostTensors::from([("wte.weight".to_string(), HostTensor { shape: vec![10, 10], values })]);
            let state = State { step, first_loss: Some(0.1 + 0.2), ..Default::default() };
            let checkpoint = Checkpoint { optimizer: model.clone(), model, watched: BTreeMap::new(), state };
            self.checkpoints.save(&checkpoint).unwrap();
        }

        fn newest(&self) -> (Option<u64>, String) {
            let (checkpoint, damaged) = self.checkpoints.newest().unwrap();
            (checkpoint.map(|checkpoint| checkpoint.state.step), damaged.join("\n"))
        }
    }

    #[test]
    fn the_newest_checkpoint_loads_as_it_was_saved() {
        let store = Store::with_steps(&[5, 10]);
        let (checkpoint, damaged) = store.checkpoints.newest().unwrap();
        let checkpoint = checkpoint.unwrap();
        assert_eq!(checkpoint.model["wte.weight"].values, [10.0; 100]);
        assert_eq!(checkpoint.state.first_loss, Some(0.1 + 0.2));
        assert!(damaged.is_empty());
    }

    #[test]
    fn a_damaged_file_is_named_and_the_checkpoint_before_is_used() {
        let store = Store::with_steps(&[5, 10]);
        let folder = store.checkpoints.path(10);
        for name in FILES.into_iter().chain(["MANIFEST.json"]) {
            let path = folder.join(name);
            let whole = fs::read(&path).unwrap();
            let check = |damaged: &[u8], what: String| {
                fs::write(&path, damaged).unwrap();
                let (newest, message) = store.newest();
                match name {
                    // Damage to the manifest can look like damage to a file that it lists, and a changed space is no damage.
                    "MANIFEST.json" => {
                        assert!(newest == Some(5) && !message.is_empty() || newest == Some(10), "{what}")
                    }
                    _ => assert!(newest == Some(5) && message.contains(name), "{name}, {what}: {newest:?} {message}"),
                }
            };
            for length in (0..whole.len()).step_by(whole.len() / 16 + 1) {
                check(&whole[..length], format!("cut to {length} bytes"));
            }
            for at in (0..whole.len()).step_by(whole.len() / 64 + 1) {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << (at % 8);
                check(&flipped, format!("bit flipped in byte {at}"));
            }
            fs::write(&path, &whole).unwrap();
        }
        assert_eq!(store.newest().0, Some(10));
    }

    #[test]
    fn a_folder_without_a_manifest_is_ignored() {
        let store = Store::with_steps(&[5, 10]);
        fs::remove_file(store.checkpoints.path(10).join("MANIFEST.json")).unwrap();
        assert_eq!(store.newest().0, Some(5));
    }

    #[test]
    fn saving_a_step_again_keeps_the_damaged_one() {
        let store = Store::with_steps(&[5]);
        fs::write(store.checkpoints.path(5).join("state.json"), "damaged").unwrap();
        store.save(5);
        assert_eq!(store.newest().0, Some(5));
        assert!(store.checkpoints.folder.join("damaged-1-step-000005/state.json").exists());
    }

    #[test]
    fn pruning_keeps_the_newest_and_the_best() {
        let store = Store::with_steps(&[1, 2, 3, 4, 5]);
        store.checkpoints.prune(2, Some(2)).unwrap();
        assert_eq!(store.checkpoints.steps().unwrap(), [2, 4, 5]);
    }

    #[test]
    fn without_any_checkpoint_there_is_no_warning() {
        assert_eq!(Store::with_steps(&[]).newest(), (None, String::new()));
    }
}
