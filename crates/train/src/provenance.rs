//! `run.json`: with what configuration, program, machine and device a run was trained, when, and how far it came.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use wordspace_data::publish::publish_bytes;
use wordspace_data::regular_file;
use wordspace_learn::Ending;
use wordspace_learn::config::Config;

use crate::Result;
use crate::device::OpenDevice;

/// The content of `run.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    schema: u32,
    /// The configuration that the run was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config: Option<serde_json::Value>,
    /// The processes that trained the run, in order.
    sessions: Vec<Session>,
}

/// One process that trained the run.
#[derive(Debug, Serialize, Deserialize)]
struct Session {
    wordspace: String,
    burn: String,
    command: Vec<String>,
    host: String,
    system: String,
    processors: usize,
    device: String,
    part: String,
    /// Seconds since 1970.
    began: u64,
    from_step: u64,
    ended: Option<u64>,
    /// The step of its newest checkpoint.
    to_step: Option<u64>,
    ending: Option<String>,
}

/// Keeps `run.json` up to date.
pub(crate) struct Provenance {
    path: PathBuf,
    record: Record,
}

/// More than the record of any run has.
const MAX_BYTES: u64 = 16 << 20;

impl Provenance {
    /// Opens the record of earlier sessions in the file at `path`. An unreadable one is replaced: the run does not depend on
    /// it.
    pub fn open(path: PathBuf) -> Self {
        let record = regular_file::read(&path, MAX_BYTES).ok().and_then(|json| serde_json::from_slice(&json).ok());
        Self { path, record: record.unwrap_or(Record { schema: 1, config: None, sessions: Vec::new() }) }
    }

    /// The configuration that the run was made with, if it is known.
    pub fn config(&self) -> Option<&serde_json::Value> {
        self.record.config.as_ref()
    }

    /// The step of the newest checkpoint that was ever saved, if it is known.
    pub fn saved(&self) -> Option<u64> {
        let resumed_from = |session: &Session| (session.from_step > 0).then_some(session.from_step);
        self.record.sessions.iter().filter_map(|session| session.to_step.or(resumed_from(session))).max()
    }

    /// Records the configuration that a new run is made with.
    pub fn make(&mut self, config: &Config) -> Result<()> {
        if self.record.config.is_none() {
            self.record.config = Some(serde_json::to_value(config).expect("a configuration can be written as JSON"));
            self.save()?;
        }
        Ok(())
    }

    /// Records that this process trains the run from `from_step` on.
    pub fn begin(&mut self, from_step: u64, device: &OpenDevice) -> Result<()> {
        self.record.sessions.push(Session {
            wordspace: env!("CARGO_PKG_VERSION").into(),
            burn: "0.22.1".into(),
            command: std::env::args().collect(),
            host: host(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            processors: std::thread::available_parallelism().map_or(0, |n| n.get()),
            device: device.name.clone(),
            part: device.hardware.clone(),
            began: now(),
            from_step,
            ended: None,
            to_step: None,
            ending: None,
        });
        self.save()
    }

    /// Records that this process has saved the checkpoint of `step`.
    pub fn reach(&mut self, step: u64) -> Result<()> {
        if let Some(session) = self.record.sessions.last_mut() {
            session.to_step = Some(step);
        }
        self.save()
    }

    /// Records how it ended.
    pub fn end(&mut self, to_step: u64, ending: Ending) -> Result<()> {
        if let Some(session) = self.record.sessions.last_mut() {
            session.ended = Some(now());
            session.to_step = Some(to_step);
            session.ending = Some(format!("{ending:?}"));
        }
        self.save()
    }

    fn save(&self) -> Result<()> {
        let json = serde_json::to_vec_pretty(&self.record).expect("a record can always be written as JSON");
        Ok(publish_bytes(&self.path, &json)?)
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The name of this machine, found without asking the network.
pub(crate) fn host() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let named = named.or_else(|| std::env::var("COMPUTERNAME").ok()).or_else(|| std::env::var("HOSTNAME").ok());
    named.map_or("this machine".into(), |name| name.trim().to_string())
}
