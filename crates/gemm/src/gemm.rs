//! Products of matrices: `out = onto + factor · a b`, and what is made of them while they are near ([`finished`]).
//!
//! `b` is packed as the tiles read it (`packed.rs`): once for all threads, of which each then takes some rows of the result
//! after another; or where the result has more columns than rows, each thread takes some columns, and packs them for itself, and
//! `a` is turned for all if its columns lie one after another (`turn.rs`).
//! `2 M K N` operations for M rows, K numbers deep, N columns: their arithmetic is the limit.

use std::ops::Range;

use super::matrix::{Matrix, MatrixMut};
use super::microkernel::{Accumulate, MR};
use super::pack::{self, PackedB};
use super::pool::parallel_for;
use super::transpose::to_row_major;
use super::weight_gradient::WeightGradient;

/// Who multiplies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// The caller alone: it is one of many.
    One,
    /// All there are.
    All,
}

/// How many multiply-adds are worth a task of their own: some ten microseconds.
const WORTH: usize = 1 << 19;
/// How many rows or columns a task has at least, as it reads all of the other matrix for them.
const LEAST: usize = 24;
/// How many columns a task has at most, so that what it packs stays near.
const NC: usize = 512;
/// How many numbers are packed at a time for all threads.
const PACKED: usize = 1 << 20;

/// `out = onto + factor · a b`.
///
/// Every number is summed in the order of the depth, and added piece by piece ([`pack::KC`]), however many threads there
/// are and however the result is cut for them.
pub fn gemm(out: MatrixMut<'_>, onto: Accumulate<'_>, factor: f32, a: Matrix<'_>, b: Matrix<'_>, threads: Threads) {
    assert_eq!((a.rows, a.columns, b.columns), (out.rows, b.rows, out.columns), "the inner dimensions agree");
    assert!(a.columns > 0, "a sum of something");
    match threads {
        _ if out.rows * out.columns == 0 => (),
        Threads::One => pack::multiply(&out, onto, factor, a, b),
        Threads::All => by_all(&out, onto, factor, a, b, None, |_, _, _| ()),
    }
}

/// `factor · a b`, with `row` added to each of its rows, if there is one.
pub fn matmul(row: Option<&[f32]>, factor: f32, a: Matrix<'_>, b: Matrix<'_>, threads: Threads) -> Vec<f32> {
    let onto = row.map_or(Accumulate::Overwrite, Accumulate::Row);
    // SAFETY: a product is written whole, and not read before where it is added to nothing that is there.
    unsafe { made(a.rows, b.columns, |out| gemm(out, onto, factor, a, b, threads)) }
}

/// What `finish` makes of `a b`, with `row` added to each of its rows, if there is one: it is given each part of a row, and the
/// place of its first number, by the task that has computed it and so has it near. What is `beside` is summed by the same piece of
/// work: who is done with one takes of the other, and nobody waits in between.
pub fn matmul_then(
    row: Option<&[f32]>,
    a: Matrix<'_>,
    b: Matrix<'_>,
    beside: Option<&WeightGradient<'_>>,
    finish: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    let (rows, columns) = (a.rows, b.columns);
    assert!(a.columns == b.rows && a.columns > 0, "the inner dimensions agree, and there is a sum of something");
    if rows * columns == 0 {
        return Vec::new();
    }
    let onto = row.map_or(Accumulate::Overwrite, Accumulate::Row);
    let write = |out: MatrixMut<'_>| {
        by_all(&out, onto, 1.0, a, b, beside, |first_row, first_column, mut part| {
            // SAFETY: this task has written them.
            for (row, numbers) in (first_row..).zip(unsafe { part.rows() }) {
                finish(row * columns + first_column, numbers);
            }
        });
    };
    // SAFETY: as of any product.
    unsafe { made(rows, columns, write) }
}

