//! Ctrl-C: asks once for an end in good order, and twice for one at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::failure::INTERRUPTED;
use crate::terminal::Terminal;

/// Whether an end was asked for.
pub struct Interrupt {
    asked: Arc<AtomicBool>,
    is_idle: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on. The thread that calls it is the one that may [`wait`](Self::wait).
    pub fn listen(terminal: Terminal) -> Self {
        let (asked, is_idle) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (now_asked, idles, waiting) = (asked.clone(), is_idle.clone(), thread::current());
        let handler = move || {
            if now_asked.swap(true, Ordering::SeqCst) {
                std::process::exit(INTERRUPTED.into());
            }
            if !idles.load(Ordering::SeqCst) {
                terminal.hint("\nfinishing what is at hand; once more stops at once");
            }
            waiting.unpark();
        };
        if let Err(error) = ctrlc::set_handler(handler) {
            terminal.warning(&format!("Ctrl-C will stop without a checkpoint: {error}"));
        }
        Self { asked, is_idle }
    }

    /// Set when an end is asked for.
    pub fn asked(&self) -> &AtomicBool {
        &self.asked
    }

    /// Does nothing until an end is asked for.
    pub fn wait(&self) {
        self.is_idle.store(true, Ordering::SeqCst);
        while !self.asked.load(Ordering::SeqCst) {
            thread::park();
        }
    }
}
