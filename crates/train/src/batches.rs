//! The batches of a run, made beside the training: while a step runs, another thread reads the next one's.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use wordspace_data::{Batch, Windows};

use crate::Result;
use crate::config::Config;

/// How many steps' batches may wait.
const AHEAD: usize = 2;

/// The batches of one update after another.
pub struct Batches(Receiver<Result<Vec<Batch>>>);

impl Batches {
    /// The batches of the updates from `first` to the last of `config`, made by a thread of `scope`.
    pub fn prepare<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        windows: Windows<'env>,
        config: &'env Config,
        first: u64,
    ) -> Self {
        let (ready, receiver) = sync_channel(AHEAD);
        scope.spawn(move || {
            for step in first..=config.train.steps {
                // Nobody listens any more when training has stopped early.
                if ready.send(of_step(&windows, config, step)).is_err() {
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
    /// If an id is outside the vocabulary.
    pub fn next(&self) -> Result<Vec<Batch>> {
        self.0.recv().expect("the thread makes a batch for every step")
    }
}

/// The batches of update `step`: its windows are drawn as one, so that splitting them for memory changes nothing.
fn of_step(windows: &Windows<'_>, config: &Config, step: u64) -> Result<Vec<Batch>> {
    let rows = config.train.batch;
    let all = windows.random(config.run.seed, step, rows * config.train.accumulate)?;
    let part = rows * all.context;
    let parts = all.ids.chunks_exact(part).zip(all.targets.chunks_exact(part));
    Ok(parts
        .map(|(ids, targets)| Batch { rows, context: all.context, ids: ids.to_vec(), targets: targets.to_vec() })
        .collect())
}
