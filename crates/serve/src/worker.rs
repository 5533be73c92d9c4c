//! The one thread that computes: whatever is asked, a run that is being trained beside keeps the other processors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::{Error, Result};

/// How much may wait to be computed.
const MOST_WAITING: usize = 64;

/// How long an answer may take, waiting included.
const LONGEST: Duration = Duration::from_secs(60);

/// The thread, and the places in its queue.
pub(crate) struct Worker {
    /// A pool of one, so that everything in `explore` that would take all processors takes this one.
    pool: ThreadPool,
    places: Arc<Semaphore>,
}

impl Worker {
    /// Starts the thread.
    pub fn start() -> Result<Self> {
        let pool = ThreadPoolBuilder::new().num_threads(1).thread_name(|_| "wordspace-serve".into()).build();
        let pool = pool.map_err(|error| Error::System(std::io::Error::other(error)))?;
        Ok(Self { pool, places: Arc::new(Semaphore::new(MOST_WAITING)) })
    }

    /// What `work` comes to, when its turn has come. Where nobody waits for it any more, it is not begun.
    pub async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Error::Busy)?;
        let (give, take) = oneshot::channel();
        self.pool.spawn(move || {
            if !give.is_closed() {
                let _ = give.send(catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::Bug)));
            }
            drop(place);
        });
        match timeout(LONGEST, take).await {
            Ok(result) => result.unwrap_or(Err(Error::Bug)),
            Err(_) => Err(Error::Late(LONGEST.as_secs())),
        }
    }
}
