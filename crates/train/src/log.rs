//! `log.jsonl`: one event per line, append only.
//!
//! Every line has a `schema`, an `event` and a `step`. Everything but `seconds` is determined by the run. A checkpoint
//! records the length of the log; resuming truncates the log to that length, and the repeated steps write the same lines
//! again.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use wordspace_data::publish::sync_folder_of;
use wordspace_learn::log_line;

use crate::event::Event;
use crate::{Error, Result};

/// The log of a run, open for appending.
pub struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
    started: Instant,
}

impl Log {
    /// Opens the log at `path`, truncated to its first `bytes`.
    ///
    /// # Errors
    ///
    /// If it is shorter than `bytes`, or cannot be written.
    pub fn open(path: &Path, bytes: u64) -> Result<Self> {
        let disk = |source| Error::disk(path, source);
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(disk)?;
        let found = file.metadata().map_err(disk)?.len();
        if found < bytes {
            let problem =
                format!("it has {found} bytes, but {bytes} when the checkpoint was saved; part of it is missing");
            return Err(Error::BadRun { path: path.to_path_buf(), problem });
        }
        file.set_len(bytes).map_err(disk)?;
        file.seek(SeekFrom::Start(bytes)).map_err(disk)?;
        // It may be new.
        sync_folder_of(path).map_err(disk)?;
        Ok(Self { path: path.to_path_buf(), file, bytes, started: Instant::now() })
    }

    /// Writes a line for `event`, if it is of a kind that the log holds.
    pub fn write(&mut self, event: &Event<'_>) -> Result<()> {
        match event {
            Event::Stepped(step) => self.line("step", step),
            Event::Evaluated(evaluation) => self.line("evaluation", evaluation),
            Event::Watched(measurement) => self.line("watch", measurement),
            Event::VectorsSaved(step) => self.line("vectors", &serde_json::json!({ "step": step })),
            Event::Preparing(..) | Event::Started(_) | Event::Warning(_) | Event::CheckpointSaved(_) => Ok(()),
        }
    }

    /// Syncs the log to disk and returns its length in bytes.
    pub fn sync(&mut self) -> Result<u64> {
        self.file.sync_data().map_err(|source| Error::disk(&self.path, source))?;
        Ok(self.bytes)
    }

    fn line<T: Serialize>(&mut self, event: &'static str, content: &T) -> Result<()> {
        let text = log_line(event, content, self.started.elapsed().as_secs_f64());
        // One write per line, so that a reader sees whole lines and a crash leaves at most one partial line.
        self.file.write_all(&text).map_err(|source| Error::disk(&self.path, source))?;
        self.bytes += text.len() as u64;
        Ok(())
    }
}
