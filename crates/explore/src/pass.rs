//! All rows looked at once, by all threads, and what no cosine can be computed of.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use wordspace_data::WordVectors;

/// How many rows are looked at in one piece; a constant, so that a sum over pieces has the same bits at any number of threads.
const ROWS_OF_A_PIECE: u32 = 1 << 12;

/// Told how far a pass is: the rows done, the rows there are.
pub type Told<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// What `look` finds in each piece of the rows, in their order.
pub(crate) fn in_pieces<T: Send>(rows: usize, told: Told<'_>, look: impl Fn(Range<u32>) -> T + Sync) -> Vec<T> {
    let (all, done) = (rows as u32, AtomicU64::new(0));
    let piece = |nth: u32| {
        let first = nth * ROWS_OF_A_PIECE;
        let rows = first..first.saturating_add(ROWS_OF_A_PIECE).min(all);
        let count = rows.len() as u64;
        let found = look(rows);
        told(done.fetch_add(count, Ordering::Relaxed) + count, all as u64);
        found
    };
    (0..all.div_ceil(ROWS_OF_A_PIECE)).into_par_iter().map(piece).collect()
}

/// The rows with NaN or infinity among their numbers that were met on a pass.
///
/// They have no direction and are left out of every answer. A large file is not searched for them when it is opened, since
/// that would be a pass of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotFinite {
    /// How many there are.
    pub rows: u64,
    /// The first of them.
    pub first: Option<u32>,
}

impl NotFinite {
    /// Takes `row` in if it is one.
    pub(crate) fn is(&mut self, vectors: &WordVectors, row: u32) -> bool {
        let is_finite = vectors.row(row).iter().all(|x| x.is_finite());
        if !is_finite {
            self.merge(Self { rows: 1, first: Some(row) });
        }
        !is_finite
    }

    /// Takes in those that were met among other rows.
    pub(crate) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.first = self.first.into_iter().chain(other.first).min();
    }

    /// What a user should know of them; none if there are none.
    pub fn sentence(&self, vectors: &WordVectors) -> Option<String> {
        let word = vectors.word(self.first?);
        let (rows, all) = (self.rows, vectors.len());
        Some(format!(
            "{rows} of {all} rows with NaN or infinity were left out; the first is {word:?}; --strict refuses such a file"
        ))
    }
}
