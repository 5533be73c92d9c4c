//! A frame: the token table after one update, mapped, with what is known of it as a whole.

use std::sync::{Arc, Mutex};

use wordspace_data::formats::SavedTables;
use wordspace_data::{Error as DataError, VectorTable, WordVectors, chance_of_pairs};
use wordspace_explore::Viewpoint;

use crate::cache::Cache;
use crate::folder::{Shape, Stamp};
use crate::run::{Run, lock};
use crate::{Error, Result};

/// How many frames are kept open.
const MOST_OPEN: usize = 4;

/// How many bytes are kept of what is known of frames.
const MOST_KNOWN: usize = 16 << 20;

/// The token table after one update.
pub(crate) struct Frame {
    pub step: u64,
    /// The table, `[V, C]`, with empty words.
    pub vectors: WordVectors,
    pub known: Arc<Known>,
}

/// What takes a pass over a table to know.
pub(crate) struct Known {
    /// The mean of all rows.
    pub mean: Viewpoint,
    /// The cosines seen from there below which 5, 50 and 95 % of random pairs lie.
    pub chance: [f32; 3],
}

/// A frame of a run, the file it was read from, and the sizes it must have.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    birth: u64,
    pub step: u64,
    stamp: Stamp,
    shape: Shape,
}

impl Key {
    /// That of `run`'s frame of `step`, with its file.
    ///
    /// # Errors
    ///
    /// If there is no such frame.
    pub fn of(run: &Run, step: u64) -> Result<Self> {
        let path = run.frame(step)?;
        let gone = || Error::NotFound(format!("the frame of step {step} of {} has gone", run.name));
        Ok(Self { birth: run.birth, step, stamp: Stamp::of(&path).ok_or_else(gone)?, shape: run.shape() })
    }
}

/// The frames that were asked for last.
pub(crate) struct Frames {
    open: Mutex<Cache<Key, Arc<Frame>>>,
    known: Mutex<Cache<Key, Arc<Known>>>,
}

impl Frames {
    /// None yet.
    pub fn new() -> Self {
        Self { open: Mutex::new(Cache::new(MOST_OPEN)), known: Mutex::new(Cache::new(MOST_KNOWN)) }
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
        let known = lock(&self.known).get(&key);
        let known = known.unwrap_or_else(|| {
            let known = Arc::new(Known::of(&vectors, run.plan().run.seed));
            lock(&self.known).keep(key, known.clone(), vectors.dimension() * size_of::<f32>());
            known
        });
        let frame = Arc::new(Frame { step, vectors, known });
        lock(&self.open).keep(key, frame.clone(), 1);
        Ok(frame)
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

/// The tables of `run` after update `step`, which must be of this `shape`: in others the rows are not those of its words, and
/// the axes not its directions.
fn tables(run: &Run, step: u64, shape: Shape) -> Result<SavedTables> {
    let path = run.frame(step)?;
    let tables = SavedTables::open(&path)?;
    let found = Shape::of(&tables);
    if found == shape {
        return Ok(tables);
    }
    let problem =
        format!("it holds {found}, but the newest frame of {} holds {shape}; move it to the run it is of", run.name);
    Err(DataError::BadFile { path, problem }.into())
}

impl Known {
    fn of(vectors: &WordVectors, seed: u64) -> Self {
        let mean = Viewpoint::mean(vectors, &|_, _| ());
        let chance = chance_of_pairs(vectors.len(), seed, |a, b| mean.cosine(vectors, a, b) as f32);
        Self { mean, chance }
    }
}
