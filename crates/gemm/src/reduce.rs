//! Sums over rows, in the same order at any number of threads: rows are cut into chunks of a fixed size, each chunk is
//! summed by one thread, and the chunks' sums are added in order.

use crate::matrix::Matrix;
use crate::pool::parallel_map;
use crate::vectorize::vectorized;

/// Elements that are worth a task of their own: about ten microseconds of work.
pub const CHUNK: usize = 16 << 10;

/// Rows of `columns` elements in a chunk; at least one.
pub fn rows_per_chunk(columns: usize) -> usize {
    (CHUNK / columns.max(1)).max(1)
}

/// The sum of each column, `[columns]`, on all threads.
pub(crate) fn column_sums(all: Matrix<'_>) -> Vec<f32> {
    let [rows, columns] = all.dims();
    let starts = (0..rows).step_by(rows_per_chunk(columns));
    let partial_sums =
        parallel_map(starts, |_, start| column_sums_serial(all.rows(start..rows.min(start + rows_per_chunk(columns)))));
    sum_in_order(partial_sums, columns)
}

/// The sum of each column by the calling thread. Four rows are added at a time, to load and store the sums less often.
pub(crate) fn column_sums_serial(rows: Matrix<'_>) -> Vec<f32> {
    const UNROLL: usize = 4;
    let columns = rows.dims()[1];
    let unrolled = rows.dims()[0] / UNROLL * UNROLL;
    let mut sum = vec![0.0; columns];
    vectorized(
        #[inline(always)]
        || {
            let sum = &mut sum[..columns];
            for start in (0..unrolled).step_by(UNROLL) {
                let [first, second, third, fourth] = [0, 1, 2, 3].map(|nth| &rows.row(start + nth)[..columns]);
                for i in 0..columns {
                    sum[i] += (first[i] + second[i]) + (third[i] + fourth[i]);
                }
            }
        },
    );
    (unrolled..rows.dims()[0]).for_each(|row| add_assign(&mut sum, rows.row(row)));
    sum
}

/// The sum of partial sums, in their order; `columns` zeros if there are none.
pub fn sum_in_order(partial_sums: Vec<Vec<f32>>, columns: usize) -> Vec<f32> {
    let mut partial_sums = partial_sums.into_iter();
    let mut sum = partial_sums.next().unwrap_or_else(|| vec![0.0; columns]);
    partial_sums.for_each(|partial_sum| add_assign(&mut sum, &partial_sum));
    sum
}

/// `sum += values`, on all threads.
pub fn parallel_add_assign(sum: &mut [f32], values: &[f32]) {
    parallel_map(sum.chunks_mut(CHUNK).zip(values.chunks(CHUNK)), |_, (sum, values)| add_assign(sum, values));
}

/// `sum += row`.
pub fn add_assign(sum: &mut [f32], row: &[f32]) {
    vectorized(
        #[inline(always)]
        || {
            let row = &row[..sum.len()];
            for i in 0..sum.len() {
                sum[i] += row[i];
            }
        },
    )
}
