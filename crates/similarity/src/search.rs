//! Exact nearest-neighbour search.
//!
//! One pass over all rows, on all threads, for up to [`MOST_QUERIES`] queries at once, bound by memory bandwidth. The pass
//! computes cosines in `f32` and keeps as many candidates as rounding could misplace; only their cosines are computed again,
//! in `f64`. So the answer depends on the vectors alone: it is the same for one query or many, for any number of threads, on
//! any processor. There is no approximate index, because the exact pass is already faster than faiss's `IndexFlatIP`.

use std::cmp::Ordering;
use std::sync::atomic::{self, AtomicU64};

use rayon::prelude::*;

use crate::candidates::Candidates;
use crate::chunks::Progress;
use crate::kernel::{MOST_QUERIES, Panel};
use crate::query::{Query, exact_cosine};
use crate::rows::{NotFinite, Rows};
use crate::top_k::top_k;

/// Bytes of rows that a thread takes at once.
const CHUNK_BYTES: usize = 1 << 19;

/// For each of `queries` the `k` rows of highest cosine with it, highest first; and the rows that are not finite, which are
/// no answer. `ties` orders rows of equal cosine.
///
/// `centre`, `[C]`, is subtracted from every row first: zeros for plain cosines, the mean for centred ones. The cosine of a
/// row of zeros is 0.
///
/// # Panics
///
/// If `centre` or a query does not have C elements.
pub fn nearest<R: Rows>(
    rows: &R,
    centre: &[f32],
    queries: &[&Query],
    k: usize,
    ties: &dyn Fn(u32, u32) -> Ordering,
    progress: Progress<'_>,
) -> (Vec<Vec<(u32, f32)>>, NotFinite) {
    let fits = |len: usize| len == rows.dimension();
    assert!(fits(centre.len()) && queries.iter().all(|query| fits(query.direction.len())), "queries of another table");
    let passes = queries.len().div_ceil(MOST_QUERIES) as u64;
    let count = rows.row_count() as u64;
    let (mut answers, mut not_finite) = (Vec::with_capacity(queries.len()), NotFinite::default());
    for (pass, queries) in queries.chunks(MOST_QUERIES).enumerate() {
        let progress = |done: u64, _: u64| progress(pass as u64 * count + done, passes * count);
        let (candidates, met) = one_pass(rows, centre, queries, k, &progress);
        let ranked =
            candidates.into_iter().zip(queries).map(|(found, query)| rank(rows, centre, query, found, k, ties));
        answers.extend(ranked);
        not_finite = met;
    }
    (answers, not_finite)
}

/// The cosine of every row with `direction`, a unit vector `[C]`: 0 for a row of zeros, NaN for one that is not finite.
///
/// Computed in `f32`, in one pass on all threads.
///
/// # Panics
///
/// If `direction` does not have C elements.
pub fn cosines<R: Rows>(rows: &R, direction: &[f64]) -> Vec<f32> {
    assert!(direction.len() == rows.dimension(), "a direction of another table");
    let query = Query { direction: direction.to_vec(), excluded: Vec::new() };
    let (queries, centre) = ([&query], vec![0.0; direction.len()]);
    let panel = Panel::new(&queries, &centre);
    let mut cosines = vec![0.0; rows.row_count()];
    let chunk = CHUNK_BYTES / (rows.dimension() * 4).max(1) + 1;
    let chunks = cosines.par_chunks_mut(chunk).enumerate();
    chunks.for_each(|(nth, cosines)| panel.cosines(rows, (nth * chunk) as u32, cosines));
    cosines
}

/// The candidates of each query, in no order.
fn one_pass<R: Rows>(
    rows: &R,
    centre: &[f32],
    queries: &[&Query],
    k: usize,
    progress: Progress<'_>,
) -> (Vec<Candidates>, NotFinite) {
    // A sum of C products is off by at most C roundings; the slack is four times that, for two cosines and their norms.
    let slack = (rows.dimension() + 8) as f32 * 2.0 * f32::EPSILON;
    // Excluded rows are found like others, and dropped afterwards.
    let candidates_of = |query: &&Query| Candidates::new(if k == 0 { 0 } else { k + query.excluded.len() }, slack);
    let mut all: Vec<Candidates> = queries.iter().map(candidates_of).collect();
    let (mut not_finite, count) = (NotFinite::default(), rows.row_count() as u64);
    if k == 0 || count == 0 {
        return (all, not_finite);
    }
    let panel = Panel::new(queries, centre);
    let chunk = (CHUNK_BYTES / (rows.dimension() * 4)).next_multiple_of(6) as u64;
    let next = AtomicU64::new(0);
    let found = rayon::broadcast(|_| {
        let (mut candidates, mut not_finite) = (all.clone(), NotFinite::default());
        loop {
            let first = next.fetch_add(chunk, atomic::Ordering::Relaxed);
            if first >= count {
                return (candidates, not_finite);
            }
            let end = (first + chunk).min(count);
            panel.scan(rows, first as u32..end as u32, &mut candidates, &mut not_finite);
            progress(end, count);
        }
    });
    for (candidates, met) in found {
        all.iter_mut().zip(candidates).for_each(|(all, candidates)| all.merge(candidates));
        not_finite.merge(met);
    }
    (all, not_finite)
}

