//! Columns that become rows, by pieces within registers.

use std::mem::MaybeUninit;

use pulp::{Arch, Simd, WithSimd};

use super::matrix::Matrix;
use super::stores::{CACHE_LINE, Cache, prefetch_line, vec_from_chunks};

/// How many numbers of a row a piece has.
pub(super) const LONG: usize = 4;
/// How many rows a task turns.
const TASK_ROWS: usize = 16;

/// How many rows a piece has.
pub(super) const fn high<S: Simd>() -> usize {
    if cfg!(target_arch = "x86_64") && S::F32_LANES >= 8 { 8 } else { 4 }
}

/// The numbers, row after row, of a matrix whose columns lie one after another; by all threads.
pub(super) fn to_row_major(a: Matrix<'_>) -> Vec<f32> {
    let write = |nth: usize, rows: &mut [MaybeUninit<f32>]| {
        Arch::new().dispatch(ToRowMajor(a.rows(nth * TASK_ROWS..a.rows.min((nth + 1) * TASK_ROWS)), rows));
    };
    // SAFETY: of every row the whole pieces are written, and then the rest.
    unsafe { vec_from_chunks(a.rows * a.columns, TASK_ROWS * a.columns, write) }
}

struct ToRowMajor<'a>(Matrix<'a>, &'a mut [MaybeUninit<f32>]);

impl WithSimd for ToRowMajor<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(a, rows) = self;
        let whole = [a.rows / LONG * LONG, a.columns / high::<S>() * high::<S>()];
        for column in (0..whole[1]).step_by(high::<S>()) {
            let from = &a.values[column * a.column_stride..];
            transpose(simd, from, a.column_stride, whole[0], &mut rows[column..], a.columns);
        }
        for row in 0..a.rows {
            for column in if row < whole[0] { whole[1] } else { 0 }..a.columns {
                rows[row * a.columns + column].write(a.values[row * a.row_stride + column * a.column_stride]);
            }
        }
    }
}

/// Writes the first `length` numbers, whole pieces, of as many rows as one has as so many rows of `to`.
#[inline(always)]
pub(super) fn transpose<S: Simd>(
    _: S,
    from: &[f32],
    from_stride: usize,
    length: usize,
    to: &mut [MaybeUninit<f32>],
    to_stride: usize,
) {
    if length == 0 {
        return;
    }
    let ends = [(high::<S>() - 1) * from_stride + length, (length - 1) * to_stride + high::<S>()];
    assert!(length.is_multiple_of(LONG) && ends[0] <= from.len() && ends[1] <= to.len(), "whole pieces of both");
    for start in (0..length).step_by(LONG) {
        let (from, to) = (from[start..].as_ptr(), to[start * to_stride..].as_mut_ptr().cast());
        if start % CACHE_LINE == 0 {
            for row in 0..high::<S>() {
                prefetch_line(from.wrapping_add((row + high::<S>()) * from_stride), Cache::Nearest);
            }
        }
        // SAFETY: the last piece ends where both were just seen to end, and the others before; where a piece has eight rows, who has
        // an S has registers of eight.
        unsafe {
            match high::<S>() {
                #[cfg(target_arch = "x86_64")]
                8 => transpose_eight(from, from_stride, to, to_stride),
                _ => transpose_four(from, from_stride, to, to_stride),
            }
        }
    }
}

/// Four numbers of each of eight rows; to be compiled for registers of eight. Left to itself, the compiler takes four times as long.
///
/// # Safety
///
/// All are there, behind `from` and `to` and at so many strides after, and the processor has registers of eight.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn transpose_eight(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    use std::arch::x86_64::{
        _mm256_loadu2_m128, _mm256_shuffle_ps, _mm256_storeu_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
    };
    // SAFETY: the caller sees to it.
    unsafe {
        let row = |nth: usize| from.wrapping_add(nth * from_stride);
        // Four rows in the lower halves of the registers, and four in the upper.
        let rows = |nth: usize| _mm256_loadu2_m128(row(nth + 4), row(nth));
        let (a, b, c, d) = (rows(0), rows(1), rows(2), rows(3));
        let low = [_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d)];
        let high = [_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d)];
        let column = |nth: usize| to.wrapping_add(nth * to_stride);
        _mm256_storeu_ps(column(0), _mm256_shuffle_ps::<0x44>(low[0], low[1]));
        _mm256_storeu_ps(column(1), _mm256_shuffle_ps::<0xee>(low[0], low[1]));
        _mm256_storeu_ps(column(2), _mm256_shuffle_ps::<0x44>(high[0], high[1]));
        _mm256_storeu_ps(column(3), _mm256_shuffle_ps::<0xee>(high[0], high[1]));
    }
}

/// Four numbers of each of four rows.
///
/// # Safety
///
/// All are there, behind `from` and `to` and at so many strides after.
#[inline(always)]
unsafe fn transpose_four(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    for row in 0..4 {
        for column in 0..LONG {
            // SAFETY: the caller sees to it.
            unsafe { *to.wrapping_add(column * to_stride + row) = *from.wrapping_add(row * from_stride + column) };
        }
    }
}
