//! Long work without the interpreter's lock: other threads run, Ctrl-C stops it, and its progress is reported.

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use serde_json::{Value, json};

use crate::errors::panicked;
use crate::exit::StopFlag;
use crate::fork::on_pool;

/// How often to check for Ctrl-C.
const POLL: Duration = Duration::from_millis(50);

/// The stack of the worker thread, as large as that of a program's main thread.
const STACK_BYTES: usize = 8 << 20;

/// Takes the events of long work, and tells it when to stop.
pub struct Reporter<'a> {
    events: Mutex<Sender<Value>>,
    has_listener: bool,
    stop: &'a AtomicBool,
    last_progress: Mutex<Instant>,
}

impl Reporter<'_> {
    /// Set once the work should end.
    pub fn stop(&self) -> &AtomicBool {
        self.stop
    }

    /// Sends `event` to the listener, if there is one.
    pub fn send(&self, event: Value) {
        if self.has_listener
            && let Ok(events) = self.events.lock()
        {
            // The receiver is gone once the caller has returned.
            let _ = events.send(event);
        }
    }

    /// Sends how many of `total` are done, twenty times a second at most.
    pub fn progress(&self, done: u64, total: u64) -> ControlFlow<()> {
        if let Ok(mut last) = self.last_progress.try_lock()
            && (last.elapsed() >= POLL || done == total)
        {
            *last = Instant::now();
            self.send(json!({ "event": "progress", "done": done, "total": total }));
        }
        match self.stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// The result of `work`, which runs on a thread of its own; every event goes to `listener`, as JSON, on the calling thread.
///
/// # Errors
///
/// What `listener` or a signal handler raised. Then the work was told to stop, and has ended.
pub fn interruptible<T: Send>(
    py: Python<'_>,
    listener: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Reporter<'_>) -> T + Send,
) -> PyResult<T> {
    let (sender, mut receiver) = channel();
    let stop = StopFlag::register();
    let reporter = Reporter {
        events: Mutex::new(sender),
        has_listener: listener.is_some(),
        stop: stop.flag(),
        last_progress: Mutex::new(Instant::now()),
    };
    let mut raised = None;
    let result = thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK_BYTES);
        let worker = worker.spawn_scoped(scope, move || on_pool(|| work(&reporter)))?;
        while let ControlFlow::Continue(event) = py.detach(|| next_event(&mut receiver)) {
            if raised.is_none()
                && let Err(error) = notify(py, listener, event)
            {
                stop.flag().store(true, Ordering::SeqCst);
                raised = Some(error);
            }
        }
        py.detach(|| worker.join()).map_err(|panic| panicked(py, &*panic))
    })?;
    match raised {
        Some(error) => Err(error),
        None => Ok(result),
    }
}

/// The next event, or none if it does not come within [`POLL`]. Breaks once the worker has ended.
fn next_event(receiver: &mut Receiver<Value>) -> ControlFlow<(), Option<Value>> {
    match receiver.recv_timeout(POLL) {
        Ok(event) => ControlFlow::Continue(Some(event)),
        Err(RecvTimeoutError::Timeout) => ControlFlow::Continue(None),
        Err(RecvTimeoutError::Disconnected) => ControlFlow::Break(()),
    }
}

/// Runs signal handlers, and gives `event` to `listener`.
fn notify(py: Python<'_>, listener: Option<&Bound<'_, PyAny>>, event: Option<Value>) -> PyResult<()> {
    py.check_signals()?;
    if let (Some(listener), Some(event)) = (listener, event) {
        listener.call1((event.to_string(),))?;
    }
    Ok(())
}
