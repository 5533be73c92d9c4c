//! The log of a run in memory: the lines that `log.jsonl` has, and the curves that the page draws from them.

use serde::Serialize;
use wordspace_frames::{Curves, RunLog};
use wordspace_learn::log_line;

/// The lines so far.
#[derive(Default)]
pub struct Log {
    lines: Vec<u8>,
    curves: RunLog,
    /// Seconds of training so far, as the page's clock has them.
    pub seconds: f64,
}

impl Log {
    /// Adds a line for an event with this content.
    pub fn add<T: Serialize>(&mut self, event: &'static str, content: &T) {
        let line = log_line(event, content, self.seconds);
        self.curves.add(&line);
        self.lines.extend(line);
    }

    /// Puts in `lines`, those of an earlier log.
    pub fn restore(&mut self, lines: &[u8]) {
        lines.split_inclusive(|&byte| byte == b'\n').for_each(|line| self.curves.add(line));
        self.lines = lines.to_vec();
    }

    /// The lines, as in `log.jsonl`.
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// The curves.
    pub fn curves(&self) -> Curves {
        self.curves.curves()
    }
}