/// The `k` nearest of the candidates, by cosines that are correctly rounded to `f32`.
fn rank<R: Rows>(
    rows: &R,
    centre: &[f32],
    query: &Query,
    candidates: Candidates,
    k: usize,
    ties: &dyn Fn(u32, u32) -> Ordering,
) -> Vec<(u32, f32)> {
    let found = candidates.finish().into_iter().map(|(row, _)| row).filter(|row| !query.excluded.contains(row));
    let exact = found.map(|row| (row, exact_cosine(rows, row, &query.direction, centre) as f32)).collect();
    top_k(exact, k, |a, b| b.1.total_cmp(&a.1).then_with(|| ties(a.0, b.0)).then(a.0.cmp(&b.0)))
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha8Rng;
    use chacha20::rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::norm;
    use crate::rows::tests::Table;

    /// `n` rows of `dimension` small random elements: some equal, one zero, one tiny, one huge, one not finite.
    fn table(n: usize, dimension: usize) -> Table {
        let mut random = ChaCha8Rng::from_seed([dimension as u8; 32]);
        let mut rows: Vec<f32> = (0..n * dimension).map(|_| random.next_u32() as f32 / u32::MAX as f32 - 0.3).collect();
        for row in (20..n).step_by(17) {
            rows.copy_within((row - 20) * dimension..(row - 19) * dimension, row * dimension);
        }
        rows[3 * dimension..4 * dimension].fill(0.0);
        rows[5 * dimension..6 * dimension].iter_mut().for_each(|x| *x *= 1e-25);
        rows[6 * dimension..7 * dimension].iter_mut().for_each(|x| *x *= 1e25);
        rows[8 * dimension] = f32::NAN;
        Table { rows, dimension }
    }

    /// The sum of rows `row` and 1 less row 2, as a unit vector; these rows are no answer.
    fn query(table: &Table, centre: &[f32], row: usize) -> Query {
        let at = |row: usize, i: usize| (table.rows[row * table.dimension + i] - centre[i]) as f64;
        let scale = norm(&(0..table.dimension).map(|i| at(row, i)).collect::<Vec<_>>());
        let sum: Vec<f64> = (0..table.dimension).map(|i| at(row, i) / scale + at(1, i) - at(2, i)).collect();
        let norm = norm(&sum);
        Query { direction: sum.into_iter().map(|x| x / norm).collect(), excluded: vec![row as u32, 1, 2] }
    }

    /// The reference implementation: all cosines, sorted.
    fn reference(table: &Table, centre: &[f32], query: &Query, k: usize) -> Vec<(u32, f32)> {
        let rows = (0..table.row_count() as u32).filter(|row| !query.excluded.contains(row));
        let cosines = rows.map(|row| (row, exact_cosine(table, row, &query.direction, centre) as f32));
        let mut all: Vec<(u32, f32)> = cosines.filter(|(_, cosine)| !cosine.is_nan()).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        all.truncate(k);
        all
    }

    #[track_caller]
    fn check(n: usize, dimension: usize, queries: usize, k: usize) {
        let table = table(n, dimension);
        for centre in [vec![0.0; dimension], vec![0.1; dimension]] {
            let rows = (0..n).filter(|row| ![3, 8].contains(row)).take(queries);
            let queries: Vec<Query> = rows.map(|row| query(&table, &centre, row)).collect();
            // Rows of equal cosine: the last first, to see that the order is the caller's.
            let (found, not_finite) =
                nearest(&table, &centre, &queries.iter().collect::<Vec<_>>(), k, &|a, b| b.cmp(&a), &|_, _| ());
            assert_eq!(not_finite, NotFinite { rows: 1, first: Some(8) });
            for (query, found) in queries.iter().zip(found) {
                assert_eq!(found, reference(&table, &centre, query, k), "N {n} C {dimension}");
            }
        }
    }

    #[test]
    fn one_query_and_many_find_what_the_reference_finds() {
        for dimension in [1, 2, 7, 16, 31, 33, 64, 100, 300] {
            for queries in [1, 3, 17, 64, 130] {
                check(401, dimension, queries, 10);
            }
        }
    }

    #[test]
    fn the_cosines_of_all_rows_are_those_that_the_search_finds() {
        for dimension in [1, 7, 16, 33, 300] {
            let table = table(401, dimension);
            let query = query(&table, &vec![0.0; dimension], 30);
            let cosines = cosines(&table, &query.direction);
            assert!(cosines[8].is_nan());
            for (row, cosine) in reference(&table, &vec![0.0; dimension], &query, 401) {
                assert!((cosines[row as usize] - cosine).abs() < 1e-5, "row {row} C {dimension}");
            }
        }
    }

    #[test]
    fn asking_for_more_rows_than_there_are_finds_all() {
        check(9, 5, 1, 100);
        check(9, 5, 4, 100);
        check(9, 5, 1, 1);
        check(200, 3, 1, 199);
    }

    #[test]
    fn no_rows_and_no_answers_are_possible() {
        let empty = Table { rows: Vec::new(), dimension: 2 };
        let query = Query { direction: vec![1.0, 0.0], excluded: Vec::new() };
        let nothing = |table: &Table, k| nearest(table, &[0.0; 2], &[&query], k, &|a, b| a.cmp(&b), &|_, _| ()).0;
        assert_eq!(nothing(&empty, 5), [[]]);
        assert_eq!(nothing(&Table { rows: vec![1.0, 2.0], dimension: 2 }, 0), [[]]);
    }
}
