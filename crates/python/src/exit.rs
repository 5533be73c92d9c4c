//! The end of the interpreter: long work in other threads is told to stop, and waited for.
//!
//! Python ends a thread that enters the interpreter after this point. For a thread that trains, that would be in the middle of a run,
//! without a checkpoint.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

use crate::fork::is_forked;

/// The stop flags of all long work that is running.
static WORK: Mutex<Vec<Arc<AtomicBool>>> = Mutex::new(Vec::new());

fn work() -> MutexGuard<'static, Vec<Arc<AtomicBool>>> {
    WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The stop flag of some work, registered until this is dropped.
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

/// Tells all long work to stop and waits until it has. `__init__.py` registers this with `atexit`.
#[pyfunction]
pub fn stop_all(py: Python<'_>) {
    // The work of the parent does not run in a forked process.
    if is_forked() {
        return;
    }
    work().iter().for_each(|flag| flag.store(true, Ordering::SeqCst));
    while !work().is_empty() {
        py.detach(|| thread::sleep(Duration::from_millis(1)));
    }
}
