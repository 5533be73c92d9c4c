//! One run: what its card says, and where its files are.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use serde::Serialize;

use crate::axes::Turning;
use crate::folder::{Folder, Shape, Stamp, State};
use crate::log::Log;
use crate::plan::Plan;
use crate::{Error, Result};

/// What distinguishes a run from one that stood in the same folder before.
static BIRTHS: AtomicU64 = AtomicU64::new(0);

/// A run that is served.
pub(crate) struct Run {
    /// Its place in the list of runs.
    pub id: usize,
    /// The name of its folder.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// Another number for every run that this process has met.
    pub birth: u64,
    /// When its words were written: a run that is made anew in the same folder has others.
    words: Mutex<Option<Stamp>>,
    folder: Mutex<Folder>,
    /// The axes on which its words are shown.
    pub turning: Mutex<Turning>,
    /// What its log says.
    pub log: Mutex<Log>,
}

/// A run in a few words: all that changes while one watches, and what tells it from the others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Card {
    pub id: usize,
    pub name: String,
    pub state: State,
    /// The newest update that is known of.
    pub step: u64,
    /// How many updates there are to be.
    pub steps: u64,
    /// V.
    pub words: usize,
    /// C.
    pub channels: usize,
    /// The steps that have frames, in order.
    pub frames: Vec<u64>,
    /// The version of the axes.
    pub axes: u32,
    /// How many bytes the log has.
    pub log: u64,
}

impl Run {
    /// The run in the folder at `path`, whose axes begin after version `axes`.
    pub fn new(id: usize, path: PathBuf, axes: u32) -> Self {
        let name = path.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        Self {
            id,
            name: name.unwrap_or_else(|| path.display().to_string()),
            birth: BIRTHS.fetch_add(1, Ordering::Relaxed),
            words: Mutex::new(Stamp::of(&path.join("words.json"))),
            folder: Mutex::new(Folder::new(path.clone())),
            turning: Mutex::new(Turning::after(axes)),
            log: Mutex::new(Log::new(path.join("log.jsonl"))),
            path,
        }
    }

    /// Looks at the folder again, and says whether it still holds this run: not one made anew since, nor none.
    pub fn look(&self) -> bool {
        let mut words = lock(&self.words);
        let now = Stamp::of(&self.path.join("words.json"));
        let is_same = words.is_none() || now.is_none() || now == *words;
        *words = now.or(*words);
        lock(&self.folder).look();
        is_same
    }

    /// Whether the folder is that of a run now.
    pub fn is_there(&self) -> bool {
        Folder::is_run(&self.path)
    }

    /// What is known of it.
    pub fn card(&self) -> Card {
        let axes = lock(&self.turning).version();
        let folder = lock(&self.folder);
        let Shape { words, channels, .. } = folder.shape();
        Card {
            id: self.id,
            name: self.name.clone(),
            state: folder.state(),
            step: folder.step(),
            steps: folder.plan().train.steps,
            words,
            channels,
            frames: folder.frames().to_vec(),
            axes,
            log: folder.log_bytes(),
        }
    }

    /// What it was asked to be.
    pub fn plan(&self) -> Plan {
        lock(&self.folder).plan().clone()
    }

    /// The steps that have frames, in order.
    pub fn frames(&self) -> Arc<Vec<u64>> {
        lock(&self.folder).frames().clone()
    }

    /// The sizes of its frames.
    pub fn shape(&self) -> Shape {
        lock(&self.folder).shape()
    }

    /// Whether somebody works on it.
    pub fn is_training(&self) -> bool {
        lock(&self.folder).state() == State::Training
    }

    /// The file of the tables after update `step`.
    ///
    /// # Errors
    ///
    /// If there is none in the list of frames.
    pub fn frame(&self, step: u64) -> Result<PathBuf> {
        let folder = lock(&self.folder);
        match folder.frames().binary_search(&step) {
            Ok(_) => Ok(folder.frame(step)),
            Err(_) => Err(Error::NotFound(format!("{} has no frame of step {step}", self.name))),
        }
    }
}

/// What `mutex` guards. A job that panicked while it held it left nothing half-done that is not made anew when it is asked for.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
