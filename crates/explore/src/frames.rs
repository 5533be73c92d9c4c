//! The frames of a run: the tables it saved while it trained.

use std::path::Path;

use wordspace_data::{Error, read_tensors};

use crate::Result;
use crate::projection::{Points, Progress};

/// The tensor that holds the token table.
const TOKEN_TABLE: &str = "wte.weight";

/// The vectors of `rows` after every step that the run in `run` saved its token table at, up to step `until`, in order.
///
/// # Errors
///
/// If `run` has no saved tables, or if one cannot be read or lacks one of the rows.
pub fn frames(run: &Path, rows: &[u32], until: Option<u64>, progress: Progress<'_>) -> Result<Vec<(u64, Points)>> {
    let folder = run.join("vectors");
    let entries = std::fs::read_dir(&folder).map_err(|source| Error::read(&folder, source))?;
    let step_of = |name: &str| name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse::<u64>().ok();
    let names = entries
        .filter_map(|entry| Some((step_of(&entry.as_ref().ok()?.file_name().to_string_lossy())?, entry.ok()?.path())));
    let mut files: Vec<(u64, std::path::PathBuf)> =
        names.filter(|(step, _)| until.is_none_or(|until| *step <= until)).collect();
    files.sort();
    let mut frames = Vec::with_capacity(files.len());
    for (nth, (step, path)) in files.iter().enumerate() {
        frames.push((*step, frame(path, rows)?));
        progress(nth + 1, files.len());
    }
    if frames.is_empty() {
        let problem = "it holds no table of the run (step-*.safetensors)".into();
        return Err(Error::BadFile { path: folder, problem }.into());
    }
    Ok(frames)
}

fn frame(path: &Path, rows: &[u32]) -> Result<Points> {
    let bad = |problem: String| Error::BadFile { path: path.to_path_buf(), problem };
    let table = read_tensors(path)?.remove(TOKEN_TABLE).ok_or_else(|| bad(format!("it has no {TOKEN_TABLE}")))?;
    let &[n, dimension] = table.shape.as_slice() else {
        return Err(bad(format!("{TOKEN_TABLE} has shape {:?}; expected [words, numbers]", table.shape)).into());
    };
    if let Some(row) = rows.iter().find(|row| **row as usize >= n) {
        return Err(bad(format!("it has {n} rows; row {row} was asked for")).into());
    }
    let row = |row: &u32| &table.values[*row as usize * dimension..][..dimension];
    Ok(Points::new(rows.iter().flat_map(row).map(|&x| x as f64).collect(), dimension))
}
