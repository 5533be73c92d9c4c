//! What a run's folder shows at a glance: its configuration, how far it is, which frames it has.
//!
//! The folder belongs to the process that trains: nothing is written here, and every file may change or vanish meanwhile.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use wordspace_data::formats::SavedTables;
use wordspace_frames::{Plan, State};

/// How much of the end of a log is read for its newest step. A measurement of many watched pairs makes a long line.
const LOG_TAIL_BYTES: u64 = 64 << 10;

/// The largest configuration that is read.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// A file changed again within this time may keep its time of change: the clocks of file systems are coarse.
const COARSEST_CLOCK: Duration = Duration::from_secs(2);

/// When a file was last changed and how long it is; if both are as before, it is the same file as before.
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

    /// Whether the file may change again without getting another stamp.
    fn is_recent(&self) -> bool {
        SystemTime::now().duration_since(self.changed).map_or(true, |age| age < COARSEST_CLOCK)
    }
}

/// What was read from a file, with the stamp that the file had.
#[derive(Default)]
struct Watched<T> {
    stamp: Option<Stamp>,
    value: T,
}

impl<T> Watched<T> {
    /// Whether the file at `path` may have changed since the last call.
    fn may_have_changed(&mut self, path: &Path) -> bool {
        let now = Stamp::of(path);
        let may_differ = now != self.stamp || now.is_some_and(|stamp| stamp.is_recent());
        self.stamp = now;
        may_differ
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
        write!(to, "{words} words{} of {channels} channels", positions.unwrap_or_default())
    }
}

/// A run's folder as of the last [`refresh`](Self::refresh).
pub(crate) struct Folder {
    path: PathBuf,
    plan: Watched<Plan>,
    /// The steps that have frames, in order.
    frames: Watched<Arc<Vec<u64>>>,
    /// That of the newest readable frame.
    shape: Shape,
    log_bytes: u64,
    logged_step: u64,
    /// Whether a process holds the run's lock.
    lock: Watched<bool>,
    /// Whether its newest session ran to the end.
    ended: Watched<bool>,
}

impl Folder {
    /// The folder at `path`, of which nothing is known before the first refresh.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            plan: Watched::default(),
            frames: Watched::default(),
            shape: Shape::default(),
            log_bytes: 0,
            logged_step: 0,
            lock: Watched::default(),
            ended: Watched::default(),
        }
    }

    /// Whether `folder` is that of a run.
    pub fn is_run(folder: &Path) -> bool {
        folder.join("config.toml").is_file() || folder.join("words.json").is_file() && folder.join("vectors").is_dir()
    }

    /// Reads again whatever has changed.
    pub fn refresh(&mut self) {
        let config = self.path.join("config.toml");
        if self.plan.may_have_changed(&config) {
            self.plan.value = read_plan(&config);
        }
        if self.frames.may_have_changed(&self.path.join("vectors")) {
            self.refresh_frames();
        }
        let log = self.path.join("log.jsonl");
        let bytes = fs::metadata(&log).map_or(0, |found| found.len());
        if bytes != self.log_bytes {
            self.log_bytes = bytes;
            self.logged_step = newest_step(&log).unwrap_or(if bytes == 0 { 0 } else { self.logged_step });
        }
        self.refresh_lock();
        let record = self.path.join("run.json");
        if self.ended.may_have_changed(&record) {
            self.ended.value = has_ended(&record);
        }
    }

    fn refresh_frames(&mut self) {
        let steps = steps(&self.path.join("vectors"));
        let newest = steps.iter().rev().find_map(|&step| SavedTables::open(&self.frame(step)).ok());
        self.shape = newest.map_or(self.shape, |tables| Shape::of(&tables));
        if steps != *self.frames.value {
            self.frames.value = Arc::new(steps);
        }
    }

    /// Trying a free lock takes it for a moment, so it is tried only while it is held, and once after its file has changed:
    /// the process that takes it writes to it.
    fn refresh_lock(&mut self) {
        let path = self.path.join("LOCK");
        let stamp = Stamp::of(&path);
        if self.lock.value || stamp != self.lock.stamp {
            self.lock = Watched { stamp, value: is_held(&path) };
        }
    }

    /// The file of the tables after update `step`.
    pub fn frame(&self, step: u64) -> PathBuf {
        self.path.join("vectors").join(format!("step-{step:06}.safetensors"))
    }

    /// What the run is doing.
    pub fn state(&self) -> State {
        match () {
            () if self.frames.value.is_empty() => State::Waiting,
            () if self.lock.value => State::Training,
            () if self.ended.value || self.step() >= self.plan.value.train.steps => State::Complete,
            () => State::Stopped,
        }
    }

    /// The newest update that is known of.
    pub fn step(&self) -> u64 {
        self.logged_step.max(self.frames.value.last().copied().unwrap_or(0))
    }

    /// The steps that have frames, in order.
    pub fn frames(&self) -> &Arc<Vec<u64>> {
        &self.frames.value
    }

    /// The sizes that all its frames must have: those of the newest that can be read.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The size of the log.
    pub fn log_bytes(&self) -> u64 {
        self.log_bytes
    }

    /// The run's configuration.
    pub fn plan(&self) -> &Plan {
        &self.plan.value
    }
}

/// The configuration at `path`; an empty one if it is missing, too large or not TOML.
fn read_plan(path: &Path) -> Plan {
    let is_small = fs::metadata(path).is_ok_and(|found| found.len() <= MAX_CONFIG_BYTES);
    Plan::from_toml(if is_small { fs::read_to_string(path).unwrap_or_default() } else { String::new() })
}

/// The steps in the names of the frames in `folder`, in order.
fn steps(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let step = |name: &str| name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok();
    let mut steps: Vec<u64> = entries.filter_map(|entry| step(entry.file_name().to_str()?)).collect();
    steps.sort_unstable();
    steps
}

/// The newest step in the last complete lines of a log.
fn newest_step(log: &Path) -> Option<u64> {
    let mut file = File::open(log).ok()?;
    let bytes = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(bytes.saturating_sub(LOG_TAIL_BYTES))).ok()?;
    let mut tail = Vec::new();
    file.take(LOG_TAIL_BYTES).read_to_end(&mut tail).ok()?;
    let complete = &tail[..tail.iter().rposition(|&byte| byte == b'\n')?];
    let step = |line: &[u8]| serde_json::from_slice::<serde_json::Value>(line).ok()?["step"].as_u64();
    complete.rsplit(|&byte| byte == b'\n').find_map(step)
}

fn is_held(lock: &Path) -> bool {
    let tried = File::open(lock).map(|file| file.try_lock());
    matches!(tried, Ok(Err(TryLockError::WouldBlock)))
}

/// Whether the newest session of a `run.json` made all updates, or stopped because the run no longer improved.
fn has_ended(path: &Path) -> bool {
    let session = newest_session(path);
    session["ending"].as_str().is_some_and(|ending| ["Complete", "NoLongerBetter"].contains(&ending))
}

/// The record of the process that worked on the run last, from its `run.json`; null if there is none.
pub(crate) fn newest_session(path: &Path) -> serde_json::Value {
    let json = fs::read(path).ok().and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok());
    json.as_ref().and_then(|json| json["sessions"].as_array()?.last().cloned()).unwrap_or_default()
}
