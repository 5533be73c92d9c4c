//! One run: its summary, and where its files are.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use wordspace_data::RunFiles;
use wordspace_frames::{Plan, State, Summary};

use crate::folder::{Folder, Shape, Stamp};
use crate::live_axes::LiveAxes;
use crate::lock::lock;
use crate::log::LogFile;
use crate::worker::Queue;
use crate::{Error, Result};

/// Numbers the runs that this process has met.
static BIRTHS: AtomicU64 = AtomicU64::new(0);

/// A run that is served.
pub(crate) struct Run {
    /// Its index in the list of runs.
    pub id: usize,
    /// The name of its folder.
    pub name: String,
    /// Its folder.
    pub files: RunFiles,
    /// Unique, also among the runs that stand in the same folder one after another.
    pub birth: u64,
    /// The stamp of its words: a new run in the same folder writes new ones.
    words: Mutex<Option<Stamp>>,
    folder: Mutex<Folder>,
    /// The axes on which its words are drawn.
    pub axes: Mutex<LiveAxes>,
    /// Its log.
    pub log: Mutex<LogFile>,
    /// The questions about it.
    pub queue: Queue,
}

impl Run {
    /// The run in the folder at `path`; the versions of its axes follow `axes`.
    pub fn new(id: usize, path: PathBuf, axes: u32) -> Self {
        let files = RunFiles::of(&path);
        let name = path.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        Self {
            id,
            name: name.unwrap_or_else(|| path.display().to_string()),
            birth: BIRTHS.fetch_add(1, Ordering::Relaxed),
            words: Mutex::new(Stamp::of(&path.join("words.json"))),
            folder: Mutex::new(Folder::new(files.clone())),
            axes: Mutex::new(LiveAxes::after(axes)),
            log: Mutex::new(LogFile::new(files.clone())),
            queue: Queue::default(),
            files,
        }
    }

    /// Looks at the folder again, and says whether it still holds this run: it is another if its words were written anew.
    pub fn refresh(&self) -> bool {
        let mut words = lock(&self.words);
        let now = Stamp::of(&self.files.folder().join("words.json"));
        let is_same = words.is_none() || now.is_none() || now == *words;
        *words = now.or(*words);
        lock(&self.folder).refresh();
        is_same
    }

    /// Whether the folder still is that of a run.
    pub fn exists(&self) -> bool {
        RunFiles::are_in(self.files.folder())
    }

    /// It in brief.
    pub fn summary(&self) -> Summary {
        let axes = lock(&self.axes).version();
        let folder = lock(&self.folder);
        let Shape { words, channels, .. } = folder.shape();
        Summary {
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

    /// Its configuration.
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

    /// Whether a process trains it.
    pub fn is_training(&self) -> bool {
        lock(&self.folder).state() == State::Training
    }

    /// The file of the tables after update `step`.
    ///
    /// # Errors
    ///
    /// If that step has no frame, or its file is no regular file in the folder.
    pub fn frame(&self, step: u64) -> Result<PathBuf> {
        match self.frames().binary_search(&step) {
            Ok(_) => Ok(self.files.vectors(step)?),
            Err(_) => Err(Error::NotFound(format!("{} has no frame of step {step}", self.name))),
        }
    }
}
