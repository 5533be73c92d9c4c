//! The files of one checkpoint: written and synced one by one, and verified before they are loaded.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use wordspace_data::publish::publish_bytes;
use wordspace_data::{NamedTensor, read_tensors, regular_file, sha256_of_file, write_tensors};
use wordspace_learn::State;
use wordspace_model::parameters::{HostTensor, HostTensors};

use super::{Checkpoint, not_finite};
use crate::{Error, Result};

/// The version of the checkpoint format.
const SCHEMA: u32 = 1;

/// The file that lists the others.
const MANIFEST: &str = "MANIFEST.json";

/// More than any state or manifest has.
const MAX_JSON_BYTES: u64 = 16 << 20;

/// The files that a manifest lists.
pub(super) const FILES: [&str; 4] = ["model.safetensors", "optimizer.safetensors", "state.json", "watched.safetensors"];

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

/// The defect of a checkpoint, in one sentence.
type Problem = String;

/// Writes the files of `checkpoint` and their manifest to `folder`.
pub(super) fn write(checkpoint: &Checkpoint, folder: &Path) -> Result<()> {
    write_tensors(&folder.join("model.safetensors"), parts(&checkpoint.model))?;
    write_tensors(&folder.join("optimizer.safetensors"), parts(&checkpoint.optimizer))?;
    let watched = checkpoint.watched.iter().map(|(name, t)| (name.as_str(), t.shape.as_slice(), t.values.as_slice()));
    write_tensors(&folder.join("watched.safetensors"), watched)?;
    let state = serde_json::to_vec_pretty(&checkpoint.state).expect("a state can always be written as JSON");
    publish_bytes(&folder.join("state.json"), &state)?;
    let manifest = Manifest::of(folder, checkpoint.state.step)?;
    let json = serde_json::to_vec_pretty(&manifest).expect("a manifest can always be written as JSON");
    Ok(publish_bytes(&folder.join(MANIFEST), &json)?)
}

/// Loads the checkpoint in `folder`, if each file is as it was saved and all values are finite.
pub(super) fn load(folder: &Path) -> std::result::Result<Checkpoint, Problem> {
    let manifest = Manifest::read(folder)?;
    manifest.check_sizes(folder)?;
    manifest.check_hashes(folder)?;
    let state = regular_file::read(&folder.join("state.json"), MAX_JSON_BYTES).map_err(|error| error.to_string())?;
    let state: State = serde_json::from_slice(&state).map_err(|error| format!("state.json: {error}"))?;
    if state.step != manifest.step {
        return Err(format!("state.json says step {}, {MANIFEST} says step {}", state.step, manifest.step));
    }
    let tensors = |name: &str| read_tensors(&folder.join(name)).map_err(|error| error.to_string());
    let checkpoint = Checkpoint {
        model: host(tensors("model.safetensors")?),
        optimizer: host(tensors("optimizer.safetensors")?),
        watched: tensors("watched.safetensors")?,
        state,
    };
    match not_finite(checkpoint.tensors()) {
        None => Ok(checkpoint),
        Some(name) => Err(format!("{name} has values that are not finite")),
    }
}

/// Whether the files in `folder` still have the sizes that were saved.
pub(super) fn is_complete(folder: &Path) -> bool {
    Manifest::read(folder).is_ok_and(|manifest| manifest.check_sizes(folder).is_ok())
}

impl Manifest {
    fn of(folder: &Path, step: u64) -> Result<Self> {
        let mut files = BTreeMap::new();
        for name in FILES {
            // A file that was just written and cannot be read back is a failure of the disk.
            let (sha256, bytes) = sha256_of_file(&folder.join(name)).map_err(|error| match error {
                wordspace_data::Error::Read { path, source } => Error::disk(path, source),
                other => other.into(),
            })?;
            files.insert(name.to_string(), FileEntry { bytes, sha256 });
        }
        Ok(Self { schema: SCHEMA, step, files })
    }

    fn read(folder: &Path) -> std::result::Result<Self, Problem> {
        let json = regular_file::read(&folder.join(MANIFEST), MAX_JSON_BYTES).map_err(|error| error.to_string())?;
        let manifest: Self = serde_json::from_slice(&json).map_err(|error| format!("{MANIFEST}: {error}"))?;
        if manifest.schema != SCHEMA {
            return Err(format!("its format is version {}; this program reads version {SCHEMA}", manifest.schema));
        }
        if !manifest.files.keys().eq(&FILES) {
            return Err(format!("{MANIFEST} does not list the files of a checkpoint"));
        }
        Ok(manifest)
    }

    fn check_sizes(&self, folder: &Path) -> std::result::Result<(), Problem> {
        for (name, FileEntry { bytes, .. }) in &self.files {
            let path = folder.join(name);
            let file = regular_file::open(&path).map_err(|error| error.to_string())?;
            let found = file.metadata().map_err(|error| format!("{name} {error}"))?.len();
            if found != *bytes {
                return Err(format!("{name} has {found} bytes instead of {bytes}"));
            }
        }
        Ok(())
    }

    fn check_hashes(&self, folder: &Path) -> std::result::Result<(), Problem> {
        for (name, entry) in &self.files {
            let (sha256, _) = sha256_of_file(&folder.join(name)).map_err(|error| format!("{name} {error}"))?;
            if sha256 != entry.sha256 {
                return Err(format!("{name} has the right size but not the SHA-256 that was saved"));
            }
        }
        Ok(())
    }
}

fn parts(tensors: &HostTensors) -> impl Iterator<Item = (&str, &[usize], &[f32])> + Clone {
    tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.shape.as_slice(), tensor.values.as_slice()))
}

/// Converts tensors from a file to the model's type.
pub(crate) fn host(tensors: BTreeMap<String, NamedTensor>) -> HostTensors {
    tensors.into_iter().map(|(name, t)| (name, HostTensor { shape: t.shape, values: t.values })).collect()
}
