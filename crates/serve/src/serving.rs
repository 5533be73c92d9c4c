//! What is served: the runs, and what was found out of them.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::body::Bytes;
use serde_json::json;
use tokio::sync::watch;

use crate::axes::{Axes, find};
use crate::cache::Cache;
use crate::frame::{Frames, Key};
use crate::run::{Card, Run, lock};
use crate::runs::Runs;
use crate::words::Words;
use crate::worker::Worker;
use crate::{Error, Result};

/// How many bytes of answers are kept.
const MOST_ANSWERS: usize = 64 << 20;

/// About how many bytes of words are kept.
const MOST_WORDS: usize = 128 << 20;

/// An answer that is the same whenever it is asked for: of which frame, and what.
pub(crate) type Question = (Key, What);

/// What is asked of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum What {
    /// Its points on the axes of this version.
    Points(u32),
    /// The words nearest to a word, so many of them.
    Neighbours(u32, usize),
    /// Its positions, turned to those of this step.
    Positions(u64),
}

/// Everything that answers are made of.
pub(crate) struct Serving {
    /// The runs there are.
    pub runs: Runs,
    /// The thread that computes.
    pub worker: Worker,
    /// The frames that were asked for.
    pub frames: Frames,
    /// The cards of all runs as JSON, whenever one has changed. Who reads slowly misses states, and keeps nobody waiting.
    pub news: watch::Sender<Bytes>,
    words: Mutex<Cache<u64, Arc<Words>>>,
    answers: Mutex<Cache<Question, Bytes>>,
}

impl Serving {
    /// The runs at `place`.
    pub fn of(place: &Path) -> Result<Arc<Self>> {
        let runs = Runs::of(place);
        let news = watch::Sender::new(cards(&runs.look()));
        let (words, answers) = (Mutex::new(Cache::new(MOST_WORDS)), Mutex::new(Cache::new(MOST_ANSWERS)));
        Ok(Arc::new(Self { runs, worker: Worker::start()?, frames: Frames::new(), news, words, answers }))
    }

    /// Looks at all runs, and tells of it if something has changed.
    pub fn look(&self) {
        let now = cards(&self.runs.look());
        self.news.send_if_modified(|told| {
            let is_news = *told != now;
            *told = now;
            is_news
        });
    }

    /// The words of `run`.
    ///
    /// # Errors
    ///
    /// As of [`Words::open`].
    pub fn words(&self, run: &Run) -> Result<Arc<Words>> {
        if let Some(words) = lock(&self.words).get(&run.birth) {
            return Ok(words);
        }
        let words = Arc::new(Words::open(&run.path, &run.plan())?);
        lock(&self.words).keep(run.birth, words.clone(), words.weight());
        Ok(words)
    }

    /// The axes on which the frames of `run` are shown now.
    ///
    /// # Errors
    ///
    /// If it has no frame that can be read.
    pub fn axes(&self, run: &Run) -> Result<Arc<Axes>> {
        let newest = run.frames().last().copied();
        let current =
            newest.and_then(|newest| lock(&run.turning).current(newest, run.shape().channels, run.is_training()));
        match current {
            Some(axes) => Ok(axes),
            None => {
                let words = self.words(run);
                axes_of(run, &self.frames, words.as_ref().map_or(&[], |words| &words.by_count))
            }
        }
    }

    /// The answer to `question`, by `find` if it is not known yet.
    pub fn answer(&self, question: Question, find: impl FnOnce() -> Result<Bytes>) -> Result<Bytes> {
        if let Some(answer) = lock(&self.answers).get(&question) {
            return Ok(answer);
        }
        let answer = find()?;
        lock(&self.answers).keep(question, answer.clone(), answer.len());
        Ok(answer)
    }
}

/// The axes of `run`, found anew by its newest frame that can be read. `by_count` are its rows, the most frequent words first;
/// none if that is not known.
///
/// # Errors
///
/// If it has no frame, or none that can be read.
pub(crate) fn axes_of(run: &Run, frames: &Frames, by_count: &[u32]) -> Result<Arc<Axes>> {
    let steps = run.frames();
    let &newest = steps.last().ok_or_else(|| Error::NotFound(format!("{} has no frame yet", run.name)))?;
    let mut frame = frames.open(run, newest);
    for &step in steps.iter().rev().skip(1) {
        if frame.is_ok() {
            break;
        }
        frame = frames.open(run, step).or(frame);
    }
    let frame = frame?;
    let all: Vec<u32> = (0..frame.vectors.len() as u32).collect();
    let by_count = if by_count.is_empty() { &all } else { by_count };
    // Who asks for the run's card meanwhile does not wait.
    let (began, before) = (Instant::now(), lock(&run.turning).last(frame.vectors.dimension()));
    let directions = find(&frame, by_count, before.as_deref());
    Ok(lock(&run.turning).turn(directions, newest, began.elapsed()))
}

/// The list of runs, as JSON.
fn cards(cards: &[Card]) -> Bytes {
    json!({"schema": 1, "runs": cards}).to_string().into()
}
