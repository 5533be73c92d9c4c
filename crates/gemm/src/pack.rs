//! Packing: copies of blocks of A and B in the order in which the microkernel reads them.

use std::mem::MaybeUninit;

use pulp::{Arch, Simd, WithSimd};

use crate::cache::{CACHE_LINE, prefetch};
use crate::matrix::Matrix;
use crate::microkernel::{MR, NR_VECTORS, native_nr, nr};
use crate::transpose::{BLOCK_COLUMNS, block_rows, transpose};

/// Depth of a K-slice: a micropanel of B, KC × NR, stays in L1, and MC rows of A in L2.
pub(crate) const KC: usize = 256;

/// Columns of A to prefetch ahead of the copy.
const COLUMNS_AHEAD: usize = 8;
/// Rows of B to prefetch ahead of the copy: a weight that was just updated is not in the caches.
const ROWS_AHEAD: usize = 4;
/// Micropanels of B written side by side: enough to read long stretches of a row, few enough streams to write.
const MICROPANELS_AT_ONCE: usize = 16;

/// Packs a block of A whose columns are contiguous into micropanels of [`MR`] rows, each column by column: `[MR, K]`
/// transposed.
pub(crate) fn pack_a<'p>(a: Matrix<'_>, packed: &'p mut [MaybeUninit<f32>]) -> &'p [f32] {
    assert_eq!(packed.len(), a.rows * a.columns, "a buffer of the size of A");
    for nth in 0..a.columns {
        prefetch(a.values.as_ptr().wrapping_add((nth + COLUMNS_AHEAD) * a.column_stride), a.rows);
        let (whole, rest) = a.values[nth * a.column_stride..][..a.rows].as_chunks::<MR>();
        for (micropanel, column) in whole.iter().enumerate() {
            let packed = &mut packed[(micropanel * a.columns + nth) * MR..][..MR];
            // SAFETY: `packed` has MR elements, as many as an `[f32; MR]`, and its alignment is that of f32. One store
            // of an array: copying slices would call memcpy for each.
            unsafe { packed.as_mut_ptr().cast::<[f32; MR]>().write(*column) };
        }
        let before = whole.len() * MR * a.columns;
        packed[before + nth * rest.len()..][..rest.len()].write_copy_of_slice(rest);
    }
    // SAFETY: the loop wrote each of the `a.columns` columns of every micropanel of MR rows and of the last one with
    // the rest of the rows: `a.rows * a.columns` elements in total, which is all of `packed`.
    unsafe { packed.assume_init_ref() }
}

/// Elements of packed B, `[rows, columns]`: the last micropanel is padded to NR columns.
pub(crate) fn packed_len(rows: usize, columns: usize) -> usize {
    rows * columns.next_multiple_of(native_nr())
}

/// Packs up to [`KC`] rows of B into micropanels of NR columns, each row by row: `[K, NR]`, padded with zeros behind
/// the last column.
pub(crate) fn pack_b<'p>(b: Matrix<'_>, packed: &'p mut [MaybeUninit<f32>]) -> &'p [f32] {
    struct PackB<'a>(Matrix<'a>, &'a mut [MaybeUninit<f32>]);

    impl WithSimd for PackB<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Self(b, packed) = self;
            match b.column_stride {
                1 => pack_b_rows(simd, b, packed),
                _ => pack_b_columns(simd, b, packed),
            }
        }
    }

    assert_eq!(packed.len(), packed_len(b.rows, b.columns), "a buffer of whole micropanels");
    Arch::new().dispatch(PackB(b, packed));
    // SAFETY: both functions write NR elements for every row of every micropanel, zeros behind the last column, and
    // `packed` is exactly those.
    unsafe { packed.assume_init_ref() }
}

/// Packs B whose rows are contiguous.
#[inline(always)]
fn pack_b_rows<S: Simd>(simd: S, b: Matrix<'_>, packed: &mut [MaybeUninit<f32>]) {
    let nr = nr::<S>();
    let width = MICROPANELS_AT_ONCE * nr;
    for (nth, micropanels) in packed.chunks_mut(width * b.rows).enumerate() {
        let columns = nth * width..b.columns.min((nth + 1) * width);
        for row in 0..b.rows {
            prefetch(b.values.as_ptr().wrapping_add((row + ROWS_AHEAD) * b.row_stride + columns.start), columns.len());
            let mut micropanels = micropanels.chunks_exact_mut(nr * b.rows);
            // By registers: copying slices would call memcpy for each.
            let (from, rest) = S::as_simd_f32s(&b.values[row * b.row_stride..][columns.clone()]);
            let (whole, single) = from.as_chunks::<NR_VECTORS>();
            for (from, micropanel) in whole.iter().zip(micropanels.by_ref()) {
                let (to, _) = S::as_uninit_mut_simd_f32s(&mut micropanel[row * nr..][..nr]);
                for i in 0..NR_VECTORS {
                    to[i].write(from[i]);
                }
            }
            if let Some(micropanel) = micropanels.next() {
                let (to, _) = S::as_uninit_mut_simd_f32s(&mut micropanel[row * nr..][..nr]);
                for i in 0..NR_VECTORS {
                    to[i].write(match single.get(i) {
                        Some(values) => *values,
                        None if i == single.len() && !rest.is_empty() => simd.partial_load_f32s(rest),
                        None => simd.splat_f32s(0.0),
                    });
                }
            }
        }
    }
}

/// Packs B whose columns are contiguous: whole blocks are transposed in registers.
#[inline(always)]
fn pack_b_columns<S: Simd>(simd: S, b: Matrix<'_>, packed: &mut [MaybeUninit<f32>]) {
    let nr = nr::<S>();
    for (nth, micropanel) in packed.chunks_exact_mut(nr * b.rows).enumerate() {
        for start in (0..nr).step_by(block_rows::<S>()) {
            let first = nth * nr + start;
            let is_whole = start + block_rows::<S>() <= nr && first + block_rows::<S>() <= b.columns;
            let transposed = if is_whole { b.rows / BLOCK_COLUMNS * BLOCK_COLUMNS } else { 0 };
            if is_whole {
                let from = &b.values[first * b.column_stride..];
                transpose(simd, from, b.column_stride, transposed, &mut micropanel[start..], nr);
            }
            for row in transposed..b.rows {
                for i in 0..block_rows::<S>().min(nr - start) {
                    let is_padding = first + i >= b.columns;
                    let value = if is_padding { 0.0 } else { b.values[(first + i) * b.column_stride + row] };
                    micropanel[row * nr + start + i].write(value);
                }
            }
        }
    }
}

/// Memory for packed blocks, kept from one product to the next.
#[derive(Default)]
pub(crate) struct Scratch(Vec<MaybeUninit<f32>>);

impl Scratch {
    /// `count` elements, aligned to a cache line.
    pub fn elements(&mut self, count: usize) -> &mut [MaybeUninit<f32>] {
        if self.0.len() < count + CACHE_LINE {
            self.0.resize(count + CACHE_LINE, MaybeUninit::uninit());
        }
        let start = self.0.as_ptr().align_offset(CACHE_LINE * size_of::<f32>()).min(CACHE_LINE);
        &mut self.0[start..start + count]
    }
}
