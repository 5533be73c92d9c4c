//! Products of matrices, by the crate gemm.

use std::marker::PhantomData;

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
}

/// `factor · a b`, by all threads.
pub(crate) fn product(factor: f32, a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let (rows, columns) = (a.rows, b.columns);
    let mut out = Vec::with_capacity(rows * columns);
    // SAFETY: the memory is there and nobody else's; it is written whole, and not read before.
    unsafe {
        multiply(MatrixMut::part(out.as_mut_ptr(), rows, columns, columns), false, factor, a, b, Threads::All);
        out.set_len(rows * columns);
    }
    out
}

/// Who multiplies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    /// The caller alone: it is one of many.
    One,
    /// All there are.
    All,
}

/// `out = factor · a b`, or `out += factor · a b`.
pub(crate) fn multiply(out: MatrixMut<'_>, add: bool, factor: f32, a: Matrix<'_>, b: Matrix<'_>, threads: Threads) {
    assert_eq!((a.rows, a.columns, b.columns), (out.rows, b.rows, out.columns), "the inner dimensions agree");
    let parallelism = match threads {
        Threads::One => gemm::Parallelism::None,
        Threads::All => gemm::Parallelism::Rayon(0),
    };
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
