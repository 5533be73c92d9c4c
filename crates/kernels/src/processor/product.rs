//! Products of matrices, by the crate gemm.

use std::marker::PhantomData;
use std::ops::Range;

use rayon::prelude::*;

/// A matrix to read: rows and columns may lie at any distance.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` times `columns` numbers, one row after another.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(values, rows, columns, columns)
    }

    /// `rows` rows of `columns` numbers, each `row_stride` after the one before.
    pub fn strided(values: &'a [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        assert!(
            rows * columns == 0 || (rows - 1) * row_stride + columns <= values.len(),
            "a matrix within its numbers"
        );
        Self { values, rows, columns, row_stride, column_stride: 1 }
    }

    /// Its rows as columns.
    pub fn transposed(self) -> Self {
        let Self { values, rows, columns, row_stride, column_stride } = self;
        Self { values, rows: columns, columns: rows, row_stride: column_stride, column_stride: row_stride }
    }

    /// Rows and columns.
    pub fn dims(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// Some of its rows.
    pub fn rows(self, rows: Range<usize>) -> Self {
        assert!(rows.start < rows.end && rows.end <= self.rows, "rows of the matrix");
        Self { values: &self.values[rows.start * self.row_stride..], rows: rows.len(), ..self }
    }
}

/// A matrix to write to, row by row.
pub(crate) struct MatrixMut<'a> {
    start: *mut f32,
    rows: usize,
    columns: usize,
    row_stride: usize,
    values: PhantomData<&'a mut [f32]>,
}

impl<'a> MatrixMut<'a> {
    /// `rows` times `columns` numbers, one row after another.
    pub fn new(values: &'a mut [f32], rows: usize, columns: usize) -> Self {
        assert!(rows * columns <= values.len(), "a matrix within its numbers");
        Self { start: values.as_mut_ptr(), rows, columns, row_stride: columns, values: PhantomData }
    }

    /// A part of a matrix others of whose parts are written at the same time.
    ///
    /// # Safety
    ///
    /// For `'a` nobody else touches the `rows` times `columns` numbers that lie `row_stride` apart from `start` on, and they
    /// are all there.
    pub unsafe fn part(start: *mut f32, rows: usize, columns: usize, row_stride: usize) -> Self {
        Self { start, rows, columns, row_stride, values: PhantomData }
    }

    /// Some of its rows.
    ///
    /// # Safety
    ///
    /// While the part is there nobody else touches them, through `self` neither.
    unsafe fn rows(&self, rows: Range<usize>) -> MatrixMut<'_> {
        assert!(rows.start < rows.end && rows.end <= self.rows, "rows of the matrix");
        // SAFETY: they are within the matrix; the caller sees to the rest.
        unsafe {
            MatrixMut::part(self.start.add(rows.start * self.row_stride), rows.len(), self.columns, self.row_stride)
        }
    }
}

// SAFETY: it may only be written to in parts, of which `rows` asks that they be apart.
unsafe impl Sync for MatrixMut<'_> {}

/// Who multiplies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    /// The caller alone: it is one of many.
    One,
    /// All there are.
    All,
}

/// How many rows of a tall product one thread takes at a time.
const ROWS: usize = 256;
/// How many numbers the matrix on the right may have for every thread to arrange it anew.
const SMALL: usize = 128 << 10;

/// `out = factor · a b`, or `out += factor · a b`.
///
/// A tall product with a small matrix is cut into rows here, because gemm lets its threads wait for each other.
pub(crate) fn multiply(out: MatrixMut<'_>, add: bool, factor: f32, a: Matrix<'_>, b: Matrix<'_>, threads: Threads) {
    assert_eq!((a.rows, a.columns, b.columns), (out.rows, b.rows, out.columns), "the inner dimensions agree");
    match threads {
        Threads::One => gemm(&out, add, factor, a, b, gemm::Parallelism::None),
        Threads::All if out.rows >= 2 * ROWS && b.rows * b.columns <= SMALL => {
            (0..out.rows.div_ceil(ROWS)).into_par_iter().for_each(|piece| {
                let rows = piece * ROWS..out.rows.min((piece + 1) * ROWS);
                // SAFETY: rows of this piece alone, of a matrix that nobody else writes to.
                let part = unsafe { out.rows(rows.clone()) };
                gemm(&part, add, factor, a.rows(rows), b, gemm::Parallelism::None);
            });
        }
        Threads::All => gemm(&out, add, factor, a, b, gemm::Parallelism::Rayon(0)),
    }
}

/// `factor · a b`.
pub(crate) fn product(factor: f32, a: Matrix<'_>, b: Matrix<'_>, threads: Threads) -> Vec<f32> {
    let (rows, columns) = (a.rows, b.columns);
    let mut out = Vec::with_capacity(rows * columns);
    // SAFETY: the memory is there and nobody else's; it is written whole, and not read before.
    unsafe {
        multiply(MatrixMut::part(out.as_mut_ptr(), rows, columns, columns), false, factor, a, b, threads);
        out.set_len(rows * columns);
    }
    out
}

fn gemm(out: &MatrixMut<'_>, add: bool, factor: f32, a: Matrix<'_>, b: Matrix<'_>, parallelism: gemm::Parallelism) {
    // SAFETY: each matrix lies within its numbers, as its constructor saw to; `out` is written by nobody else.
    unsafe {
        gemm::gemm(
            out.rows,
            out.columns,
            a.columns,
            out.start,
            1,
            out.row_stride as isize,
            add,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            factor,
            false,
            false,
            false,
            parallelism,
        );
    }
}
