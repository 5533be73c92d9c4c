//! The frames of runs, read from their files and kept in memory for a while.

use std::sync::{Arc, Mutex};

use wordspace_data::formats::SavedTables;
use wordspace_data::{Error as DataError, VectorTable};
use wordspace_frames::{Frame, Statistics};

use crate::cache::Cache;
use crate::folder::{Shape, Stamp};
use crate::lock::lock;
use crate::run::Run;
use crate::{Error, Result};

/// How many bytes of frames are kept in memory, and how many one may take.
const MAX_OPEN_BYTES: usize = 1 << 30;
const MAX_TABLE_BYTES: usize = MAX_OPEN_BYTES / 2;

/// How many bytes of the statistics of frames are kept.
const MAX_STATISTICS_BYTES: usize = 16 << 20;

/// Identifies a frame: its run, its step, the file it is read from, and the sizes it must have.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    birth: u64,
    step: u64,
    stamp: Stamp,
    shape: Shape,
}

impl Key {
    /// That of `run`'s frame of `step`.
    ///
    /// # Errors
    ///
    /// If there is no such frame.
    pub fn of(run: &Run, step: u64) -> Result<Self> {
        let path = run.frame(step)?;
        let gone = || Error::NotFound(format!("the frame of step {step} of {} has been removed", run.name));
        Ok(Self { birth: run.birth, step, stamp: Stamp::of(&path).ok_or_else(gone)?, shape: run.shape() })
    }
}

/// The frames that were asked for last.
pub(crate) struct Frames {
    open: Mutex<Cache<Key, Arc<Frame>>>,
    /// Kept for longer than the frames: they take a pass over a table to compute and little memory.
    statistics: Mutex<Cache<Key, Arc<Statistics>>>,
}

impl Frames {
    /// None yet.
    pub fn new() -> Self {
        Self { open: Mutex::new(Cache::new(MAX_OPEN_BYTES)), statistics: Mutex::new(Cache::new(MAX_STATISTICS_BYTES)) }
    }

    /// The frame of `run` after update `step`.
    ///
    /// # Errors
    ///
    /// If there is none, or its file is damaged or of another run.
    pub fn open(&self, run: &Run, step: u64) -> Result<Arc<Frame>> {
        let key = Key::of(run, step)?;
        if let Some(frame) = lock(&self.open).get(&key) {
            return Ok(frame);
        }
        let vectors = tables(run, step, key.shape)?.tokens()?;
        let known = lock(&self.statistics).get(&key);
        let statistics = known.unwrap_or_else(|| {
            let statistics = Arc::new(Statistics::new(&vectors, run.plan().run.seed));
            lock(&self.statistics).keep(key, statistics.clone(), vectors.dimension() * size_of::<f32>());
            statistics
        });
        let frame = Arc::new(Frame { step, vectors, statistics });
        lock(&self.open).keep(key, frame.clone(), key.shape.bytes());
        Ok(frame)
    }

    /// The newest frame of `run` that can be read.
    ///
    /// # Errors
    ///
    /// If it has no frame, or none that can be read.
    pub fn newest(&self, run: &Run) -> Result<Arc<Frame>> {
        self.first_readable(run, run.frames().iter().rev().copied())
    }

    /// The oldest frame of `run` that can be read.
    ///
    /// # Errors
    ///
    /// If it has no frame, or none that can be read.
    pub fn oldest(&self, run: &Run) -> Result<Arc<Frame>> {
        self.first_readable(run, run.frames().iter().copied())
    }

    fn first_readable(&self, run: &Run, mut steps: impl Iterator<Item = u64>) -> Result<Arc<Frame>> {
        let first = steps.next().ok_or_else(|| Error::NotFound(format!("{} has no frame yet", run.name)))?;
        let mut frame = self.open(run, first);
        while frame.is_err() {
            let Some(step) = steps.next() else { break };
            // The error of the first is the one to report.
            frame = self.open(run, step).or(frame);
        }
        frame
    }

    /// The position table of `run` after update `step`, `[T, C]`.
    ///
    /// # Errors
    ///
    /// As of [`Self::open`].
    pub fn positions(&self, run: &Run, step: u64) -> Result<Option<VectorTable>> {
        Ok(tables(run, step, run.shape())?.positions()?)
    }
}

/// The tables of `run` after update `step`, which must have this `shape`: the rows of others are not those of its words, and
/// its axes are not directions in their space.
fn tables(run: &Run, step: u64, shape: Shape) -> Result<SavedTables> {
    let path = run.frame(step)?;
    let tables = SavedTables::open(&path)?;
    let found = Shape::of(&tables);
    if found != shape {
        let newest = format!("but the newest frame of {} holds {shape}", run.name);
        let problem = format!("it holds {found}, {newest}; move it to the run it belongs to");
        return Err(DataError::bad_file(&path, problem).into());
    }
    if found.bytes() > MAX_TABLE_BYTES {
        let megabytes = [found.bytes(), MAX_TABLE_BYTES].map(|bytes| bytes / 1_000_000);
        let problem = format!("{found} take {} MB; the page reads at most {} MB", megabytes[0], megabytes[1]);
        return Err(DataError::bad_file(&path, problem).into());
    }
    Ok(tables)
}
