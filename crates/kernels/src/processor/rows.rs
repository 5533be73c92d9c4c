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
        add_rows(&mut sum, rows);
        sum
    });
    sum_in_order(pieces, columns)
}

/// Adds rows to `sum`, four at a time, so that it is read and written the less often.
fn add_rows(sum: &mut [f32], rows: &[f32]) {
    const FEW: usize = 4;
    let columns = sum.len();
    let whole = rows.len() / (FEW * columns) * (FEW * columns);
    simd(
        #[inline(always)]
        || {
            let sum = &mut sum[..columns];
            for start in (0..whole).step_by(FEW * columns) {
                let rows = &rows[start..start + FEW * columns];
                let (first, rows) = rows.split_at(columns);
                let (second, rows) = rows.split_at(columns);
                let (third, fourth) = rows.split_at(columns);
                let fourth = &fourth[..columns];
                for i in 0..columns {
                    sum[i] += (first[i] + second[i]) + (third[i] + fourth[i]);
                }
            }
        },
    );
    rows[whole..].chunks_exact(columns).for_each(|row| add(sum, row));
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
    simd(
        #[inline(always)]
        || {
            let row = &row[..sum.len()];
            for i in 0..sum.len() {
                sum[i] += row[i];
            }
        },
    )
}
