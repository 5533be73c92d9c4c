//! The end of the interpreter: work that goes on in other threads is told to stop, and waited for.
//!
//! A thread that would enter the interpreter after it has ended is stopped there, and with it a training run between two
//! checkpoints.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

use crate::fork::is_forked;

/// The flags of all work that goes on.
static WORK: Mutex<Vec<Arc<AtomicBool>>> = Mutex::new(Vec::new());

fn work() -> MutexGuard<'static, Vec<Arc<AtomicBool>>> {
    WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A flag that says that some work should end; it is known for as long as this exists.
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    pub fn register() -> Self {
        let flag = Arc::new(AtomicBool::new(false));
        work().push(flag.clone());
        Self(flag)
    }

    pub fn flag(&self) -> &AtomicBool {
        &self.0
    }
}

impl Drop for StopFlag {
    fn drop(&mut self) {
        work().retain(|flag| !Arc::ptr_eq(flag, &self.0));
    }
}

/// Tells all work to stop and waits until it has. The module's `__init__.py` has it called when the interpreter ends.
#[pyfunction]
pub fn stop_all(py: Python<'_>) {
    // The parent's work does not go on in a forked process.
    if is_forked() {
        return;
    }
    work().iter().for_each(|flag| flag.store(true, Ordering::SeqCst));
    while !work().is_empty() {
        py.detach(|| thread::sleep(Duration::from_millis(1)));
    }
}
