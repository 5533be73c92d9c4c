//! The frames of a run: the token tables that it saved while it trained.

use std::path::Path;

use wordspace_data::{Error, RunFiles, read_tensors};

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
    let files = RunFiles::of(run);
    let mut steps = files.vector_steps();
    steps.retain(|step| until.is_none_or(|until| *step <= until));
    let mut frames = Vec::with_capacity(steps.len());
    for (nth, &step) in steps.iter().enumerate() {
        frames.push((step, frame(&files.vectors(step)?, rows)?));
        progress(nth as u64 + 1, steps.len() as u64);
    }
    if frames.is_empty() {
        let problem = "it has no frame of the run (step-*.safetensors)";
        return Err(Error::bad_file(&run.join("vectors"), problem).into());
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
