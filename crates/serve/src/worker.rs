//! The one thread that computes answers, so that a run that trains on this machine keeps the other cores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::{Error, Result};

/// How many jobs may wait.
const MAX_WAITING: usize = 64;

/// How long an answer may take, waiting included.
const MAX_TIME: Duration = Duration::from_secs(60);

/// The thread and its queue.
pub(crate) struct Worker {
    /// A pool of one thread: parallel iterators inside a job stay on it.
    pool: ThreadPool,
    queue: Arc<Semaphore>,
}

impl Worker {
    /// Starts the thread.
    pub fn start() -> Result<Self> {
        let pool = ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "wordspace-serve".into()).build();
        let pool = pool.map_err(|error| Error::System(std::io::Error::other(error)))?;
        Ok(Self { pool, queue: Arc::new(Semaphore::new(MAX_WAITING)) })
    }

    /// Runs `job` when its turn comes. If nobody waits for its result by then, it is skipped.
    pub async fn compute<T: Send + 'static>(&self, job: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let permit = self.queue.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        let (send, receive) = oneshot::channel();
        self.pool.spawn(move || {
            if !send.is_closed() {
                let _ = send.send(catch_unwind(AssertUnwindSafe(job)).unwrap_or(Err(Error::Bug)));
            }
            drop(permit);
        });
        match timeout(MAX_TIME, receive).await {
            Ok(result) => result.unwrap_or(Err(Error::Bug)),
            Err(_) => Err(Error::Late(MAX_TIME.as_secs())),
        }
    }
}
