//! Loops 4 to 1 on one thread: the blocks of a product that are in one thread's caches.

use std::cell::RefCell;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::cache::CACHE_LINE;
use crate::matrix::{Matrix, MatrixMut};
use crate::microkernel::{Accumulate, MR, MicropanelProduct, nr};
use crate::pack::{KC, Scratch, pack_a, pack_b, packed_len};

/// Rows of A in a block of loop 3, which stays in L2.
const MC: usize = 96;

thread_local! {
    /// Each thread's packed block of A, and the packed B of [`gemm_serial`].
    static SCRATCH: RefCell<[Scratch; 2]> = RefCell::default();
}

/// Loop 4: the K-slices of a depth of `k`.
pub(crate) fn k_slices(k: usize) -> impl Iterator<Item = Range<usize>> {
    (0..k).step_by(KC).map(move |start| start..k.min(start + KC))
}

/// `C = β C + α A B` by the calling thread, which packs B for itself.
pub(crate) fn gemm_serial(c: &mut MatrixMut<'_>, accumulate: Accumulate<'_>, alpha: f32, a: Matrix<'_>, b: Matrix<'_>) {
    assert_eq!((a.rows, a.columns, b.columns), (c.rows, b.rows, c.columns), "dimensions of C = A B");
    SCRATCH.with_borrow_mut(|[packed_a, packed_b]| {
        for slice in k_slices(b.rows) {
            let accumulate = if slice.start == 0 { accumulate } else { Accumulate::Add };
            let depth = slice.len();
            let b = pack_b(b.rows(slice.clone()), packed_b.elements(packed_len(depth, b.columns)));
            Macrokernel { c, accumulate, alpha, a: a.columns(slice), b, depth, packed_a }.run();
        }
    });
}

/// `C = β C + α A B` by the calling thread, with the first rows of a B that was packed by K-slices, each of `columns`
/// columns.
pub(crate) fn gemm_packed(
    c: &mut MatrixMut<'_>,
    accumulate: Accumulate<'_>,
    alpha: f32,
    a: Matrix<'_>,
    packed_b: &[f32],
    [rows, columns]: [usize; 2],
) {
    assert!(a.rows == c.rows && a.columns <= rows && c.columns <= columns, "dimensions of C = A B");
    assert!(a.columns > 0, "a product of depth 0");
    SCRATCH.with_borrow_mut(|[packed_a, _]| {
        let packed_slices = packed_b.chunks(packed_len(KC, columns));
        for ((slice, packed_slice), b) in k_slices(a.columns).zip(k_slices(rows)).zip(packed_slices) {
            let accumulate = if slice.start == 0 { accumulate } else { Accumulate::Add };
            let depth = packed_slice.len();
            Macrokernel { c, accumulate, alpha, a: a.columns(slice), b, depth, packed_a }.run();
        }
    });
}

/// The product of A with one packed K-slice of B.
struct Macrokernel<'a, 'c> {
    c: &'a mut MatrixMut<'c>,
    accumulate: Accumulate<'a>,
    alpha: f32,
    a: Matrix<'a>,
    /// Micropanels `[depth, NR]`.
    b: &'a [f32],
    /// At least the columns of A.
    depth: usize,
    packed_a: &'a mut Scratch,
}

impl Macrokernel<'_, '_> {
    fn run(self) {
        let is_packed = self.b.len() >= packed_len(self.depth, self.c.columns);
        assert!(self.a.rows == self.c.rows && self.a.columns <= self.depth && is_packed, "dimensions of C = A B");
        Arch::new().dispatch(self);
    }
}

impl WithSimd for Macrokernel<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { c, accumulate, alpha, a, b, depth, packed_a } = self;
        let nr = nr::<S>();
        // Loop 3: blocks of MC rows.
        for start in (0..a.rows).step_by(MC) {
            let a = a.rows(start..a.rows.min(start + MC));
            let micropanels = c.columns.div_ceil(nr);
            // The elements of a row that lie a large stride apart would evict each other: such a block is packed.
            let packed = (a.column_stride > MC).then(|| pack_a(a, packed_a.elements(a.rows * a.columns)));
            let micropanel_rows = if packed.is_some() { MR } else { a.rows };
            // While one block is multiplied the next is prefetched, if it will be read in place: some columns with each
            // micropanel of B.
            let share =
                if a.column_stride == 1 { a.columns.div_ceil(micropanels).next_multiple_of(CACHE_LINE) } else { 0 };
            // Loop 2: micropanels of B.
            for (nth, b) in b.chunks_exact(nr * depth).take(micropanels).enumerate() {
                let columns = nth * nr..c.columns.min((nth + 1) * nr);
                // Loop 1: micropanels of packed A, or all rows of the block.
                for first in (0..a.rows).step_by(micropanel_rows) {
                    let rows = micropanel_rows.min(a.rows - first);
                    let a = match packed {
                        Some(packed) => Matrix::new(&packed[first * a.columns..], a.columns, rows).transposed(),
                        None => a,
                    };
                    let product = MicropanelProduct {
                        c: c.start.wrapping_add((start + first) * c.row_stride + columns.start),
                        c_row_stride: c.row_stride,
                        rows,
                        columns: columns.len(),
                        accumulate: accumulate.columns(columns.clone()),
                        alpha,
                        a: a.values.as_ptr(),
                        a_row_stride: a.row_stride,
                        a_column_stride: a.column_stride,
                        b: &b[..nr * a.columns],
                        next_a: a.values.as_ptr().wrapping_add(a.rows * a.row_stride + nth * share),
                        next_a_lines: share.min(a.columns.saturating_sub(nth * share)).div_ceil(CACHE_LINE),
                    };
                    // SAFETY: `c` is borrowed mutably, so its elements exist and nobody else accesses them (the
                    // contract of `MatrixMut`'s constructors, which also has them initialised before `Accumulate::Add`
                    // reads them); rows `start + first..` and `columns` are within it, as `run` checked that it has as
                    // many rows as A. `a` has `rows` rows and as many columns as the slice of `b` has steps, at its own
                    // strides, one of which is 1. `columns` has at most NR elements, and slicing the bias row checked
                    // its length.
                    unsafe { product.run(simd) }
                }
            }
        }
    }
}
