//! Checkpoints: all or nothing, and known to be whole before they are believed.
//!
//! A checkpoint is a folder, `step-000500`, of `model.safetensors`, `optimizer.safetensors`, `watched.safetensors`,
//! `state.json` and `MANIFEST.json`, which lists the others with their sizes and hashes. It is written beside its place,
//! every byte synced, and appears by one rename. One without a valid manifest does not exist to the loader, which falls
//! back to the newest valid one and says so.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wordspace_data::publish::{publish_bytes, sync_folder_of};
use wordspace_data::{NamedTensor, read_tensors, sha256_of_file, write_tensors};
use wordspace_model::parameters::{HostTensor, HostTensors};

use crate::watch::Look;
use crate::{Error, Result};

/// The version of a checkpoint's form.
const SCHEMA: u32 = 1;

/// The files that a manifest vouches for.
const FILES: [&str; 4] = ["model.safetensors", "optimizer.safetensors", "state.json", "watched.safetensors"];

/// Everything a run needs to go on as if it had never stopped.
pub struct Checkpoint {
    /// The parameters.
    pub model: HostTensors,
    /// The moments.
    pub optimizer: HostTensors,
    /// The vectors of the watched words at the last look.
    pub watched: BTreeMap<String, NamedTensor>,
    /// The rest.
    pub state: State,
}

/// The part of a checkpoint that can be read by eye.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Updates made.
    pub step: u64,
    /// Bytes of `log.jsonl` at that time.
    pub log_bytes: u64,
    /// The smoothed training loss.
    pub smoothed_loss: Option<f64>,
    /// Loss on held-out text before training.
    pub first_loss: Option<f64>,
    /// The best evaluation so far.
    pub best: Option<Best>,
    /// Evaluations since the best.
    pub evaluations_since_best: u64,
    /// What was seen of the watched words before training.
    pub first_look: Option<Look>,
}

/// The best evaluation of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// After which update.
    pub step: u64,
    /// Its loss on held-out text.
    pub loss: f64,
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
    /// The checkpoints in `folder`, which is made with the first of them.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder of the checkpoint after update `step`.
    pub fn path(&self, step: u64) -> PathBuf {
        self.folder.join(format!("step-{step:06}"))
    }

    /// Saves `checkpoint`; when this returns, it will outlast a power cut. Returns the hash of the model's file.
    ///
    /// # Errors
    ///
    /// [`Error::Disk`]; earlier checkpoints are untouched.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<String> {
        let step = checkpoint.state.step;
        fs::create_dir_all(&self.folder).map_err(|source| Error::disk(&self.folder, source))?;
        let beside = self.folder.join(format!(".step-{step:06}.{}.partial", std::process::id()));
        let saved = self.save_beside(checkpoint, &beside);
        if saved.is_err() {
            let _ = fs::remove_dir_all(&beside);
        }
        saved
    }

    fn save_beside(&self, checkpoint: &Checkpoint, beside: &Path) -> Result<String> {
        let place = self.path(checkpoint.state.step);
        let disk = |source| Error::disk(&place, source);
        fs::create_dir(beside).map_err(disk)?;
        write_tensors(&beside.join("model.safetensors"), parts(&checkpoint.model))?;
        write_tensors(&beside.join("optimizer.safetensors"), parts(&checkpoint.optimizer))?;
        let watched =
            checkpoint.watched.iter().map(|(name, t)| (name.as_str(), t.shape.as_slice(), t.values.as_slice()));
        write_tensors(&beside.join("watched.safetensors"), watched)?;
        let state = serde_json::to_vec_pretty(&checkpoint.state).expect("a state can always be written as JSON");
        publish_bytes(&beside.join("state.json"), &state)?;
        let manifest = Manifest::of(beside, checkpoint.state.step)?;
        let json = serde_json::to_vec_pretty(&manifest).expect("a manifest can always be written as JSON");
        publish_bytes(&beside.join("MANIFEST.json"), &json)?;

        if place.exists() {
            // A damaged one of the same step, passed over when the run went on; it is the user's, so it is kept.
            let aside = (1..).map(|n| self.folder.join(format!("damaged-{n}-step-{:06}", checkpoint.state.step)));
            let aside = aside.into_iter().find(|path| !path.exists()).expect("one of all numbers is free");
            fs::rename(&place, aside).map_err(disk)?;
        }
        fs::rename(beside, &place).and_then(|()| sync_folder_of(&place)).map_err(disk)?;
        Ok(manifest.files["model.safetensors"].sha256.clone())
    }

    /// The newest valid checkpoint, if there is one, and what is wrong with those newer than it.
    pub fn newest(&self) -> Result<(Option<Checkpoint>, Vec<String>)> {
        let mut damaged = Vec::new();
        for step in self.steps()?.into_iter().rev() {
            match load(&self.path(step)) {
                Ok(checkpoint) => return Ok((Some(checkpoint), damaged)),
                Err(problem) => damaged.push(format!("{} is passed over: {problem}", self.path(step).display())),
            }
        }
        Ok((None, damaged))
    }

    /// The checkpoint after update `step`, or the newest valid one.
    ///
    /// # Errors
    ///
    /// If there is none that is whole.
    pub fn find(&self, step: Option<u64>) -> Result<Checkpoint> {
        if let Some(step) = step {
            return self.of_step(step);
        }
        self.newest()?.0.ok_or_else(|| {
            let problem = "there is no whole checkpoint yet; let the run train until the first one".into();
            Error::BadRun { path: self.folder.clone(), problem }
        })
    }

    /// The checkpoint after update `step`.
    ///
    /// # Errors
    ///
    /// If there is none that is whole; the steps that have one are named.
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

    /// Deletes all checkpoints but the `keep` newest and that of step `best`.
    pub fn prune(&self, keep: usize, best: Option<u64>) -> Result<()> {
        let steps = self.steps()?;
        let older = &steps[..steps.len().saturating_sub(keep)];
        for step in older.iter().filter(|&&step| Some(step) != best) {
            let path = self.path(*step);
            fs::remove_dir_all(&path).map_err(|source| Error::disk(path, source))?;
        }
        Ok(())
    }

    /// The steps that have a folder, in order, whole or not.
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

