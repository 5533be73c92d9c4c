//! What is served: the runs, and the answers that were computed for them.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::body::Bytes;
use serde_json::json;
use tokio::sync::watch;
use wordspace_frames::{Axes, Layout, PairMeasurement, Summary, Words, principal_axes};

use crate::Result;
use crate::cache::Cache;
use crate::frames::{Frames, Key};
use crate::lock::lock;
use crate::run::Run;
use crate::runs::Runs;
use crate::words::open_words;
use crate::worker::{MAX_TIME, Worker};

/// How many bytes of answers are kept.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// How many bytes of words are kept, roughly.
const MAX_WORD_BYTES: usize = 128 << 20;

/// How many measurements of pairs are kept.
const MAX_PAIRS: usize = 100_000;

/// The coordinates that the words of a frame are drawn at.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum View {
    /// The principal axes of the run's newest frame.
    Principal,
    /// The axes on which a pair meets, away from a third word.
    Pair([u32; 2], Option<u32>),
    /// A layout of the frame itself.
    Layout(Layout),
}

/// A question about a frame whose answer does not change.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// Its points in a view, on the axes of this version; a layout is kept when the axes change.
    Points(View, Option<u32>),
    /// The neighbours of a word, at most this many.
    Neighbours(u32, usize),
    /// Its positions, rotated to those of this step.
    Positions(u64),
}

/// Everything that answers are made of.
pub(crate) struct Serving {
    /// The runs.
    pub runs: Runs,
    /// The threads that compute.
    pub worker: Worker,
    /// The frames that were asked for.
    pub frames: Frames,
    /// The list of runs as JSON, sent whenever it changes. A slow reader misses states and delays nobody.
    pub news: watch::Sender<Bytes>,
    words: Mutex<Cache<u64, Arc<Words>>>,
    answers: Mutex<Cache<(Key, Question), Bytes>>,
    pairs: Mutex<Cache<(Key, [u32; 2]), PairMeasurement>>,
}

impl Serving {
    /// The runs in `folder`.
    pub fn of(folder: &Path) -> Result<Arc<Self>> {
        let runs = Runs::of(folder);
        let news = watch::Sender::new(list(&runs.refresh()));
        let (words, answers) = (Mutex::new(Cache::new(MAX_WORD_BYTES)), Mutex::new(Cache::new(MAX_ANSWER_BYTES)));
        let (worker, pairs) = (Worker::start(MAX_TIME)?, Mutex::new(Cache::new(MAX_PAIRS)));
        Ok(Arc::new(Self { runs, worker, frames: Frames::new(), news, words, answers, pairs }))
    }

    /// Looks at all run folders, and sends the list of runs if it has changed.
    pub fn refresh(&self) {
        let now = list(&self.runs.refresh());
        self.news.send_if_modified(|sent| {
            let is_news = *sent != now;
            *sent = now;
            is_news
        });
    }

    /// The words of `run`.
    ///
    /// # Errors
    ///
    /// As of [`open_words`].
    pub fn words(&self, run: &Run) -> Result<Arc<Words>> {
        if let Some(words) = lock(&self.words).get(&run.birth) {
            return Ok(words);
        }
        let words = Arc::new(open_words(&run.files, &run.plan())?);
        lock(&self.words).keep(run.birth, words.clone(), words.bytes());
        Ok(words)
    }

    /// The axes on which the frames of `run` are drawn now.
    ///
    /// # Errors
    ///
    /// If it has no frame that can be read.
    pub fn axes(&self, run: &Run) -> Result<Arc<Axes>> {
        let newest = run.frames().last().copied();
        let current =
            newest.and_then(|newest| lock(&run.axes).current(newest, run.shape().channels, run.is_training()));
        match current {
            Some(axes) => Ok(axes),
            None => {
                let words = self.words(run);
                compute_axes(run, &self.frames, words.as_ref().map_or(&[], |words| &words.by_count))
            }
        }
    }

    /// The answer to `question` about the frame of `key`: kept from before, or computed now.
    pub fn answer(&self, question: (Key, Question), compute: impl FnOnce() -> Result<Bytes>) -> Result<Bytes> {
        if let Some(answer) = lock(&self.answers).get(&question) {
            return Ok(answer);
        }
        let answer = compute()?;
        lock(&self.answers).keep(question, answer.clone(), answer.len());
        Ok(answer)
    }

    /// One step of `/api/runs/R/pair`. Kept, because a page asks for all steps again whenever the run has a new frame.
    pub fn pair(&self, run: &Run, step: u64, pair: [u32; 2]) -> Result<PairMeasurement> {
        let key = (Key::of(run, step)?, pair);
        if let Some(known) = lock(&self.pairs).get(&key) {
            return Ok(known);
        }
        let measured = self.frames.open(run, step)?.pair(pair[0], pair[1])?;
        lock(&self.pairs).keep(key, measured, 1);
        Ok(measured)
    }
}

/// New axes for `run`, those of its newest readable frame. `by_count` are its rows, the most frequent words first; empty if
/// that is not known.
///
/// # Errors
///
/// If it has no frame that can be read.
pub(crate) fn compute_axes(run: &Run, frames: &Frames, by_count: &[u32]) -> Result<Arc<Axes>> {
    let newest = run.frames().last().copied();
    let frame = frames.newest(run)?;
    let all: Vec<u32> = (0..frame.vectors.len() as u32).collect();
    let by_count = if by_count.is_empty() { &all } else { by_count };
    // The lock is not held meanwhile: requests for the run's summary need it.
    let (began, before) = (Instant::now(), lock(&run.axes).last(frame.vectors.dimension()));
    let directions = principal_axes(&frame, by_count, before.as_deref());
    Ok(lock(&run.axes).replace(directions, frame.step, newest.unwrap_or(frame.step), began.elapsed()))
}

/// The list of runs as JSON.
fn list(runs: &[Summary]) -> Bytes {
    json!({"schema": 1, "runs": runs}).to_string().into()
}
