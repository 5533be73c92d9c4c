//! B, packed once for any number of products.

use std::mem::MaybeUninit;

use crate::macrokernel::{gemm_packed, k_slices};
use crate::matrix::{Matrix, MatrixMut};
use crate::microkernel::{Accumulate, native_nr};
use crate::pack::{KC, pack_b, packed_len};
use crate::pool::{Threads, parallel_map};
use crate::reduce::CHUNK;

/// Elements that a task packs: few, so that no thread waits long for the last task.
const TASK: usize = CHUNK / 4;

/// B, `[K, N]`, packed in K-slices of KC rows, each in micropanels of NR columns.
pub struct PackedB {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

impl PackedB {
    /// Packs `b`, `[K, N]`.
    pub fn new(b: Matrix<'_>, threads: Threads) -> Self {
        let length = packed_len(b.rows, b.columns);
        let mut values = Vec::with_capacity(length);
        let packed = &mut values.spare_capacity_mut()[..length];
        let slices = k_slices(b.rows).map(|slice| b.rows(slice)).zip(packed.chunks_mut(packed_len(KC, b.columns)));
        match threads {
            Threads::One => slices.for_each(|(b, packed)| _ = pack_b(b, packed)),
            Threads::All => {
                let tasks = slices.flat_map(|(b, packed)| packing_tasks(b, packed));
                parallel_map(tasks, |_, (b, packed)| _ = pack_b(b, packed));
            }
        }
        // SAFETY: the capacity is at least `length`; the K-slices cover it, and `pack_b` initialises all of what it
        // gets.
        unsafe { values.set_len(length) };
        Self { rows: b.rows, columns: b.columns, values }
    }

    /// `row + A B` by the calling thread, written to `out`, which becomes `[M, N]`.
    ///
    /// # Shapes
    ///
    /// - `row`: `[N]`
    /// - `a`: `[M, K]`, K > 0
    pub fn matmul_into<'o>(&self, out: &'o mut [MaybeUninit<f32>], row: &[f32], a: Matrix<'_>) -> &'o mut [f32] {
        let [m, n] = [a.rows, self.columns];
        assert!(out.len() == m * n && row.len() == n, "a product of {m} × {n} elements, and a row of {n}");
        // SAFETY: `out` is `m * n` elements, borrowed mutably until the end of 'o. They may be uninitialised:
        // `Accumulate::Row` does not read them.
        let mut c = unsafe { MatrixMut::from_raw_parts(out.as_mut_ptr().cast(), m, n, n) };
        self.gemm(&mut c, Accumulate::Row(row), 1.0, a);
        // SAFETY: the product wrote every element.
        unsafe { out.assume_init_mut() }
    }

    /// `C = β C + α A B` by the calling thread.
    ///
    /// # Shapes
    ///
    /// - `c`: `[M, N]`
    /// - `a`: `[M, K]`, K > 0
    pub fn gemm(&self, c: &mut MatrixMut<'_>, accumulate: Accumulate<'_>, alpha: f32, a: Matrix<'_>) {
        assert_eq!((self.columns, a.columns), (c.columns, self.rows), "dimensions of C = A B");
        self.gemm_leading(c, accumulate, alpha, a);
    }

    /// The same with the leading rows and columns of B: as many rows as A has columns, and as many columns as C.
    pub fn gemm_leading(&self, c: &mut MatrixMut<'_>, accumulate: Accumulate<'_>, alpha: f32, a: Matrix<'_>) {
        gemm_packed(c, accumulate, alpha, a, &self.values, [self.rows, self.columns]);
    }
}

/// The tasks of packing a K-slice: some micropanels each.
fn packing_tasks<'a>(
    b: Matrix<'a>,
    packed: &'a mut [MaybeUninit<f32>],
) -> impl Iterator<Item = (Matrix<'a>, &'a mut [MaybeUninit<f32>])> {
    let columns = (TASK / b.rows / native_nr()).max(1) * native_nr();
    let starts = (0..b.columns).step_by(columns).zip(packed.chunks_mut(b.rows * columns));
    starts.map(move |(start, packed)| (b.columns(start..b.columns.min(start + columns)), packed))
}
