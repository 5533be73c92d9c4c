//! Prefetched batches: another thread reads the next update's batches while the device computes the current one.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use wordspace_data::{Batch, Windows};
use wordspace_learn::batches_of_step;
use wordspace_learn::config::Config;

use crate::Result;

/// How many updates' batches may wait.
const QUEUE_LENGTH: usize = 2;

/// The batches of one update after another.
pub struct Prefetch(Receiver<wordspace_learn::Result<Vec<Batch>>>);

impl Prefetch {
    /// Starts a thread in `scope` that reads the batches of update `first` and all later ones of `config`.
    pub fn start<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        windows: Windows<'env>,
        config: &'env Config,
        first: u64,
    ) -> Self {
        let (sender, receiver) = sync_channel(QUEUE_LENGTH);
        scope.spawn(move || {
            for step in first..=config.train.steps {
                // The receiver is gone when training stopped early.
                if sender.send(batches_of_step(&windows, config, step)).is_err() {
                    break;
                }
            }
        });
        Self(receiver)
    }

    /// The batches of the next update.
    ///
    /// # Errors
    ///
    /// If a token id is outside the vocabulary.
    ///
    /// # Panics
    ///
    /// After the last update.
    pub fn next(&self) -> Result<Vec<Batch>> {
        Ok(self.0.recv().expect("the thread sends batches for every update")?)
    }
}