/// A new matrix.
///
/// # Safety
///
/// `write` writes every number, and reads none before.
unsafe fn made(rows: usize, columns: usize, write: impl FnOnce(MatrixMut<'_>)) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows * columns);
    // SAFETY: the memory is there and nobody else's; the caller sees to it that all of it is written.
    unsafe {
        write(MatrixMut::part(out.as_mut_ptr(), rows, columns, columns));
        out.set_len(rows * columns);
    }
    out
}

/// The same of a result that is not empty, by all threads. `then` is given each part of it when it is there, with its first row and
/// column, by the task that computed it.
fn by_all(
    out: &MatrixMut<'_>,
    onto: Accumulate<'_>,
    factor: f32,
    a: Matrix<'_>,
    b: Matrix<'_>,
    beside: Option<&WeightGradient<'_>>,
    then: impl Fn(usize, usize, MatrixMut<'_>) + Sync,
) {
    if out.columns > out.rows {
        // All tasks read all of `a`, and would each copy it.
        let rows = if a.column_stride == 1 { Vec::new() } else { to_row_major(a) };
        let a = if a.column_stride == 1 { a } else { Matrix::new(&rows, a.rows, a.columns) };
        let tasks = Tasks { length: out.columns, unit: pack::width(), least: worth(out.rows * a.columns), most: NC };
        return tasks.run(beside, |columns| {
            // SAFETY: no other task has these columns, and nobody else writes to the matrix.
            let part = unsafe { out.block(0..out.rows, columns.clone()) };
            pack::multiply(&part, onto.columns(columns.clone()), factor, a, b.columns(columns.clone()));
            then(0, columns.start, part);
        });
    }
    let tasks = Tasks { length: out.rows, unit: MR, least: worth(out.columns * a.columns), most: usize::MAX };
    let at_once = (PACKED / b.columns / pack::KC).max(1) * pack::KC;
    for start in (0..a.columns).step_by(at_once) {
        let depth = start..a.columns.min(start + at_once);
        let is_last = depth.end == a.columns;
        let onto = if start == 0 { onto } else { Accumulate::Add };
        let (a, packed) = (a.columns(depth.clone()), PackedB::new(b.rows(depth), Threads::All));
        tasks.run(beside.filter(|_| is_last), |rows| {
            // SAFETY: no other task has these rows, and nobody else writes to the matrix.
            let part = unsafe { out.block(rows.clone(), 0..out.columns) };
            packed.multiply(&part, onto, factor, a.rows(rows.clone()));
            if is_last {
                then(rows.start, 0, part);
            }
        });
    }
}

/// How many rows or columns, of so many multiply-adds each, are worth a task.
fn worth(each: usize) -> usize {
    (WORTH / each).max(LEAST)
}

/// Rows or columns that are shared out.
struct Tasks {
    length: usize,
    /// A multiple of it begins a task.
    unit: usize,
    least: usize,
    most: usize,
}

impl Tasks {
    /// Does `work` of all of them: each thread first its share of what is `beside`, then half of its share of these, half of what is left,
    /// and so on, so that all are done at about the same time, whoever is slower, and most is done in few tasks.
    fn run(&self, beside: Option<&WeightGradient<'_>>, work: impl Fn(Range<usize>) + Sync) {
        let share = self.length.div_ceil(rayon::current_num_threads()).next_multiple_of(self.unit);
        let mut starts = vec![0];
        while let Some(left) = starts.last().map(|start| share - start).filter(|left| *left > 0) {
            let part = (left / 2).max(self.least).min(self.most).next_multiple_of(self.unit);
            starts.push(share - left + part.min(left));
        }
        let shares = self.length.div_ceil(share);
        let sums = beside.map_or(0, WeightGradient::tasks);
        let [besides, parts] = [sums.div_ceil(shares), starts.len() - 1];
        parallel_for(shares * (besides + parts), |nth| {
            let (of, nth) = (nth / (besides + parts), nth % (besides + parts));
            if nth < besides {
                let nth = nth * shares + of;
                if let Some(beside) = beside.filter(|_| nth < sums) {
                    beside.task(nth);
                }
                return;
            }
            let [start, end] = [0, 1].map(|next| self.length.min(of * share + starts[nth - besides + next]));
            if start < end {
                work(start..end);
            }
        });
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
        let found = pool.install(|| matmul(None, 2.0, Matrix::new(&a, m, k), b, Threads::All));
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
    fn it_is_the_sum_over_rows_and_columns_and_what_it_is_added_to() {
        for [m, k, n] in [[1, 1, 1], [3, 5, 7], [200, 9, 170], [20, 700, 333], [37, 530, 100]] {
            let (a, b, row) = (numbers(m * k), numbers(k * n), numbers(n));
            let turned = |x: &[f32], columns: usize| -> Vec<f32> {
                (0..x.len()).map(|at| x[at % (x.len() / columns) * columns + at / (x.len() / columns)]).collect()
            };
            let (a_turned, b_turned) = (turned(&a, k), turned(&b, n));
            for a_matrix in [Matrix::new(&a, m, k), Matrix::new(&a_turned, k, m).transposed()] {
                for b_matrix in [Matrix::new(&b, k, n), Matrix::new(&b_turned, n, k).transposed()] {
                    for threads in [Threads::One, Threads::All] {
                        let mut found = matmul(Some(&row), 2.0, a_matrix, b_matrix, threads);
                        let out = MatrixMut::new(&mut found, m, n);
                        gemm(out, Accumulate::Add, -0.5, a_matrix, b_matrix, threads);
                        for (at, found) in found.into_iter().enumerate() {
                            let terms = (0..k).map(|i| a[at / n * k + i] as f64 * b[i * n + at % n] as f64);
                            let expected = row[at % n] as f64 + 1.5 * terms.sum::<f64>();
                            assert!((found as f64 - expected).abs() < 1e-4, "{found} instead of {expected}");
                        }
                    }
                }
            }
        }
    }
}
