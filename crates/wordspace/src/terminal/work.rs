//! Long work on files as a bar, once it takes more than a second.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use wordspace::data::Phase;
use wordspace::train::event::Event;

use super::{Progress, Terminal};

/// Work that is done before is not worth a bar.
const SILENT: Duration = Duration::from_secs(1);

/// Work on files.
pub struct Work {
    began: Instant,
    progress: Mutex<Progress>,
}

impl Work {
    /// Work that begins now.
    pub fn new(terminal: &Terminal) -> Self {
        Self { began: Instant::now(), progress: Mutex::new(Progress::new(*terminal)) }
    }

    /// Takes in how far it is.
    pub fn tell(&self, phase: Phase, done: u64, total: u64) -> ControlFlow<()> {
        if self.began.elapsed() >= SILENT {
            let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.read(Event::Preparing(phase, done, total));
        }
        ControlFlow::Continue(())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).finish();
    }
}
