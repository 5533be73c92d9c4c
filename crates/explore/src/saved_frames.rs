//! The frames of a run: the token tables that it saved while it trained.

use std::path::Path;

use wordspace_data::formats::SavedTables;
use wordspace_data::{Error, RunFiles};

use crate::projection::Points;
use crate::{Progress, Result};

/// The vectors of `rows` in every frame of the run in `run`, up to step `until`, in order, each with its step.
///
/// # Errors
///
/// If the run has no frames, or if one cannot be read, lacks one of the rows, or has vectors of another dimension.
pub fn saved_frames(
    run: &Path,
    rows: &[u32],
    until: Option<u64>,
    progress: Progress<'_>,
) -> Result<Vec<(u64, Points)>> {
    let files = RunFiles::of(run);
    let mut steps = files.vector_steps();
    steps.retain(|step| until.is_none_or(|until| *step <= until));
    let mut frames: Vec<(u64, Points)> = Vec::with_capacity(steps.len());
    for (nth, &step) in steps.iter().enumerate() {
        let path = files.vectors(step)?;
        let points = frame(&path, rows)?;
        if let Some((before, others)) = frames.last()
            && others.dimension() != points.dimension()
        {
            let (found, expected) = (points.dimension(), others.dimension());
            let problem = format!("its vectors have {found} values, but those of step {before} have {expected}");
            return Err(Error::bad_file(&path, problem).into());
        }
        frames.push((step, points));
        progress(nth as u64 + 1, steps.len() as u64);
    }
    if frames.is_empty() {
        let problem = "it has no frame of the run (step-*.safetensors)";
        return Err(Error::bad_file(&run.join("vectors"), problem).into());
    }
    Ok(frames)
}

fn frame(path: &Path, rows: &[u32]) -> Result<Points> {
    let table = SavedTables::open(path)?.tokens()?;
    if let Some(row) = rows.iter().find(|row| **row as usize >= table.len()) {
        let problem = format!("it has {} rows, but row {row} was asked for", table.len());
        return Err(Error::BadFile { path: path.to_path_buf(), problem }.into());
    }
    let values = rows.iter().flat_map(|&row| table.row(row).to_vec()).map(f64::from);
    Ok(Points::new(values.collect(), table.dimension()))
}

#[cfg(test)]
mod tests {
    use wordspace_data::write_tensors;

    use super::*;

    /// The frames of a run with a table of each of `shapes`, row 0 alone.
    fn frames(shapes: &[[usize; 2]]) -> Result<Vec<(u64, Points)>> {
        let run = tempfile::tempdir().unwrap();
        std::fs::create_dir(run.path().join("vectors")).unwrap();
        for (step, shape) in shapes.iter().enumerate() {
            let path = run.path().join(format!("vectors/step-{step:06}.safetensors"));
            let values = vec![1.0; shape[0] * shape[1]];
            write_tensors(&path, [("wte.weight", &shape[..], &values[..])].into_iter()).unwrap();
        }
        saved_frames(run.path(), &[0], None, &|_, _| ())
    }

    #[track_caller]
    fn refused(shapes: &[[usize; 2]], expected: &str) {
        let error = frames(shapes).expect_err("a frame is bad").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn every_frame_has_the_rows_and_the_dimension_of_the_others() {
        assert_eq!(frames(&[[2, 3], [2, 3]]).unwrap().len(), 2);
        refused(&[], "it has no frame");
        refused(&[[2, 3], [2, 4]], "its vectors have 4 values, but those of step 0 have 3");
        refused(&[[2, 0], [2, 3]], "shape [2, 0]");
    }
}
