//! The frames of a run: the token tables that it saved while it trained.

use std::path::{Path, PathBuf};

use wordspace_data::{Error, read_tensors};

use crate::projection::Points;
use crate::{Progress, Result};

/// The name of the token table's tensor.
const TOKEN_TABLE: &str = "wte.weight";

/// The vectors of `rows` in every frame of the run in `run`, up to step `until`, in order, each with its step.
///
/// # Errors
///
/// If the run has no frames, or if one cannot be read or lacks one of the rows.
pub fn saved_frames(
    run: &Path,
    rows: &[u32],
    until: Option<u64>,
    progress: Progress<'_>,
) -> Result<Vec<(u64, Points)>> {
    let folder = run.join("vectors");
    let entries = std::fs::read_dir(&folder).map_err(|source| Error::read(&folder, source))?;
    let step_of = |name: &str| name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse::<u64>().ok();
    let all = entries
        .filter_map(|entry| Some((step_of(&entry.as_ref().ok()?.file_name().to_string_lossy())?, entry.ok()?.path())));
    let mut files: Vec<(u64, PathBuf)> = all.filter(|(step, _)| until.is_none_or(|until| *step <= until)).collect();
    files.sort();
    let mut frames = Vec::with_capacity(files.len());
    for (nth, (step, path)) in files.iter().enumerate() {
        frames.push((*step, frame(path, rows)?));
        progress(nth as u64 + 1, files.len() as u64);
    }
    if frames.is_empty() {
        let problem = "it has no frame of the run (step-*.safetensors)".into();
        return Err(Error::BadFile { path: folder, problem }.into());
    }
    Ok(frames)
}

fn frame(path: &Path, rows: &[u32]) -> Result<Points> {
    let bad = |problem: String| Error::BadFile { path: path.to_path_buf(), problem };
    let table = read_tensors(path)?.remove(TOKEN_TABLE).ok_or_else(|| bad(format!("it has no {TOKEN_TABLE}")))?;
    let &[n, dimension] = table.shape.as_slice() else {
        return Err(bad(format!("{TOKEN_TABLE} has shape {:?}; expected [V, C]", table.shape)).into());
    };
    if let Some(row) = rows.iter().find(|row| **row as usize >= n) {
        return Err(bad(format!("it has {n} rows, but row {row} was asked for")).into());
    }
    let row = |row: &u32| &table.values[*row as usize * dimension..][..dimension];
    Ok(Points::new(rows.iter().flat_map(row).map(|&x| x as f64).collect(), dimension))
}
