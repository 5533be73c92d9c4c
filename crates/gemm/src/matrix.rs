//! Matrices among numbers, to read and to write.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::slice::from_raw_parts_mut;

/// A matrix to read: rows and columns may lie at any distance.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
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

    /// The numbers of a row, which lie one after another.
    #[inline(always)]
    pub fn row(&self, nth: usize) -> &'a [f32] {
        assert!(self.column_stride == 1, "numbers one after another");
        &self.values[nth * self.row_stride..][..self.columns]
    }

    /// Some of its columns.
    pub fn columns(self, columns: Range<usize>) -> Self {
        self.transposed().rows(columns).transposed()
    }
}

/// A matrix to write to, row by row.
pub struct MatrixMut<'a> {
    pub(super) start: *mut f32,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
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

    /// Its rows.
    ///
    /// # Safety
    ///
    /// All of it was written.
    pub(super) unsafe fn rows(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let Self { start, columns, row_stride, .. } = *self;
        // SAFETY: the rows are there and nobody else's; none reaches into the next.
        (0..self.rows).map(move |row| unsafe { from_raw_parts_mut(start.add(row * row_stride), columns) })
    }

    /// So many numbers of a row, from that on which is the `first` when the rows are counted through.
    ///
    /// # Safety
    ///
    /// While they are there nobody else touches them, through `self` neither.
    #[allow(clippy::mut_from_ref, reason = "the caller sees to it that nobody else has them")]
    pub unsafe fn numbers(&self, first: usize, count: usize) -> &mut [MaybeUninit<f32>] {
        let [row, column] = [first / self.columns, first % self.columns];
        assert!(row < self.rows && column + count <= self.columns, "a part of a row");
        // SAFETY: it is within the matrix; the caller sees to the rest.
        unsafe { from_raw_parts_mut(self.start.add(row * self.row_stride + column).cast(), count) }
    }

    /// Some columns of some of its rows.
    ///
    /// # Safety
    ///
    /// While the part is there nobody else touches them, through `self` neither.
    pub unsafe fn block(&self, rows: Range<usize>, columns: Range<usize>) -> MatrixMut<'_> {
        assert!(rows.end <= self.rows && columns.end <= self.columns, "a part of the matrix");
        let start = rows.start * self.row_stride + columns.start;
        // SAFETY: it is within the matrix; the caller sees to the rest.
        unsafe { MatrixMut::part(self.start.add(start), rows.len(), columns.len(), self.row_stride) }
    }
}

// SAFETY: it may only be written to in parts, of which `block` asks that they be apart.
unsafe impl Sync for MatrixMut<'_> {}
