//! Locks that a panic does not poison.

use std::sync::{Mutex, MutexGuard};

/// The value that `mutex` guards. A job that panicked while it held the lock left nothing half-written that is not computed
/// again when it is asked for.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
