//! Panics are kept and not printed, because burn's GPU runtime panics and recovers while it tunes kernels. The newest is printed
//! once a panic has ended a command.

use std::backtrace::Backtrace;
use std::panic::{PanicHookInfo, set_hook};
use std::sync::{Mutex, PoisonError};

/// A panic: its message and place, and its backtrace if `RUST_BACKTRACE` asks for one.
struct Report {
    message: String,
    backtrace: Backtrace,
}

static NEWEST: Mutex<Option<Report>> = Mutex::new(None);

/// From now on a panic prints nothing, and the newest is kept.
pub fn keep() {
    set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let report = Report { message: info.to_string(), backtrace: Backtrace::capture() };
        *NEWEST.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
    }));
}

/// The newest panic with its backtrace, if `RUST_BACKTRACE` asks for one.
pub fn newest() -> Option<String> {
    let newest = NEWEST.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    let is_asked_for = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    is_asked_for.then(|| format!("{}\nstack backtrace:\n{}", newest.message, newest.backtrace))
}