/// The checkpoint in the folder `path`, or in one sentence why it is none.
fn load(path: &Path) -> std::result::Result<Checkpoint, String> {
    let json = fs::read(path.join("MANIFEST.json")).map_err(|error| format!("MANIFEST.json: {error}"))?;
    let manifest: Manifest = serde_json::from_slice(&json).map_err(|error| format!("MANIFEST.json: {error}"))?;
    if manifest.schema != SCHEMA {
        return Err(format!("it is of version {}; this program reads version {SCHEMA}", manifest.schema));
    }
    if !manifest.files.keys().eq(&FILES) {
        return Err("MANIFEST.json lists other files than a checkpoint has".into());
    }
    for (name, entry) in &manifest.files {
        check_file(&path.join(name), entry).map_err(|problem| format!("{name} {problem}"))?;
    }
    let tensors = |name: &str| read_tensors(&path.join(name)).map_err(|error| error.to_string());
    let state = fs::read(path.join("state.json")).map_err(|error| format!("state.json: {error}"))?;
    let state: State = serde_json::from_slice(&state).map_err(|error| format!("state.json: {error}"))?;
    if state.step != manifest.step {
        return Err(format!("its state is of step {}, its manifest of step {}", state.step, manifest.step));
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
        return Err("has the right size but other bytes than were saved".into());
    }
    Ok(())
}

fn parts(tensors: &HostTensors) -> impl Iterator<Item = (&str, &[usize], &[f32])> + Clone {
    tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.shape.as_slice(), tensor.values.as_slice()))
}

/// What was read, as the model takes it.
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
    fn the_newest_comes_back_as_it_was_saved() {
        let store = Store::with_steps(&[5, 10]);
        let (checkpoint, damaged) = store.checkpoints.newest().unwrap();
        let checkpoint = checkpoint.unwrap();
        assert_eq!(checkpoint.model["wte.weight"].values, [10.0; 100]);
        assert_eq!(checkpoint.state.first_loss, Some(0.1 + 0.2));
        assert!(damaged.is_empty());
    }

    #[test]
    fn any_file_cut_anywhere_or_with_a_bit_flipped_is_found_and_named_and_the_one_before_is_used() {
        let store = Store::with_steps(&[5, 10]);
        let folder = store.checkpoints.path(10);
        for name in FILES.into_iter().chain(["MANIFEST.json"]) {
            let path = folder.join(name);
            let whole = fs::read(&path).unwrap();
            let check = |damaged: &[u8], what: String| {
                fs::write(&path, damaged).unwrap();
                let (newest, message) = store.newest();
                match name {
                    // What is damaged in the list reads as damage of what it lists; a space may change and say the same.
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
    fn a_folder_without_a_manifest_does_not_exist() {
        let store = Store::with_steps(&[5, 10]);
        fs::remove_file(store.checkpoints.path(10).join("MANIFEST.json")).unwrap();
        assert_eq!(store.newest().0, Some(5));
    }

    #[test]
    fn saving_a_step_again_puts_the_damaged_one_aside_and_loses_nothing() {
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
    fn without_any_checkpoint_there_is_none_and_nothing_to_complain_of() {
        assert_eq!(Store::with_steps(&[]).newest(), (None, String::new()));
    }
}
