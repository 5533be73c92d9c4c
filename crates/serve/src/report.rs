//! A run as one file: as many of its frames and words as fit, the first and the last frame and the watched words always.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use wordspace_data::VectorTable;

use crate::answers::describe;
use crate::embedded::{self, EmbeddedFrame, EmbeddedPositions, base64, document, halves};
use crate::folder::Folder;
use crate::frame::Frames;
use crate::log::Curves;
use crate::points::{encode, places, scale};
use crate::run::{Run, lock};
use crate::serving::axes_of;
use crate::words::Words;
use crate::{Error, Result};

/// How many bytes of data a report carries at most, and how many it has in all, if a page and a run's words allow.
const MOST_DATA: usize = 1_200_000;
const MOST_BYTES: usize = 1_950_000;

/// How many frames a report of a large run has at least: fewer words, rather than fewer moments.
const FEWEST_FRAMES: usize = 8;

/// What part of the data may be positions: one in as many.
const PART_OF_POSITIONS: usize = 6;

/// The most positions that are shown.
const MOST_POSITIONS: usize = 128;

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

/// What a report has, of what a run has.
pub struct Contents {
    /// How many words and frames are in it.
    pub words: usize,
    /// How many words the run has.
    pub all_words: usize,
    /// How many frames are in it.
    pub frames: usize,
    /// How many frames the run has.
    pub all_frames: usize,
}

/// The page of the run in `folder`, carrying its data.
///
/// # Errors
///
/// If there is no run, or it has no frame or no words yet, or they cannot be read.
pub fn report(folder: &Path) -> Result<(String, Contents)> {
    if !Folder::is_run(folder) {
        let problem = match folder.exists() {
            true => "it is no run; `wordspace train` makes one",
            false => "there is no such run; `wordspace train` makes one",
        };
        return Err(Error::NoRun { path: folder.to_path_buf(), problem: problem.into() });
    }
    let run = Run::new(0, folder.to_path_buf(), 0);
    run.look();
    let (frames, log) = (Frames::new(), lock(&run.log).read()?);
    let words = Words::open(folder, &run.plan())?;
    let axes = axes_of(&run, &frames, &words.by_count)?;
    let readable: Vec<u64> = run.frames().iter().copied().filter(|&step| frames.open(&run, step).is_ok()).collect();

    let taken = embedded::empty_size() + written(&log).len() + 64 * words.listed.words.len().min(2000);
    let room = MOST_DATA.min(MOST_BYTES.saturating_sub(taken));
    let positions = positions(&run, &frames, &readable, room / PART_OF_POSITIONS)?;
    let room = room - positions.iter().map(|table| table.vectors.len()).sum::<usize>();
    let (rows, steps) = fitting(&run, &words, &readable, room);

    let embedded = steps.iter().map(|&step| {
        let frame = frames.open(&run, step)?;
        let (all, vectors) = (places(&frame, &axes), &frame.vectors);
        let chosen = rows.iter().map(|&row| &all[row as usize * 3..][..3]);
        let points = base64(&encode(axes.version, step, scale(&all), chosen));
        Ok(EmbeddedFrame { step, points, vectors: halves(rows.iter().flat_map(|&row| vectors.row(row).to_vec())) })
    });
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

/// Whether the file at `path` is a page that a report or a projection was written to: it may be written anew.
pub fn is_page(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|text| embedded::is_ours(&text))
}

impl Contents {
    /// What is left out, if something is.
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

/// The words and the frames that take no more than `room` bytes together: all words if they fit beside the fewest frames, else
/// the watched ones, those of classes and then the most frequent.
fn fitting(run: &Run, words: &Words, readable: &[u64], room: usize) -> (Vec<u32>, Vec<u64>) {
    let card = run.card();
    let all = card.words.min(words.listed.words.len());
    // Six bytes of points and two for each number, as four letters for three.
    let bytes_per_word = (6 + 2 * card.channels) * 4 / 3 + 1;
    let most = room / (bytes_per_word * FEWEST_FRAMES.min(readable.len()).max(1));
    let rows: Vec<u32> = match all <= most {
        true => (0..all as u32).collect(),
        false => {
            let mut rows = words.foremost();
            rows.retain(|&row| (row as usize) < all);
            rows.truncate(most.max(2));
            rows
        }
    };
    let most_frames = room / (rows.len() * bytes_per_word).max(1);
    (rows, evenly(readable, most_frames.max(2)))
}

/// The position tables of as many frames as fit into `room` bytes, at least of the first and the last.
fn positions(run: &Run, frames: &Frames, readable: &[u64], room: usize) -> Result<Vec<EmbeddedPositions>> {
    let Some(table) = readable.last().map(|&step| frames.positions(run, step)).transpose()?.flatten() else {
        return Ok(Vec::new());
    };
    let bytes_per_row = 2 * table.dimension() * 4 / 3 + 1;
    let rows = table.len().min(MOST_POSITIONS).min(room / 2 / bytes_per_row).max(1);
    let first_rows = |table: VectorTable| {
        let numbers = rows.min(table.len()) * table.dimension();
        halves(table.as_slice()[..numbers].iter().copied())
    };
    let steps = evenly(readable, room / (rows * bytes_per_row));
    let tables = steps.iter().map(|&step| Ok(frames.positions(run, step)?.map(|table| (step, first_rows(table)))));
    let tables = tables.collect::<Result<Vec<_>>>()?;
    Ok(tables.into_iter().flatten().map(|(step, vectors)| EmbeddedPositions { step, vectors }).collect())
}

/// About `count` of `steps`, evenly, the first and the last among them.
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
    fn steps_are_chosen_evenly_with_the_first_and_the_last() {
        let steps: Vec<u64> = (0..10).collect();
        assert_eq!(evenly(&steps, 4), [0, 3, 6, 9]);
        assert_eq!(evenly(&steps, 0), [0, 9]);
        assert_eq!(evenly(&steps, 10), steps);
        assert_eq!(evenly(&[5], 1), [5]);
    }
}
