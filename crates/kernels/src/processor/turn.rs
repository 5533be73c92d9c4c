//! Columns that become rows, by squares within registers.

use std::mem::MaybeUninit;

use super::matrix::Matrix;
use super::memory::written;
use super::simd;

/// Rows and columns of a square.
pub(super) const SQUARE: usize = 4;
/// How many rows a task turns.
const ROWS: usize = 16;

/// The numbers, row after row, of a matrix whose columns lie one after another; by all threads.
pub(super) fn by_rows(a: Matrix<'_>) -> Vec<f32> {
    let write = |nth: usize, rows: &mut [MaybeUninit<f32>]| {
        let a = a.rows(nth * ROWS..a.rows.min((nth + 1) * ROWS));
        let whole = [a.rows, a.columns].map(|length| length / SQUARE * SQUARE);
        simd(
            #[inline(always)]
            || {
                for column in (0..whole[1]).step_by(SQUARE) {
                    let from = &a.values[column * a.column_stride..];
                    turn(from, a.column_stride, whole[0], &mut rows[column..], a.columns);
                }
                for row in 0..a.rows {
                    for column in if row < whole[0] { whole[1] } else { 0 }..a.columns {
                        let number = a.values[row * a.row_stride + column * a.column_stride];
                        rows[row * a.columns + column].write(number);
                    }
                }
            },
        )
    };
    // SAFETY: of every row the whole squares are written, and then the rest.
    unsafe { written(a.rows * a.columns, ROWS * a.columns, write) }
}

/// Writes the first `length` numbers, whole squares, of [`SQUARE`] rows as so many rows of `to`; to be called in [`simd`].
#[inline(always)]
pub(super) fn turn(from: &[f32], from_stride: usize, length: usize, to: &mut [MaybeUninit<f32>], to_stride: usize) {
    if length == 0 {
        return;
    }
    let ends = [(SQUARE - 1) * from_stride + length, (length - 1) * to_stride + SQUARE];
    assert!(length.is_multiple_of(SQUARE) && ends[0] <= from.len() && ends[1] <= to.len(), "whole squares of both");
    for start in (0..length).step_by(SQUARE) {
        // SAFETY: the last square ends where both were just seen to end, and the others before.
        unsafe {
            square(
                from.as_ptr().add(start),
                from_stride,
                to.as_mut_ptr().cast::<f32>().add(start * to_stride),
                to_stride,
            )
        }
    }
}

/// Left to itself, the compiler takes four times as long.
///
/// # Safety
///
/// [`SQUARE`] numbers are behind `from` and `to`, and at so many strides after.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn square(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    use std::arch::x86_64::{_MM_TRANSPOSE4_PS, _mm_loadu_ps, _mm_storeu_ps};
    // SAFETY: the caller sees to it that all are there; every processor of this kind has these instructions.
    unsafe {
        let mut a = _mm_loadu_ps(from);
        let mut b = _mm_loadu_ps(from.add(from_stride));
        let mut c = _mm_loadu_ps(from.add(2 * from_stride));
        let mut d = _mm_loadu_ps(from.add(3 * from_stride));
        _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
        _mm_storeu_ps(to, a);
        _mm_storeu_ps(to.add(to_stride), b);
        _mm_storeu_ps(to.add(2 * to_stride), c);
        _mm_storeu_ps(to.add(3 * to_stride), d);
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn square(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    for row in 0..SQUARE {
        for column in 0..SQUARE {
            // SAFETY: as above.
            unsafe { *to.add(column * to_stride + row) = *from.add(row * from_stride + column) };
        }
    }
}
