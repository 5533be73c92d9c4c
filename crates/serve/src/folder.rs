//! What can be seen of a run's folder without reading much of it: the plan, how far it is, which frames there are.
//!
//! The folder belongs to whoever trains; nothing is written in it, and nothing in it is believed to stay.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use wordspace_data::formats::SavedTables;

use crate::plan::Plan;

/// How much of the end of a log is read for its newest step. A look at many pairs makes a long line.
const END_OF_LOG: u64 = 64 << 10;

/// Until a time of change is as old as this, there may be changes that it does not show: clocks of file systems are coarse.
const COARSEST_CLOCK: Duration = Duration::from_secs(2);

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Another process, or this one, works on it.
    Training,
    /// All its updates were made, or no more were of use.
    Complete,
    /// It can be gone on with.
    Stopped,
    /// It has no frame yet.
    Waiting,
}

/// When a file was changed last and how long it is: the same file as before, if both are as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stamp {
    changed: SystemTime,
    bytes: u64,
}

impl Stamp {
    /// That of the file or folder at `path`; none if there is none.
    pub fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self { changed: found.modified().ok()?, bytes: found.len() })
    }

    /// Whether a change made after it was taken might not show.
    fn is_fresh(&self) -> bool {
        SystemTime::now().duration_since(self.changed).map_or(true, |age| age < COARSEST_CLOCK)
    }
}

/// The sizes of a frame's tables. All frames of a run have the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    /// V.
    pub words: usize,
    /// T; none where positions are not learned.
    pub positions: Option<usize>,
    /// C.
    pub channels: usize,
}

impl Shape {
    /// That of `tables`.
    pub fn of(tables: &SavedTables) -> Self {
        Self { words: tables.rows(), positions: tables.position_count(), channels: tables.dimension() }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { words, positions, channels } = self;
        let positions = positions.map(|positions| format!(" and {positions} positions"));
        write!(to, "{words} words{} of {channels} numbers", positions.unwrap_or_default())
    }
}

/// A run's folder, as it was seen last.
pub(crate) struct Folder {
    path: PathBuf,
    plan: (Option<Stamp>, Plan),
    frames: (Option<Stamp>, Arc<Vec<u64>>),
    /// That of the newest frame that can be read.
    shape: Shape,
    log: u64,
    step: u64,
    lock: (Option<Stamp>, bool),
    ending: (Option<Stamp>, bool),
}

impl Folder {
    /// The folder at `path`, not looked at yet.
    pub fn new(path: PathBuf) -> Self {
        let plan = (None, Plan::default());
        Self {
            path,
            plan,
            frames: Default::default(),
            shape: Shape::default(),
            log: 0,
            step: 0,
            lock: (None, false),
            ending: (None, false),
        }
    }

    /// Whether `folder` is that of a run.
    pub fn is_run(folder: &Path) -> bool {
        folder.join("config.toml").is_file() || folder.join("words.json").is_file() && folder.join("vectors").is_dir()
    }

    /// Looks again.
    pub fn look(&mut self) {
        if let Some(stamp) = renewed(&self.path.join("config.toml"), &mut self.plan.0) {
            self.plan = (stamp, Plan::read(&self.path.join("config.toml")));
        }
        if let Some(stamp) = renewed(&self.path.join("vectors"), &mut self.frames.0) {
            let steps = steps(&self.path.join("vectors"));
            let newest = steps.iter().rev().find_map(|&step| SavedTables::open(&self.frame(step)).ok());
            self.shape = newest.map_or(self.shape, |tables| Shape::of(&tables));
            if steps != *self.frames.1 {
                self.frames.1 = Arc::new(steps);
            }
            self.frames.0 = stamp;
        }
        let log = self.path.join("log.jsonl");
        let bytes = fs::metadata(&log).map_or(0, |found| found.len());
        if bytes != self.log {
            (self.log, self.step) = (bytes, newest_step(&log).unwrap_or(if bytes == 0 { 0 } else { self.step }));
        }
        self.look_at_lock();
        if let Some(stamp) = renewed(&self.path.join("run.json"), &mut self.ending.0) {
            self.ending = (stamp, has_ended(&self.path.join("run.json")));
        }
    }

    /// A lock that is free is taken for a moment when it is tried, so it is tried only while somebody holds it, and once when
    /// it has changed hands: then its holder has written in it.
    fn look_at_lock(&mut self) {
        let path = self.path.join("LOCK");
        let stamp = Stamp::of(&path);
        if self.lock.1 || stamp != self.lock.0 {
            self.lock = (stamp, is_held(&path));
        }
    }

    /// The file of the tables after update `step`.
    pub fn frame(&self, step: u64) -> PathBuf {
        self.path.join("vectors").join(format!("step-{step:06}.safetensors"))
    }

    /// What the run is doing.
    pub fn state(&self) -> State {
        match () {
            () if self.frames.1.is_empty() => State::Waiting,
            () if self.lock.1 => State::Training,
            () if self.ending.1 || self.step() >= self.plan.1.train.steps => State::Complete,
            () => State::Stopped,
        }
    }

    /// The newest update that is known of.
    pub fn step(&self) -> u64 {
        self.step.max(self.frames.1.last().copied().unwrap_or(0))
    }

    /// The steps that have frames, in order.
    pub fn frames(&self) -> &Arc<Vec<u64>> {
        &self.frames.1
    }

    /// The sizes that all its frames must have: those of the newest that can be read.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// How many bytes the log has.
    pub fn log_bytes(&self) -> u64 {
        self.log
    }

    /// What the run was asked to be.
    pub fn plan(&self) -> &Plan {
        &self.plan.1
    }
}

/// The new stamp of `path`, if what is there may have changed since the stamp `seen` was taken.
fn renewed(path: &Path, seen: &mut Option<Stamp>) -> Option<Option<Stamp>> {
    let now = Stamp::of(path);
    let may_differ = now != *seen || now.is_some_and(|stamp| stamp.is_fresh());
    may_differ.then_some(now)
}

/// The steps in the names of `folder`'s frames, in order.
fn steps(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let step = |name: &str| name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok();
    let mut steps: Vec<u64> = entries.filter_map(|entry| step(entry.file_name().to_str()?)).collect();
    steps.sort_unstable();
    steps
}

/// The newest step in the last whole lines of a log.
fn newest_step(log: &Path) -> Option<u64> {
    let mut file = File::open(log).ok()?;
    let bytes = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(bytes.saturating_sub(END_OF_LOG))).ok()?;
    let mut end = Vec::new();
    file.take(END_OF_LOG).read_to_end(&mut end).ok()?;
    let whole = &end[..end.iter().rposition(|&byte| byte == b'\n')?];
    let step = |line: &[u8]| serde_json::from_slice::<serde_json::Value>(line).ok()?["step"].as_u64();
    whole.rsplit(|&byte| byte == b'\n').find_map(step)
}

fn is_held(lock: &Path) -> bool {
    let tried = File::open(lock).map(|file| file.try_lock());
    matches!(tried, Ok(Err(TryLockError::WouldBlock)))
}

/// Whether the newest session of a `run.json` made all updates, or found that no more were of use.
fn has_ended(path: &Path) -> bool {
    let session = newest_session(path);
    session["ending"].as_str().is_some_and(|ending| ["Complete", "NoLongerBetter"].contains(&ending))
}

/// What a `run.json` says of the process that worked on the run last; null if it says nothing.
pub(crate) fn newest_session(path: &Path) -> serde_json::Value {
    let json = fs::read(path).ok().and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok());
    json.as_ref().and_then(|json| json["sessions"].as_array()?.last().cloned()).unwrap_or_default()
}
