//! The batches of an update.

use wordspace_data::{Batch, Windows};

use crate::Result;
use crate::config::Config;

/// The batches of update `step`, from 1: `train.accumulate` batches of `train.batch` windows, `[B, T]` each.
///
/// All windows of an update are drawn at once and then split, so splitting a batch to save memory does not change them.
///
/// # Errors
///
/// If a token id is outside the vocabulary.
pub fn batches_of_step(windows: &Windows<'_>, config: &Config, step: u64) -> Result<Vec<Batch>> {
    let rows = config.train.batch;
    let all = windows.random(config.run.seed, step, rows * config.train.accumulate)?;
    let per_batch = rows * all.context;
    let parts = all.ids.chunks_exact(per_batch).zip(all.targets.chunks_exact(per_batch));
    Ok(parts
        .map(|(ids, targets)| Batch { rows, context: all.context, ids: ids.to_vec(), targets: targets.to_vec() })
        .collect())
}
