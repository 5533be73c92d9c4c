//! Rows of a matrix by the piece, and their sums.

use super::simd;
use super::team::each_of;

/// How many numbers make it worth to wake another thread: about ten microseconds of work.
pub(crate) const PIECE: usize = 16 << 10;

/// How many rows of `columns` numbers make a piece.
pub(crate) fn rows_of_a_piece(columns: usize) -> usize {
    (PIECE / columns.max(1)).max(1)
}

/// The sum of all rows of `columns` numbers.
pub(crate) fn sum_of_rows(values: &[f32], columns: usize) -> Vec<f32> {
    let pieces = each_of(values.chunks(rows_of_a_piece(columns) * columns), |_, rows| {
        let mut sum = vec![0.0; columns];
        rows.chunks_exact(columns).for_each(|row| add(&mut sum, row));
        sum
    });
    sum_in_order(pieces, columns)
}

/// The sum of what the pieces of a work came to, always in the same order.
pub(crate) fn sum_in_order(pieces: Vec<Vec<f32>>, columns: usize) -> Vec<f32> {
    let mut pieces = pieces.into_iter();
    let mut sum = pieces.next().unwrap_or_else(|| vec![0.0; columns]);
    pieces.for_each(|piece| add(&mut sum, &piece));
    sum
}

/// Adds `numbers` to those of `sum`, on all threads.
pub(crate) fn add_to(sum: &mut [f32], numbers: &[f32]) {
    each_of(sum.chunks_mut(PIECE).zip(numbers.chunks(PIECE)), |_, (sum, numbers)| add(sum, numbers));
}

/// Adds a row to `sum`.
pub(crate) fn add(sum: &mut [f32], row: &[f32]) {
    let row = &row[..sum.len()];
    simd(
        #[inline(always)]
        || {
            for i in 0..sum.len() {
                sum[i] += row[i];
            }
        },
    )
}
