//! Ctrl-C: the first asks the command to finish cleanly, the second exits at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::cli::failure::INTERRUPTED;
use crate::cli::terminal::Terminal;

/// Whether Ctrl-C was pressed.
pub struct Interrupt {
    asked: Arc<AtomicBool>,
    is_idle: Arc<AtomicBool>,
}

impl Interrupt {
    /// Installs the handler. Only the thread that calls this may [`wait`](Self::wait).
    pub fn listen(terminal: Terminal) -> Self {
        let (asked, is_idle) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (now_asked, idles, waiting) = (asked.clone(), is_idle.clone(), thread::current());
        let handler = move || {
            if now_asked.swap(true, Ordering::SeqCst) {
                std::process::exit(INTERRUPTED.into());
            }
            if !idles.load(Ordering::SeqCst) {
                terminal.hint("\nfinishing the current step; press Ctrl-C again to stop at once");
            }
            waiting.unpark();
        };
        if let Err(error) = ctrlc::set_handler(handler) {
            terminal.warning(&format!("Ctrl-C will stop without a checkpoint: {error}"));
        }
        Self { asked, is_idle }
    }

    /// Set by the first Ctrl-C.
    pub fn asked(&self) -> &AtomicBool {
        &self.asked
    }

    /// Blocks until the first Ctrl-C.
    pub fn wait(&self) {
        self.is_idle.store(true, Ordering::SeqCst);
        while !self.asked.load(Ordering::SeqCst) {
            thread::park();
        }
    }
}
