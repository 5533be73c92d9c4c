//! Rows of a matrix by the piece, and their sums.

use super::matrix::Matrix;
use super::pool::parallel_map;
use super::vectorized;

/// How many numbers make it worth to wake another thread: about ten microseconds of work.
pub const CHUNK: usize = 16 << 10;

/// How many rows of `columns` numbers make a piece.
pub fn rows_per_chunk(columns: usize) -> usize {
    (CHUNK / columns.max(1)).max(1)
}

/// The sum of all rows.
pub(super) fn sum_of_rows(all: Matrix<'_>) -> Vec<f32> {
    let [rows, columns] = all.dims();
    let pieces = (0..rows).step_by(rows_per_chunk(columns));
    let pieces = parallel_map(pieces, |_, start| sum_of(all.rows(start..rows.min(start + rows_per_chunk(columns)))));
    sum_in_order(pieces, columns)
}

/// The sum of rows by the thread that calls: four at a time, so that it is read and written the less often.
pub(super) fn sum_of(rows: Matrix<'_>) -> Vec<f32> {
    const FEW: usize = 4;
    let columns = rows.dims()[1];
    let whole = rows.dims()[0] / FEW * FEW;
    let mut sum = vec![0.0; columns];
    vectorized(
        #[inline(always)]
        || {
            let sum = &mut sum[..columns];
            for start in (0..whole).step_by(FEW) {
                let [first, second, third, fourth] = [0, 1, 2, 3].map(|nth| &rows.row(start + nth)[..columns]);
                for i in 0..columns {
                    sum[i] += (first[i] + second[i]) + (third[i] + fourth[i]);
                }
            }
        },
    );
    (whole..rows.dims()[0]).for_each(|row| add_assign(&mut sum, rows.row(row)));
    sum
}

/// The sum of what the pieces of a work came to, always in the same order.
pub fn sum_in_order(pieces: Vec<Vec<f32>>, columns: usize) -> Vec<f32> {
    let mut pieces = pieces.into_iter();
    let mut sum = pieces.next().unwrap_or_else(|| vec![0.0; columns]);
    pieces.for_each(|piece| add_assign(&mut sum, &piece));
    sum
}

/// Adds `numbers` to those of `sum`, on all threads.
pub fn parallel_add_assign(sum: &mut [f32], numbers: &[f32]) {
    parallel_map(sum.chunks_mut(CHUNK).zip(numbers.chunks(CHUNK)), |_, (sum, numbers)| add_assign(sum, numbers));
}

/// Adds a row to `sum`.
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
