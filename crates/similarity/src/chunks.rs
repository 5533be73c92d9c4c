//! One pass over all rows, on all threads.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

/// Rows of a chunk: a constant, so that a sum over chunks has the same bits at any number of threads.
const CHUNK_ROWS: u32 = 1 << 12;

/// Called with the rows done so far and the number of all rows.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// The result of `of_chunk` for each chunk of `rows` rows, in the order of the rows.
pub fn in_chunks<T: Send>(rows: usize, progress: Progress<'_>, of_chunk: impl Fn(Range<u32>) -> T + Sync) -> Vec<T> {
    let (all, done) = (rows as u32, AtomicU64::new(0));
    let chunk = |nth: u32| {
        let first = nth * CHUNK_ROWS;
        let rows = first..first.saturating_add(CHUNK_ROWS).min(all);
        let count = rows.len() as u64;
        let result = of_chunk(rows);
        progress(done.fetch_add(count, Ordering::Relaxed) + count, all as u64);
        result
    };
    (0..all.div_ceil(CHUNK_ROWS)).into_par_iter().map(chunk).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_all_rows_in_order() {
        for rows in [0, 1, 4096, 10_000] {
            let covered: Vec<u32> = in_chunks(rows, &|_, _| (), |chunk| chunk).into_iter().flatten().collect();
            assert!(covered.into_iter().eq(0..rows as u32));
        }
    }
}
