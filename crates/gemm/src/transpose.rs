//! Transposition in blocks that fit into registers.

use std::mem::MaybeUninit;

use pulp::{Arch, Simd, WithSimd};

use crate::cache::{CACHE_LINE, Level, prefetch_line};
use crate::matrix::Matrix;
use crate::parallel_vec::vec_from_chunks;

/// Columns of a block of the source: one register of four elements.
pub(crate) const BLOCK_COLUMNS: usize = 4;
/// Rows of the result that one task writes.
const TASK_ROWS: usize = 16;

/// Rows of a block of the source: 8 where registers hold 8 elements, 4 elsewhere.
pub(crate) const fn block_rows<S: Simd>() -> usize {
    if cfg!(target_arch = "x86_64") && S::F32_LANES >= 8 { 8 } else { 4 }
}

/// The elements of `a`, whose columns are contiguous, in row-major order; on all threads.
pub(crate) fn to_row_major(a: Matrix<'_>) -> Vec<f32> {
    let write = |nth: usize, rows: &mut [MaybeUninit<f32>]| {
        Arch::new().dispatch(ToRowMajor(a.rows(nth * TASK_ROWS..a.rows.min((nth + 1) * TASK_ROWS)), rows));
    };
    // SAFETY: a chunk is `TASK_ROWS` rows of the result, or the last few, and `ToRowMajor` writes every
    // element: whole blocks first, then the rest of each row.
    unsafe { vec_from_chunks(a.rows * a.columns, TASK_ROWS * a.columns, write) }
}

struct ToRowMajor<'a>(Matrix<'a>, &'a mut [MaybeUninit<f32>]);

impl WithSimd for ToRowMajor<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self(a, rows) = self;
        let whole = [a.rows / BLOCK_COLUMNS * BLOCK_COLUMNS, a.columns / block_rows::<S>() * block_rows::<S>()];
        for column in (0..whole[1]).step_by(block_rows::<S>()) {
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

/// Transposes `[block_rows, length]` to `[length, block_rows]`: the first `length` elements, a multiple of
/// [`BLOCK_COLUMNS`], of rows `from_stride` apart become rows of `to`, `to_stride` apart.
#[inline(always)]
pub(crate) fn transpose<S: Simd>(
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
    let ends = [(block_rows::<S>() - 1) * from_stride + length, (length - 1) * to_stride + block_rows::<S>()];
    let is_within = ends[0] <= from.len() && ends[1] <= to.len();
    assert!(length.is_multiple_of(BLOCK_COLUMNS) && is_within, "blocks within both matrices");
    for start in (0..length).step_by(BLOCK_COLUMNS) {
        let (from, to) = (from[start..].as_ptr(), to[start * to_stride..].as_mut_ptr().cast());
        if start % CACHE_LINE == 0 {
            for row in 0..block_rows::<S>() {
                prefetch_line(from.wrapping_add((row + block_rows::<S>()) * from_stride), Level::L1);
            }
        }
        // SAFETY: the last block ends at `ends`, within both slices as just asserted, and the others before it. A block
        // has eight rows only where S has registers of eight, which a value of type S proves the CPU to have.
        unsafe {
            match block_rows::<S>() {
                #[cfg(target_arch = "x86_64")]
                8 => transpose_8x4(from, from_stride, to, to_stride),
                _ => transpose_4x4(from, from_stride, to, to_stride),
            }
        }
    }
}

/// An 8 × 4 block, in AVX shuffles: the compiler's own code takes four times as long. To be inlined where AVX is
/// enabled.
///
/// # Safety
///
/// - `from` points to 8 rows of 4 elements, `from_stride` apart; `to` to 4 rows of 8, `to_stride` apart, that nobody
///   else accesses.
/// - The CPU has AVX.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn transpose_8x4(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    use std::arch::x86_64::{
        _mm256_loadu2_m128, _mm256_shuffle_ps, _mm256_storeu_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
    };
    // SAFETY: AVX is there, and loads and stores are unaligned ones of 4 elements of rows 0..8 of `from` and of 8
    // elements of rows 0..4 of `to`, all within the blocks that the contract describes.
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

/// A 4 × 4 block.
///
/// # Safety
///
/// `from` points to 4 rows of 4 elements, `from_stride` apart; `to` to 4 rows of 4, `to_stride` apart, that nobody else
/// accesses.
#[inline(always)]
unsafe fn transpose_4x4(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    for row in 0..4 {
        for column in 0..BLOCK_COLUMNS {
            // SAFETY: `row` and `column` are below 4, so both addresses are within the blocks that the contract
            // describes.
            unsafe { *to.wrapping_add(column * to_stride + row) = *from.wrapping_add(row * from_stride + column) };
        }
    }
}
