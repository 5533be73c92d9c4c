//! What a run's folder shows at a glance: its configuration, how far it is, which frames it has.
//!
//! The folder belongs to the process that trains: nothing is written here, and every file may change or vanish meanwhile.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use wordspace_data::RunFiles;
use wordspace_data::formats::SavedTables;
use wordspace_frames::{Plan, State};

/// How much of the end of a log is read for its newest step. A measurement of many watched pairs makes a long line.
const LOG_TAIL_BYTES: u64 = 64 << 10;

/// The largest configuration and the largest `run.json` that are read.
const MAX_CONFIG_BYTES: u64 = 1 << 20;
const MAX_RECORD_BYTES: u64 = 4 << 20;

/// How many frames are tried for one that can be read, the newest first.
const MAX_TRIED: usize = 16;

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

impl Shape {
    /// How many bytes the tables take in memory, with an empty word for each row.
    pub fn bytes(&self) -> usize {
        let rows = self.words.saturating_add(self.positions.unwrap_or(0));
        rows.saturating_mul(self.channels.saturating_mul(size_of::<f32>()).saturating_add(size_of::<String>()))
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
    files: RunFiles,
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
    /// The folder with these files, of which nothing is known before the first refresh.
    pub fn new(files: RunFiles) -> Self {
        Self {
            files,
            plan: Watched::default(),
            frames: Watched::default(),
            shape: Shape::default(),
            log_bytes: 0,
            logged_step: 0,
            lock: Watched::default(),
            ended: Watched::default(),
        }
    }

    /// Reads again whatever has changed.
    pub fn refresh(&mut self) {
        if self.plan.may_have_changed(&self.path("config.toml")) {
            self.plan.value = read_plan(&self.files);
        }
        if self.frames.may_have_changed(&self.path("vectors")) {
            self.refresh_frames();
        }
        let bytes = fs::metadata(self.path("log.jsonl")).map_or(0, |found| found.len());
        if bytes != self.log_bytes {
            self.log_bytes = bytes;
            self.logged_step = newest_step(&self.files).unwrap_or(if bytes == 0 { 0 } else { self.logged_step });
        }
        self.refresh_lock();
        if self.ended.may_have_changed(&self.path("run.json")) {
            self.ended.value = has_ended(&self.files);
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.folder().join(name)
    }

    fn refresh_frames(&mut self) {
        let steps = self.files.vector_steps();
        let tables = |&step: &u64| SavedTables::open(&self.files.vectors(step).ok()?).ok();
        let newest = steps.iter().rev().take(MAX_TRIED).find_map(tables);
        self.shape = newest.map_or(self.shape, |tables| Shape::of(&tables));
        if steps != *self.frames.value {
            self.frames.value = Arc::new(steps);
        }
    }

    /// Trying a free lock takes it for a moment, so it is tried only while it is held, and once after its file has changed:
    /// the process that takes it writes to it.
    fn refresh_lock(&mut self) {
        let stamp = Stamp::of(&self.path("LOCK"));
        if self.lock.value || stamp != self.lock.stamp {
            self.lock = Watched { stamp, value: is_held(&self.files) };
        }
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

/// The configuration; a comment that says why if it cannot be read.
fn read_plan(files: &RunFiles) -> Plan {
    Plan::from_toml(match files.read("config.toml", MAX_CONFIG_BYTES) {
        Ok(bytes) => String::from_utf8(bytes).unwrap_or_else(|_| "# config.toml is not UTF-8 text".into()),
        Err(error) => format!("# {}", error.to_string().replace(char::is_control, " ")),
    })
}

/// The newest step in the last complete lines of the log.
fn newest_step(files: &RunFiles) -> Option<u64> {
    let mut file = files.open("log.jsonl").ok()?;
    let bytes = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(bytes.saturating_sub(LOG_TAIL_BYTES))).ok()?;
    let mut tail = Vec::new();
    file.take(LOG_TAIL_BYTES).read_to_end(&mut tail).ok()?;
    let complete = &tail[..tail.iter().rposition(|&byte| byte == b'\n')?];
    let step = |line: &[u8]| serde_json::from_slice::<serde_json::Value>(line).ok()?["step"].as_u64();
    complete.rsplit(|&byte| byte == b'\n').find_map(step)
}

fn is_held(files: &RunFiles) -> bool {
    let tried = files.open("LOCK").map(|file: File| file.try_lock());
    matches!(tried, Ok(Err(TryLockError::WouldBlock)))
}

/// Whether the newest session of `run.json` made all updates, or stopped because the run no longer improved.
fn has_ended(files: &RunFiles) -> bool {
    let session = newest_session(files);
    session["ending"].as_str().is_some_and(|ending| ["Complete", "NoLongerBetter"].contains(&ending))
}

/// The record of the process that worked on the run last, from its `run.json`; null if there is none.
pub(crate) fn newest_session(files: &RunFiles) -> serde_json::Value {
    let json = files.read("run.json", MAX_RECORD_BYTES).ok();
    let json = json.and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok());
    json.as_ref().and_then(|json| json["sessions"].as_array()?.last().cloned()).unwrap_or_default()
}
