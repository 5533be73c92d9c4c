//! The threads that compute answers: one for most purposes, so that a run that trains on this machine keeps the other cores,
//! and a few more for when one run is slow.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::lock::lock;
use crate::{Error, Result};

/// How many threads compute, at most; each for another run.
const THREADS: usize = 4;

/// How many questions about one run may wait.
const MAX_WAITING: usize = 32;

/// How long an answer may take, waiting included.
pub(crate) const MAX_TIME: Duration = Duration::from_secs(60);

/// The threads.
pub(crate) struct Worker {
    /// Those that do nothing now. Pools of one thread: parallel iterators inside a job stay on it.
    idle: Arc<Mutex<Vec<Arc<ThreadPool>>>>,
    /// One permit for each thread.
    threads: Arc<Semaphore>,
    max_time: Duration,
}

/// The questions about one run. They are computed one after another, so that a slow run takes one thread and no more.
pub(crate) struct Queue {
    waiting: Semaphore,
    turn: Arc<Semaphore>,
}

impl Default for Queue {
    fn default() -> Self {
        Self { waiting: Semaphore::new(MAX_WAITING), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Worker {
    /// Starts the threads. An answer may take `max_time`, waiting included.
    pub fn start(max_time: Duration) -> Result<Self> {
        let pool = |_| ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "wordspace-serve".into()).build();
        let pools =
            (0..THREADS).map(|nth| Ok(Arc::new(pool(nth)?))).collect::<std::result::Result<_, ThreadPoolBuildError>>();
        let pools = pools.map_err(|error| Error::System(std::io::Error::other(error)))?;
        Ok(Self { idle: Arc::new(Mutex::new(pools)), threads: Arc::new(Semaphore::new(THREADS)), max_time })
    }

    /// Runs `job` when its turn in `queue` comes, unless nobody waits for its result by then.
    ///
    /// # Errors
    ///
    /// As of `job`; also if too many questions wait already, or if the answer takes too long. The job then runs to its end, and
    /// the next one in the queue waits for it.
    pub async fn compute<T: Send + 'static>(
        &self,
        queue: &Queue,
        job: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _waiting = queue.waiting.try_acquire().map_err(|_| Error::Busy)?;
        let late = |_| Err(Error::Late(self.max_time.as_secs()));
        timeout(self.max_time, self.run(queue, job)).await.unwrap_or_else(late)
    }

    async fn run<T: Send + 'static>(
        &self,
        queue: &Queue,
        job: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = queue.turn.clone().acquire_owned().await.map_err(|_| Error::Bug)?;
        let permit = self.threads.clone().acquire_owned().await.map_err(|_| Error::Bug)?;
        let thread = lock(&self.idle).pop().ok_or(Error::Bug)?;
        let ((send, receive), idle, this) = (oneshot::channel(), self.idle.clone(), thread.clone());
        thread.spawn(move || {
            let _ = send.send(catch_unwind(AssertUnwindSafe(job)).unwrap_or(Err(Error::Bug)));
            lock(&idle).push(this);
            drop((permit, turn));
        });
        receive.await.unwrap_or(Err(Error::Bug))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Runs `test` with a worker whose answers may take `max_time`.
    fn with_worker<F: Future<Output = ()>>(max_time: Duration, test: impl FnOnce(Arc<Worker>) -> F) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(test(Arc::new(Worker::start(max_time).unwrap())));
    }

    /// A job that ends when the sender is dropped.
    fn endless() -> (mpsc::Sender<()>, impl FnOnce() -> Result<()> + Send + 'static) {
        let (end, wait) = mpsc::channel();
        (end, move || wait.recv().map_or(Ok(()), Ok))
    }

    #[test]
    fn a_slow_run_delays_itself_alone() {
        with_worker(Duration::from_millis(50), async |worker| {
            let (slow, quick) = (Queue::default(), Queue::default());
            let (end, job) = endless();
            assert!(matches!(worker.compute(&slow, job).await, Err(Error::Late(_))));
            for _ in 0..2 * THREADS {
                assert!(matches!(worker.compute(&slow, || Ok(())).await, Err(Error::Late(_))));
                assert_eq!(worker.compute(&quick, || Ok(5)).await.unwrap(), 5);
            }
            drop(end);
        });
    }

    #[test]
    fn a_run_that_was_slow_answers_again() {
        with_worker(Duration::from_secs(60), async |worker| {
            let queue = Queue::default();
            let (end, job) = endless();
            drop(end);
            worker.compute(&queue, job).await.unwrap();
            for _ in 0..3 * THREADS {
                assert!(matches!(worker.compute::<()>(&queue, || panic!("a job that fails")).await, Err(Error::Bug)));
                assert_eq!(worker.compute(&queue, || Ok(5)).await.unwrap(), 5);
            }
        });
    }

    #[test]
    fn more_questions_than_may_wait_are_refused_at_once() {
        with_worker(Duration::from_secs(60), async |worker| {
            let queue = Arc::new(Queue::default());
            let (end, job) = endless();
            let ask = |job: Box<dyn FnOnce() -> Result<()> + Send>| {
                let (worker, queue) = (worker.clone(), queue.clone());
                tokio::spawn(async move { worker.compute(&queue, job).await })
            };
            let mut asked = vec![ask(Box::new(job))];
            asked.extend((1..MAX_WAITING).map(|_| ask(Box::new(|| Ok(())))));
            tokio::task::yield_now().await;
            assert!(matches!(worker.compute(&queue, || Ok(())).await, Err(Error::Busy)));
            drop(end);
            for answer in asked {
                answer.await.unwrap().unwrap();
            }
        });
    }
}
