//! A run as one file: as many of its frames and words as fit, always with the first and last frame and the watched words.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use wordspace_data::{RunFiles, VectorTable};
use wordspace_frames::points::{coordinates, encode, scale};
use wordspace_frames::{Axes, Curves, DIMENSIONS, EmbeddedFrame, EmbeddedPositions, Frame, Words, base64, half_floats};

use crate::answers::describe;
use crate::document::{document, empty_size};
use crate::frames::Frames;
use crate::lock::lock;
use crate::run::Run;
use crate::serving::compute_axes;
use crate::words::open_words;
use crate::{Error, Result};

/// The largest data of a report, and the size it aims to stay within as a whole, in bytes.
const MAX_DATA_BYTES: usize = 1_200_000;
const MAX_BYTES: usize = 1_950_000;

/// The report of a large run leaves out words before it has fewer frames than this.
const MIN_FRAMES: usize = 8;

/// One part in so many of the data may be position tables.
const POSITION_SHARE: usize = 6;

/// The most positions in a report.
const MAX_POSITIONS: usize = 128;

/// Everything in a report.
#[derive(Serialize)]
struct Report {
    schema: u32,
    kind: &'static str,
    run: Value,
    log: Curves,
    frames: Vec<EmbeddedFrame>,
    positions: Vec<EmbeddedPositions>,
}

/// How much of a run its report holds.
pub struct Contents {
    /// How many words are in it.
    pub words: usize,
    /// How many words the run has.
    pub all_words: usize,
    /// How many frames are in it.
    pub frames: usize,
    /// How many frames the run has.
    pub all_frames: usize,
}

/// The run in `folder` as one HTML file that carries its data.
///
/// # Errors
///
/// If there is no run, or it has no frame or no words yet, or they cannot be read.
pub fn report(folder: &Path) -> Result<(String, Contents)> {
    if !RunFiles::are_in(folder) {
        let problem = match folder.exists() {
            true => "it is not a run folder; `wordspace train` makes one",
            false => "there is no such run; `wordspace train` makes one",
        };
        return Err(Error::NoRun { path: folder.to_path_buf(), problem: problem.into() });
    }
    let run = Run::new(0, folder.to_path_buf(), 0);
    run.refresh();
    let (frames, log) = (Frames::new(), lock(&run.log).read()?);
    let words = open_words(&run.files, &run.plan())?;
    let axes = compute_axes(&run, &frames, &words.by_count)?;
    let readable: Vec<u64> = run.frames().iter().copied().filter(|&step| frames.open(&run, step).is_ok()).collect();

    let taken = empty_size() + written(&log).len() + 64 * words.listed.words.len().min(2000);
    let room = MAX_DATA_BYTES.min(MAX_BYTES.saturating_sub(taken));
    let positions = positions(&run, &frames, &readable, room / POSITION_SHARE)?;
    let room = room - positions.iter().map(|table| table.vectors.len()).sum::<usize>();
    let (rows, steps) = fitting(&run, &words, &readable, room);

    let embedded = steps.iter().map(|&step| Ok(embed(&*frames.open(&run, step)?, &axes, &rows)));
    let embedded = embedded.collect::<Result<Vec<_>>>()?;
    let contents = Contents {
        words: rows.len(),
        all_words: words.listed.words.len(),
        frames: steps.len(),
        all_frames: run.frames().len(),
    };
    let mut described = describe(&run, &words.listed.only(&rows), contents.limits());
    (described["count"], described["frames"]) = (rows.len().into(), steps.into());
    let report = Report { schema: 1, kind: "report", run: described, log, frames: embedded, positions };
    Ok((document(&written(&report)), contents))
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("words and numbers can always be written as JSON")
}

/// The `rows` of `frame`, with their points on `axes`.
fn embed(frame: &Frame, axes: &Axes, rows: &[u32]) -> EmbeddedFrame {
    let all = coordinates(frame, axes);
    let points = rows.iter().map(|&row| &all[row as usize * DIMENSIONS..][..DIMENSIONS]);
    EmbeddedFrame {
        step: frame.step,
        points: base64(&encode(axes.version, frame.step, scale(&all), points)),
        vectors: half_floats(rows.iter().flat_map(|&row| frame.vectors.row(row).to_vec())),
    }
}

impl Contents {
    /// A sentence that names the omissions, if there are any.
    fn limits(&self) -> Option<String> {
        let Self { words, all_words, frames, all_frames } = self;
        let is_whole = words == all_words && frames == all_frames;
        (!is_whole).then(|| {
            format!(
                "This file holds {words} of {all_words} words and {frames} of {all_frames} frames; \
                 `wordspace serve` shows all of them."
            )
        })
    }
}

/// The rows and the steps that fit into `room` bytes: all words if they fit with [`MIN_FRAMES`] frames, else the watched
/// words, then those of classes, then the most frequent.
fn fitting(run: &Run, words: &Words, readable: &[u64], room: usize) -> (Vec<u32>, Vec<u64>) {
    let shape = run.shape();
    let all = shape.words.min(words.listed.words.len());
    // A point of three i16 and C half floats; base64 has four letters for three bytes.
    let bytes_per_word = (6 + 2 * shape.channels) * 4 / 3 + 1;
    let max_words = room / (bytes_per_word * MIN_FRAMES.min(readable.len()).max(1));
    let rows: Vec<u32> = match all <= max_words {
        true => (0..all as u32).collect(),
        false => {
            let mut rows = words.by_importance();
            rows.retain(|&row| (row as usize) < all);
            rows.truncate(max_words.max(2));
            rows
        }
    };
    let max_frames = room / (rows.len() * bytes_per_word).max(1);
    (rows, evenly(readable, max_frames.max(2)))
}

/// The position tables of as many frames as fit into `room` bytes, always of the first and the last.
fn positions(run: &Run, frames: &Frames, readable: &[u64], room: usize) -> Result<Vec<EmbeddedPositions>> {
    let Some(table) = readable.last().map(|&step| frames.positions(run, step)).transpose()?.flatten() else {
        return Ok(Vec::new());
    };
    let bytes_per_row = 2 * table.dimension() * 4 / 3 + 1;
    let rows = table.len().min(MAX_POSITIONS).min(room / 2 / bytes_per_row).max(1);
    let first_rows = |table: VectorTable| {
        let values = rows.min(table.len()) * table.dimension();
        half_floats(table.as_slice()[..values].iter().copied())
    };
    let steps = evenly(readable, room / (rows * bytes_per_row));
    let tables = steps.iter().map(|&step| Ok(frames.positions(run, step)?.map(|table| (step, first_rows(table)))));
    let tables = tables.collect::<Result<Vec<_>>>()?;
    Ok(tables.into_iter().flatten().map(|(step, vectors)| EmbeddedPositions { step, vectors }).collect())
}

/// At most `count` of `steps`, evenly spaced, with the first and the last; two at least.
fn evenly(steps: &[u64], count: usize) -> Vec<u64> {
    if steps.len() <= count.max(2) {
        return steps.to_vec();
    }
    let parts = count.max(2) - 1;
    (0..=parts).map(|part| steps[part * (steps.len() - 1) / parts]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_evenly_spaced_with_the_first_and_the_last() {
        let steps: Vec<u64> = (0..10).collect();
        assert_eq!(evenly(&steps, 4), [0, 3, 6, 9]);
        assert_eq!(evenly(&steps, 0), [0, 9]);
        assert_eq!(evenly(&steps, 10), steps);
        assert_eq!(evenly(&[5], 1), [5]);
    }
}
