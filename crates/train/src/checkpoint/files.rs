//! The files of one checkpoint: written and synced one by one, and verified before they are loaded.

use std::collections::BTreeMap;
use std::path::Path;

use wordspace_data::publish::{publish_bytes, publish_file};
use wordspace_data::{MappedFile, regular_file, sha256_of_file};
use wordspace_learn::checkpoint::{Checkpoint, FileEntry, Manifest};

use crate::{Error, Result};

/// More than any manifest has.
const MAX_JSON_BYTES: u64 = 16 << 20;

/// The defect of a checkpoint, in one sentence.
type Problem = String;

/// Writes the files of `checkpoint` and their manifest to `folder`.
pub(super) fn write(checkpoint: &Checkpoint, folder: &Path) -> Result<()> {
    let mut files = BTreeMap::new();
    for name in Checkpoint::FILES {
        let path = folder.join(name);
        publish_file(&path, |writer| checkpoint.encode(name, writer))?;
        // A file that was just written and cannot be read back is a failure of the disk.
        let (sha256, bytes) = sha256_of_file(&path).map_err(|error| match error {
            wordspace_data::Error::Read { path, source } => Error::disk(path, source),
            other => other.into(),
        })?;
        files.insert(name.to_string(), FileEntry { bytes, sha256 });
    }
    Ok(publish_bytes(&folder.join(Manifest::NAME), &Manifest::new(checkpoint.state.step, files).encode())?)
}

/// Loads the checkpoint in `folder`, if each file is as it was saved and all values are finite.
pub(super) fn load(folder: &Path) -> std::result::Result<Checkpoint, Problem> {
    let manifest = manifest(folder)?;
    check_sizes(&manifest, folder)?;
    Checkpoint::decode(&manifest, |name| MappedFile::open(&folder.join(name)).map_err(|error| error.to_string()))
}

/// Whether the files in `folder` still have the sizes that were saved.
pub(super) fn is_complete(folder: &Path) -> bool {
    manifest(folder).is_ok_and(|manifest| check_sizes(&manifest, folder).is_ok())
}

fn manifest(folder: &Path) -> std::result::Result<Manifest, Problem> {
    let json = regular_file::read(&folder.join(Manifest::NAME), MAX_JSON_BYTES).map_err(|error| error.to_string())?;
    Manifest::decode(&json)
}

fn check_sizes(manifest: &Manifest, folder: &Path) -> std::result::Result<(), Problem> {
    for (name, entry) in &manifest.files {
        let file = regular_file::open(&folder.join(name)).map_err(|error| error.to_string())?;
        entry.check_size(name, file.metadata().map_err(|error| format!("{name} {error}"))?.len())?;
    }
    Ok(())
}
