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

    /// Writes its columns into `turned`, one after another; those of its rows lie together. It goes by square tiles that are
    /// read a row at a time: whole rows of the result would read one number each of rows that lie a power of two apart, which
    /// push each other out of the nearest cache.
    fn turn(self, turned: &mut Vec<f32>) {
        let [rows, columns] = self.dims();
        turned.resize(rows * columns, 0.0);
        let mut tile = [[0.0; TILE]; TILE];
        for row in (0..rows).step_by(TILE) {
            let height = TILE.min(rows - row);
            for column in (0..columns).step_by(TILE) {
                let width = TILE.min(columns - column);
                for (i, line) in tile.iter_mut().enumerate().take(height) {
                    line[..width].copy_from_slice(&self.values[(row + i) * self.row_stride + column..][..width]);
                }
                for j in 0..width {
                    let out = &mut turned[(column + j) * rows + row..][..height];
                    out.iter_mut().zip(&tile).for_each(|(out, line)| *out = line[j]);
                }
            }
        }
    }
}

/// Rows and columns of what is turned at a time: a row of it is what a processor fetches at once.
const TILE: usize = 16;

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

/// As few rows or columns of the result as a thread gets: fewer are not worth arranging the other matrix for, and gemm adds
/// up a result of 64 rows and columns or less in another order.
const LEAST: usize = 80;
/// A share is so many rows or columns, or a multiple, whatever the kernels of gemm take at a time; the last takes the rest.
const MULTIPLE: usize = 16;
/// As many rows as a share has at most: gemm arranges the rows of `a` for its kernels in as much memory again.
const MOST: usize = 512;

/// `out = factor · a b`, or `out += factor · a b`.
///
/// Each thread computes some rows, or some columns where those of `b` lie one after another: gemm would let its threads wait
/// for each other. It adds up every number in the same order, however many rows and columns it is asked for at a time.
pub(crate) fn multiply(out: MatrixMut<'_>, add: bool, factor: f32, a: Matrix<'_>, b: Matrix<'_>, threads: Threads) {
    assert_eq!((a.rows, a.columns, b.columns), (out.rows, b.rows, out.columns), "the inner dimensions agree");
    if threads == Threads::One {
        return gemm(&out, add, factor, a, b, gemm::Parallelism::None);
    }
    // The rows of the matrix that `b` is turned from lie one after another.
    let by_columns = b.row_stride == 1 && b.column_stride > 1;
    let whole = if by_columns { out.columns } else { out.rows };
    let threads = rayon::current_num_threads();
    let least = if by_columns { 1 } else { whole / MOST };
    let shares = threads.max(least).min(whole / LEAST).max(1);
    if shares == 1 && threads > 1 {
        return gemm(&out, add, factor, a, b, gemm::Parallelism::Rayon(0));
    }
    let share = whole / shares / MULTIPLE * MULTIPLE;
    (0..shares).into_par_iter().for_each(|nth| {
        let part = nth * share..if nth + 1 == shares { whole } else { (nth + 1) * share };
        let (rows, columns) = if by_columns { (0..out.rows, part) } else { (part, 0..out.columns) };
        let (a, b) = (a.rows(rows.clone()), b.transposed().rows(columns.clone()).transposed());
        // SAFETY: no other share has these rows of these columns, and nobody else writes to the matrix.
        let out = unsafe { out.block(rows, columns) };
        match by_columns && b.rows >= DEEP {
            true => multiply_by_turned(out, add, factor, a, b.transposed()),
            false => gemm(&out, add, factor, a, b, gemm::Parallelism::None),
        }
    });
}

/// How many numbers deep a product is that pays for turning the other matrix first.
const DEEP: usize = 512;
/// How many numbers are turned at a time: what stays near, in half a megabyte.
const TURNED: usize = 128 << 10;

/// `out = factor · a bᵀ`, or `out += factor · a bᵀ`, a few rows of `b` at a time, turned into columns. gemm would turn them
/// too, but number by number, each from another row far away.
fn multiply_by_turned(out: MatrixMut<'_>, add: bool, factor: f32, a: Matrix<'_>, b: Matrix<'_>) {
    let [all, depth] = b.dims();
    let at_once = (TURNED / depth / TILE * TILE).max(LEAST);
    let mut turned = Vec::new();
    let times = (all / at_once).max(1);
    for nth in 0..times {
        let rows = nth * at_once..if nth + 1 == times { all } else { (nth + 1) * at_once };
        b.rows(rows.clone()).turn(&mut turned);
        // SAFETY: the parts are written one after another.
        let out = unsafe { out.block(0..out.rows, rows.clone()) };
        gemm(&out, add, factor, a, Matrix::new(&turned, depth, rows.len()), gemm::Parallelism::None);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<f32> {
        (0..count).map(|i| (i * 7919 % 1009) as f32 / 1009.0 - 0.5).collect()
    }

    /// `a b` by so many threads, with a and b as rows, or with the columns of b one after another.
    fn bits(threads: usize, [m, k, n]: [usize; 3], b_by_columns: bool) -> Vec<u32> {
        let (a, b) = (numbers(m * k), numbers(k * n));
        let b = if b_by_columns { Matrix::new(&b, n, k).transposed() } else { Matrix::new(&b, k, n) };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| product(2.0, Matrix::new(&a, m, k), b, Threads::All));
        found.into_iter().map(f32::to_bits).collect()
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        for sizes in [
            [130, 700, 64],
            [64, 700, 130],
            [300, 2000, 17],
            [17, 2000, 300],
            [257, 64, 1024],
            [90, 3, 90],
            [1300, 70, 90],
        ] {
            for b_by_columns in [false, true] {
                let one = bits(1, sizes, b_by_columns);
                for threads in [2, 3, 7] {
                    assert!(one == bits(threads, sizes, b_by_columns), "{threads} threads, {sizes:?}, {b_by_columns}");
                }
            }
        }
    }

    #[test]
    fn it_is_the_sum_over_rows_and_columns() {
        for [m, k, n] in [[1, 1, 1], [3, 5, 7], [200, 9, 170], [20, 700, 333]] {
            let (a, b) = (numbers(m * k), numbers(k * n));
            let by_rows = Matrix::new(&b, k, n);
            let mut turned = Vec::new();
            by_rows.turn(&mut turned);
            for b_matrix in [by_rows, Matrix::new(&turned, n, k).transposed()] {
                let found = product(2.0, Matrix::new(&a, m, k), b_matrix, Threads::All);
                for (at, found) in found.into_iter().enumerate() {
                    let terms = (0..k).map(|i| a[at / n * k + i] as f64 * b[i * n + at % n] as f64);
                    let expected = 2.0 * terms.sum::<f64>();
                    assert!((found as f64 - expected).abs() < 1e-4, "{found} instead of {expected}");
                }
            }
        }
    }
}
