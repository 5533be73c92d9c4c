//! `run.json`: with what program, machine and device a run was trained, and when.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use wordspace_data::publish::publish_bytes;
use wordspace_learn::Ending;

use crate::Result;
use crate::device::OpenDevice;
use crate::run_folder::{RunFolder, host};

/// The content of `run.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    schema: u32,
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
    to_step: Option<u64>,
    ending: Option<String>,
}

/// Keeps `run.json` up to date.
pub(crate) struct Provenance {
    path: PathBuf,
    record: Record,
}

impl Provenance {
    /// Opens the record of earlier sessions. An unreadable one is replaced: the run does not depend on it.
    pub fn open(folder: &RunFolder) -> Self {
        let path = folder.provenance();
        let record = std::fs::read(&path).ok().and_then(|json| serde_json::from_slice(&json).ok());
        Self { path, record: record.unwrap_or(Record { schema: 1, sessions: Vec::new() }) }
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
