//! Long work with Python's interpreter free: Ctrl-C is heard, progress is passed on, and other threads run.

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

/// How often Ctrl-C is looked for.
const POLL: Duration = Duration::from_millis(50);

/// The stack of the thread that works: as much as a program's first thread has.
const STACK_BYTES: usize = 8 << 20;

/// What long work reports to, and learns from that it should stop.
pub struct Reporter<'a> {
    events: Mutex<Sender<Value>>,
    is_heard: bool,
    stop: &'a AtomicBool,
    last_progress: Mutex<Instant>,
}

impl Reporter<'_> {
    /// Set once the work should end.
    pub fn stop(&self) -> &AtomicBool {
        self.stop
    }

    /// Passes on `event`, if somebody listens.
    pub fn send(&self, event: Value) {
        if self.is_heard
            && let Ok(events) = self.events.lock()
        {
            // Nobody receives it once the caller has given up.
            let _ = events.send(event);
        }
    }

    /// Passes on that `done` of `total` are done, twenty times a second at most.
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
        is_heard: listener.is_some(),
        stop: stop.flag(),
        last_progress: Mutex::new(Instant::now()),
    };
    let mut raised = None;
    let result = thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK_BYTES);
        let worker = worker.spawn_scoped(scope, move || on_pool(|| work(&reporter)))?;
        while let ControlFlow::Continue(event) = py.detach(|| next_event(&mut receiver)) {
            if raised.is_none()
                && let Err(error) = hear(py, listener, event)
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

/// The next event; none if it takes long. Breaks once the worker has ended.
fn next_event(receiver: &mut Receiver<Value>) -> ControlFlow<(), Option<Value>> {
    match receiver.recv_timeout(POLL) {
        Ok(event) => ControlFlow::Continue(Some(event)),
        Err(RecvTimeoutError::Timeout) => ControlFlow::Continue(None),
        Err(RecvTimeoutError::Disconnected) => ControlFlow::Break(()),
    }
}

fn hear(py: Python<'_>, listener: Option<&Bound<'_, PyAny>>, event: Option<Value>) -> PyResult<()> {
    py.check_signals()?;
    if let (Some(listener), Some(event)) = (listener, event) {
        listener.call1((event.to_string(),))?;
    }
    Ok(())
}
