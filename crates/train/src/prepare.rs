//! The text of a run, prepared on a thread of its own, so that it can be stopped at any moment.

use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use wordspace_data::{Corpus, CorpusSummary, Error, Phase, Preparation, Text, toy};
use wordspace_learn::config::Config;

use crate::Result;
use crate::event::Event;
use crate::run_folder::RunFolder;

/// The interval at which the stop flag is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The time to wait for the thread after a stop. Only learning byte pairs takes longer to notice it.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// The text of the run, prepared if it is not yet.
///
/// # Errors
///
/// As of [`Corpus::prepare`]; [`Error::Stopped`] once `stop` is set.
pub fn prepare(
    folder: &RunFolder,
    config: &Config,
    observe: &mut dyn FnMut(Event<'_>),
    stop: &AtomicBool,
) -> Result<Corpus> {
    if !Corpus::is_prepared(folder.path()) {
        let text = match config.is_toy() {
            true => Text::in_memory("the built-in corpus", toy::text(config.run.seed, toy::SENTENCES)),
            false => Text::open(config.data.text.as_ref())?,
        };
        let how = Preparation {
            tokenizer: config.tokenizer()?,
            min_count: config.data.min_count,
            held_out: config.data.validation,
            classes: if config.is_toy() { toy::classes() } else { Default::default() },
        };
        let (path, (report, reports)) = (folder.path().to_path_buf(), channel());
        let worker = thread::spawn(move || {
            Corpus::prepare(&path, &text, &how, &|phase, done, total| match report.send((phase, done, total)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            })
        });
        await_end(worker, reports, observe, stop)?;
    }
    Ok(Corpus::open(folder.path())?)
}

/// Passes the reports of `worker` on until it ends. Once `stop` is set, its next report fails, which ends it; a worker that
/// does not report in time is detached: it is learning byte pairs and will write nothing.
fn await_end(
    worker: JoinHandle<wordspace_data::Result<CorpusSummary>>,
    reports: Receiver<(Phase, u64, u64)>,
    observe: &mut dyn FnMut(Event<'_>),
    stop: &AtomicBool,
) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        match reports.recv_timeout(POLL_INTERVAL) {
            Ok((phase, done, total)) => observe(Event::Preparing(phase, done, total)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return worker.join().unwrap_or_else(|panic| resume_unwind(panic)).map(drop).map_err(Into::into);
            }
        }
    }
    drop(reports);
    let stopped = Instant::now();
    while !worker.is_finished() && stopped.elapsed() < STOP_TIMEOUT {
        thread::sleep(POLL_INTERVAL);
    }
    Err(Error::Stopped.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_does_not_report_is_detached_and_stops_at_its_next_report() {
        let ((report, reports), (release, released), (tell, told)) = (channel(), channel::<()>(), channel());
        let worker = thread::spawn(move || {
            let _ = released.recv();
            tell.send(report.send((Phase::Tokens, 1, 1)).is_err()).unwrap();
            Err(Error::Stopped)
        });
        let ended = await_end(worker, reports, &mut |_| (), &AtomicBool::new(true));
        assert!(matches!(ended, Err(crate::Error::Data(Error::Stopped))));
        release.send(()).unwrap();
        assert!(told.recv().unwrap());
    }
}
