//! A run's log file, read on from where it was read to. It grows meanwhile, and is cut when a run is resumed from an
//! earlier checkpoint.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use wordspace_data::{Error, RunFiles};
use wordspace_frames::{Curves, RunLog};

use crate::Result;

/// The largest log that is read: that of some five million steps.
const MAX_BYTES: u64 = 1 << 30;

/// The longest line that is read whole; a longer one is read, and skipped, in parts of this size.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// How much of the last line is kept to recognize it.
const MAX_TAIL_BYTES: usize = 256;

const NAME: &str = "log.jsonl";

/// A log file, as far as it was read.
pub(crate) struct LogFile {
    files: RunFiles,
    read: u64,
    /// The last bytes that were read: if they no longer stand there, the log was cut.
    tail: Vec<u8>,
    log: RunLog,
}

impl LogFile {
    /// The log of the run with these files, nothing of it read.
    pub fn new(files: RunFiles) -> Self {
        Self { files, read: 0, tail: Vec::new(), log: RunLog::default() }
    }

    /// The curves of all that it says now. A run that has not begun has no log, and empty curves.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is too large.
    pub fn read(&mut self) -> Result<Curves> {
        let path = self.files.folder().join(NAME);
        if path.exists() {
            self.files.locate(NAME, MAX_BYTES)?;
            let file = self.files.open(NAME)?;
            self.read_on(file).map_err(|source| Error::read(&path, source))?;
        }
        Ok(self.log.curves())
    }

    fn read_on(&mut self, mut file: File) -> std::io::Result<()> {
        if !self.continues(&mut file)? {
            (self.read, self.tail, self.log) = (0, Vec::new(), RunLog::default());
        }
        file.seek(SeekFrom::Start(self.read))?;
        // It may grow meanwhile, but no question waits for more than this.
        let file = file.take(MAX_BYTES);
        let (mut reader, mut line) = (BufReader::with_capacity(1 << 16, file), Vec::new());
        loop {
            line.clear();
            let length = reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? as u64;
            // A line without an end is still being written.
            if !line.ends_with(b"\n") && length < MAX_LINE_BYTES {
                return Ok(());
            }
            self.read += length;
            self.tail = line[line.len().saturating_sub(MAX_TAIL_BYTES)..].to_vec();
            self.log.add(&line);
        }
    }

    /// Whether `file` still has what was read, and may go on after it.
    fn continues(&self, file: &mut File) -> std::io::Result<bool> {
        if file.metadata()?.len() < self.read {
            return Ok(false);
        }
        let mut tail = vec![0; self.tail.len()];
        file.seek(SeekFrom::Start(self.read - self.tail.len() as u64))?;
        file.read_exact(&mut tail)?;
        Ok(tail == self.tail)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn step(step: u64) -> String {
        let loss = 1.0 / (1 + step) as f64;
        format!(
            r#"{{"schema":1,"event":"step","step":{step},"loss":{loss},"smoothed_loss":{loss},"gradient_norm":1.0,"#
        ) + &format!(r#""learning_rate":0.1,"tokens":{},"seconds":0.5}}"#, 32 * step)
            + "\n"
    }

    fn steps(log: &mut LogFile) -> Vec<u64> {
        log.read().unwrap().steps
    }

    #[test]
    fn a_growing_log_is_read_on_once_its_lines_are_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let mut log = LogFile::new(RunFiles::of(folder.path()));
        assert!(steps(&mut log).is_empty());
        fs::write(&path, step(1) + &step(2)[..20]).unwrap();
        assert_eq!(steps(&mut log), [1]);
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(&step(2).as_bytes()[20..]).unwrap();
        assert_eq!(steps(&mut log), [1, 2]);
        assert_eq!(log.read().unwrap().tokens, 64);
    }

    #[test]
    fn a_log_that_was_cut_is_read_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let mut log = LogFile::new(RunFiles::of(folder.path()));
        fs::write(&path, (1..=9).map(step).collect::<String>()).unwrap();
        assert_eq!(steps(&mut log).len(), 9);
        fs::write(&path, step(1)).unwrap();
        assert_eq!(steps(&mut log), [1]);
        // Longer than what was read before, but not a continuation of it.
        fs::write(&path, (4..=20).map(step).collect::<String>()).unwrap();
        assert_eq!(steps(&mut log), (4..=20).collect::<Vec<_>>());
    }

    #[test]
    fn a_line_of_any_length_is_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let mut bytes = step(1).into_bytes();
        bytes.extend(vec![b'x'; 3 * MAX_LINE_BYTES as usize]);
        bytes.push(b'\n');
        bytes.extend(step(2).into_bytes());
        fs::write(&path, bytes).unwrap();
        let mut log = LogFile::new(RunFiles::of(folder.path()));
        assert_eq!(steps(&mut log), [1, 2]);
        assert!(log.read().unwrap().problem.unwrap().starts_with("4 lines"));
    }
}
