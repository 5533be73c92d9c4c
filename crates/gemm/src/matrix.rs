//! Borrowed matrices: [`Matrix`] to read, with any row and column strides, and [`MatrixMut`] to write, row-major.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::slice::from_raw_parts_mut;

/// A matrix to read: element (i, j) is `values[i * row_stride + j * column_stride]`.
///
/// Invariants: the last element is within `values`, unless the matrix is empty; one of the strides is 1.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_stride: usize,
    pub(crate) column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix, `[rows, columns]`, at the start of `values`.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::strided(values, rows, columns, columns)
    }

    /// A matrix `[rows, columns]` whose rows start `row_stride` elements apart, such as a block of a row-major matrix.
    ///
    /// # Panics
    ///
    /// If its last row ends behind `values`.
    pub fn strided(values: &'a [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        let is_empty = rows == 0 || columns == 0;
        assert!(is_empty || fits(values.len(), rows, columns, row_stride), "a matrix ends behind its values");
        Self { values, rows, columns, row_stride, column_stride: 1 }
    }

    /// The transpose; no element moves.
    pub fn transposed(self) -> Self {
        let Self { values, rows, columns, row_stride, column_stride } = self;
        Self { values, rows: columns, columns: rows, row_stride: column_stride, column_stride: row_stride }
    }

    /// `[rows, columns]`.
    pub fn dims(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// The submatrix of a range of rows.
    pub fn rows(self, rows: Range<usize>) -> Self {
        assert!(rows.start < rows.end && rows.end <= self.rows, "rows {rows:?} of {}", self.rows);
        Self { values: &self.values[rows.start * self.row_stride..], rows: rows.len(), ..self }
    }

    /// One row of a matrix whose rows are contiguous.
    #[inline(always)]
    pub fn row(&self, nth: usize) -> &'a [f32] {
        assert!(self.column_stride == 1, "a row is a slice only where it is contiguous");
        &self.values[nth * self.row_stride..][..self.columns]
    }

    /// The submatrix of a range of columns.
    pub fn columns(self, columns: Range<usize>) -> Self {
        self.transposed().rows(columns).transposed()
    }
}

/// Whether `[rows, columns]`, neither zero, with rows `row_stride` apart, fits into `length` elements.
fn fits(length: usize, rows: usize, columns: usize, row_stride: usize) -> bool {
    let end = (rows - 1).checked_mul(row_stride).and_then(|start| start.checked_add(columns));
    end.is_some_and(|end| end <= length)
}

/// A matrix to write: element (i, j) is at `start + i * row_stride + j`.
///
/// It may be split by [`MatrixMut::block`] and [`MatrixMut::elements`] into disjoint parts that several threads write.
pub struct MatrixMut<'a> {
    pub(crate) start: *mut f32,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_stride: usize,
    values: PhantomData<&'a mut [f32]>,
}

impl<'a> MatrixMut<'a> {
    /// A row-major matrix, `[rows, columns]`, at the start of `values`.
    ///
    /// # Panics
    ///
    /// If it ends behind `values`.
    pub fn new(values: &'a mut [f32], rows: usize, columns: usize) -> Self {
        let is_empty = rows == 0 || columns == 0;
        assert!(is_empty || fits(values.len(), rows, columns, columns), "a matrix ends behind its values");
        Self { start: values.as_mut_ptr(), rows, columns, row_stride: columns, values: PhantomData }
    }

    /// A matrix `[rows, columns]` whose rows start `row_stride` elements apart, the first at `start`.
    ///
    /// # Safety
    ///
    /// - All of its elements lie within one allocation, and `row_stride >= columns` unless there is only one row.
    /// - For `'a` no other code reads or writes them, except through parts of this matrix.
    /// - They may be uninitialised. Then each is written before it is read; a product with [`Accumulate::Add`] reads
    ///   what it adds to.
    ///
    /// [`Accumulate::Add`]: crate::Accumulate::Add
    pub unsafe fn from_raw_parts(start: *mut f32, rows: usize, columns: usize, row_stride: usize) -> Self {
        Self { start, rows, columns, row_stride, values: PhantomData }
    }

    /// Its rows, as slices.
    ///
    /// # Safety
    ///
    /// Every element is initialised.
    pub(crate) unsafe fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        let Self { start, columns, row_stride, .. } = *self;
        // SAFETY: the elements exist and are ours alone while `self` is borrowed (the contract of the constructors);
        // rows do not overlap, as they are at least `columns` apart; they are initialised by this function's contract.
        (0..self.rows).map(move |row| unsafe { from_raw_parts_mut(start.add(row * row_stride), columns) })
    }

    /// A range of columns of one row.
    ///
    /// # Safety
    ///
    /// While the slice is alive no other code reads or writes these elements, through `self` included.
    #[allow(clippy::mut_from_ref, reason = "the contract demands that parts are disjoint")]
    #[inline(always)]
    pub unsafe fn row(&self, row: usize, columns: Range<usize>) -> &mut [MaybeUninit<f32>] {
        assert!(row < self.rows && columns.start <= columns.end && columns.end <= self.columns, "a part of a row");
        // SAFETY: the part is within the matrix, as just checked, whose elements exist for as long as it is borrowed
        // (the contract of the constructors); nobody else accesses them by this function's contract.
        unsafe { from_raw_parts_mut(self.start.add(row * self.row_stride + columns.start).cast(), columns.len()) }
    }

    /// `count` elements of one row, from the element with row-major index `first`.
    ///
    /// # Safety
    ///
    /// While the slice is alive no other code reads or writes these elements, through `self` included.
    #[allow(clippy::mut_from_ref, reason = "the contract demands that parts are disjoint")]
    pub unsafe fn elements(&self, first: usize, count: usize) -> &mut [MaybeUninit<f32>] {
        let [row, column] = [first / self.columns, first % self.columns];
        assert!(row < self.rows && column + count <= self.columns, "elements behind the end of a row");
        // SAFETY: the part is within the matrix, as just checked, whose elements exist for as long as it is borrowed
        // (the contract of the constructors); nobody else accesses them by this function's contract.
        unsafe { from_raw_parts_mut(self.start.add(row * self.row_stride + column).cast(), count) }
    }

    /// The block of a range of rows and a range of columns.
    ///
    /// # Safety
    ///
    /// While the block is alive no other code reads or writes its elements, through `self` included.
    pub unsafe fn block(&self, rows: Range<usize>, columns: Range<usize>) -> MatrixMut<'_> {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "rows {rows:?} of {}", self.rows);
        assert!(columns.start <= columns.end && columns.end <= self.columns, "columns {columns:?} of {}", self.columns);
        let start = self.start.wrapping_add(rows.start * self.row_stride + columns.start);
        // SAFETY: the block is within the matrix, as just checked, so its elements exist and its rows do not overlap;
        // nobody else accesses them by this function's contract.
        unsafe { MatrixMut::from_raw_parts(start, rows.len(), columns.len(), self.row_stride) }
    }
}

// SAFETY: through a shared reference only `elements` and `block` reach the memory, and their contracts demand that what
// they return is disjoint from what any other thread accesses. Everything else that writes takes the matrix itself or
// `&mut`.
unsafe impl Sync for MatrixMut<'_> {}
