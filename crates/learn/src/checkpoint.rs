//! A checkpoint and its files, as bytes: four files, and a manifest with their sizes and hashes.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::{ControlFlow, Deref};
use std::path::Path;

use serde::{Deserialize, Serialize};
use wordspace_data::{NamedTensor, decode_tensors, encode_tensors, sha256};
use wordspace_model::parameters::{HostTensor, HostTensors};

use crate::State;

/// The version of the format.
const SCHEMA: u32 = 1;

/// More than any `state.json` has.
const MAX_STATE_BYTES: u64 = 16 << 20;

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

/// The list of a checkpoint's files: `MANIFEST.json`.
#[derive(Serialize, Deserialize)]
pub struct Manifest {
    schema: u32,
    step: u64,
    /// By name.
    pub files: BTreeMap<String, FileEntry>,
}

/// A file, as a manifest lists it.
#[derive(Serialize, Deserialize)]
pub struct FileEntry {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// The defect of a checkpoint, in one sentence.
type Problem = String;

impl Checkpoint {
    /// The names of its files.
    pub const FILES: [&str; 4] = ["model.safetensors", "optimizer.safetensors", "state.json", "watched.safetensors"];

    /// The parameters and moments by name.
    pub fn tensors(&self) -> impl Iterator<Item = (&String, &HostTensor)> {
        self.model.iter().chain(&self.optimizer)
    }

    /// Writes the file called `name`, one of [`Self::FILES`], to `writer`.
    ///
    /// # Errors
    ///
    /// If `writer` fails, or there is no such file.
    pub fn encode(&self, name: &str, writer: &mut impl Write) -> io::Result<()> {
        match name {
            "model.safetensors" => encode_tensors(writer, parts(&self.model)),
            "optimizer.safetensors" => encode_tensors(writer, parts(&self.optimizer)),
            "watched.safetensors" => encode_tensors(
                writer,
                self.watched.iter().map(|(name, t)| (name.as_str(), &t.shape[..], &t.values[..])),
            ),
            "state.json" => serde_json::to_writer_pretty(writer, &self.state).map_err(Into::into),
            other => Err(io::Error::other(format!("a checkpoint has no file called {other}"))),
        }
    }

    /// The checkpoint that `manifest` lists, if each file is as it was saved and all values are finite. `open` returns the bytes
    /// of a file.
    ///
    /// # Errors
    ///
    /// The defect.
    pub fn decode<F: Deref<Target = [u8]>>(
        manifest: &Manifest,
        mut open: impl FnMut(&str) -> Result<F, Problem>,
    ) -> Result<Self, Problem> {
        let mut file = |name: &str| {
            let (file, entry) = (open(name)?, &manifest.files[name]);
            entry.check_size(name, file.len() as u64)?;
            match sha256(&file) == entry.sha256 {
                true => Ok(file),
                false => Err(format!("{name} has the right size but not the SHA-256 that was saved")),
            }
        };
        let found = manifest.files["state.json"].bytes;
        if found > MAX_STATE_BYTES {
            return Err(format!("state.json has {found} bytes; expected at most {MAX_STATE_BYTES}"));
        }
        let state: State =
            serde_json::from_slice(&file("state.json")?).map_err(|error| format!("state.json: {error}"))?;
        if state.step != manifest.step {
            return Err(format!("state.json says step {}, {} says step {}", state.step, Manifest::NAME, manifest.step));
        }
        let mut tensors = |name: &str| {
            let go_on = |_, _, _| ControlFlow::Continue(());
            decode_tensors(Path::new(name), &file(name)?, &go_on).map_err(|error| error.to_string())
        };
        let [model, optimizer] =
            ["model.safetensors", "optimizer.safetensors"].map(|name| tensors(name).map(to_host_tensors));
        let checkpoint = Self { model: model?, optimizer: optimizer?, watched: tensors("watched.safetensors")?, state };
        match not_finite(checkpoint.tensors()) {
            None => Ok(checkpoint),
            Some(name) => Err(format!("{name} has values that are not finite")),
        }
    }
}

impl Manifest {
    /// Its own name.
    pub const NAME: &str = "MANIFEST.json";

    /// The manifest of the checkpoint after update `step`.
    pub fn new(step: u64, files: BTreeMap<String, FileEntry>) -> Self {
        Self { schema: SCHEMA, step, files }
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a manifest can always be written as JSON")
    }

    /// The manifest with these bytes.
    ///
    /// # Errors
    ///
    /// If it is of another version, or does not list the files of a checkpoint.
    pub fn decode(json: &[u8]) -> Result<Self, Problem> {
        let manifest: Self = serde_json::from_slice(json).map_err(|error| format!("{}: {error}", Self::NAME))?;
        if manifest.schema != SCHEMA {
            return Err(format!("its format is version {}; this program reads version {SCHEMA}", manifest.schema));
        }
        if !manifest.files.keys().eq(&Checkpoint::FILES) {
            return Err(format!("{} does not list the files of a checkpoint", Self::NAME));
        }
        Ok(manifest)
    }
}

impl FileEntry {
    /// Checks the size of the file called `name`.
    ///
    /// # Errors
    ///
    /// If it is another.
    pub fn check_size(&self, name: &str, found: u64) -> Result<(), Problem> {
        match found == self.bytes {
            true => Ok(()),
            false => Err(format!("{name} has {found} bytes instead of {}", self.bytes)),
        }
    }
}

/// The name of the first of `tensors` with a value that is not finite, if there is one.
pub fn not_finite<'t>(tensors: impl IntoIterator<Item = (&'t String, &'t HostTensor)>) -> Option<&'t str> {
    let is_finite = |tensor: &HostTensor| tensor.values.iter().all(|value| value.is_finite());
    let found = tensors.into_iter().find(|(_, tensor)| !is_finite(tensor));
    found.map(|(name, _)| name.as_str())
}

/// Name, shape and values of each of `tensors`.
pub fn parts(tensors: &HostTensors) -> impl Iterator<Item = (&str, &[usize], &[f32])> + Clone {
    tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.shape.as_slice(), tensor.values.as_slice()))
}

/// Converts tensors from a file to the model's type.
pub fn to_host_tensors(tensors: BTreeMap<String, NamedTensor>) -> HostTensors {
    tensors.into_iter().map(|(name, t)| (name, HostTensor { shape: t.shape, values: t.values })).collect()
}
