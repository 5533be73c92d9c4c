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

    /// Some columns of some of its rows.
    ///
    /// # Safety
    ///
    /// While the part is there nobody else touches them, through `self` neither.
    unsafe fn block(&self, rows: Range<usize>, columns: Range<usize>) -> MatrixMut<'_> {
        assert!(rows.end <= self.rows && columns.end <= self.columns, "a part of the matrix");
        let start = rows.start * self.row_stride + columns.start;
        // SAFETY: it is within the matrix; the caller sees to the rest.
        unsafe { MatrixMut::part(self.start.add(start), rows.len(), columns.len(), self.row_stride) }
    }
}

// SAFETY: it may only be written to in parts, of which `block` asks that they be apart.
unsafe impl Sync for MatrixMut<'_> {}

/// Who multiplies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    /// The caller alone: it is one of many.
    One,
    /// All there are.
    All,
}

/// As few rows or columns of the result as a thread may get: fewer are not worth arranging the other matrix for.
const LEAST: usize = 64;

/// `out = factor · a b`, or `out += factor · a b`.
///
/// Each thread computes some rows, or some columns where those of `b` lie one after another: gemm would let its threads wait
/// for each other. It adds up every number in the same order, however many rows and columns it is asked for at a time.
pub(crate) fn multiply(out: MatrixMut<'_>, add: bool, factor: f32, a: Matrix<'_>, b: Matrix<'_>, threads: Threads) {
    assert_eq!((a.rows, a.columns, b.columns), (out.rows, b.rows, out.columns), "the inner dimensions agree");
    if threads == Threads::One {
        return gemm(&out, add, factor, a, b, gemm::Parallelism::None);
    }
    let by_columns = b.row_stride == 1 && b.column_stride > 1;
    let whole = if by_columns { out.columns } else { out.rows };
    let share = whole.div_ceil(rayon::current_num_threads()).next_multiple_of(16);
    if share < LEAST || share >= whole {
        return gemm(&out, add, factor, a, b, gemm::Parallelism::Rayon(0));
    }
    (0..whole.div_ceil(share)).into_par_iter().for_each(|piece| {
        let part = piece * share..whole.min((piece + 1) * share);
        let all = |matrix: usize| 0..matrix;
        let (rows, columns) = if by_columns { (all(out.rows), part) } else { (part, all(out.columns)) };
        let (a, b) = (a.rows(rows.clone()), b.transposed().rows(columns.clone()).transposed());
        // SAFETY: no other piece has these rows of these columns, and nobody else writes to the matrix.
        let out = unsafe { out.block(rows, columns) };
        gemm(&out, add, factor, a, b, gemm::Parallelism::None);
    });
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
